import Glibc
import Martinet
import MartinetTCP

/// Sends one file over one connection.
struct Sender {
  let source: SourceFile
  let destination: HostPort
  /// How long a connection may take to come about.
  private static let patience = Duration.seconds(30)
  /// How long the end of a transfer may stand still.
  private static let limit = Duration.seconds(10)

  func run(over plan: LinkPlan) throws(Failure) {
    try plan.use { stack, _ in
      do {
        let socket = try Socket(
          host: destination.host, port: Int(destination.port), on: stack, timeout: Sender.patience)
        try transfer(over: socket, stack)
      } catch let error as SocketError {
        throw Failure("\(source.name) was not sent: \(error)\(error.advice)")
      }
    }
  }

  private func transfer(over socket: Socket, _ stack: NetworkStack) throws {
    let watch = Stopwatch()
    var bar = ProgressBar(source.name, total: source.size)
    defer { bar.clear() }
    let count = try copy(to: socket) { written in
      let done = written - Sender.unacknowledged(socket)
      bar.show(done, remark: watch.rate(of: done))
    }
    try socket.shutdownOutput()
    try waitForAcknowledgement(of: count, socket, stack) { done in
      bar.show(done, remark: watch.rate(of: done))
    }
    try waitForReceipt(socket)
    socket.close()
    let isQuiet = try stack.shutdown(within: Sender.limit)
    bar.clear()
    guard isQuiet else { throw Failure("\(source.name): the end of the stream was not acknowledged") }
    Terminal.write("sent \(source.name) to \(destination.host) port \(destination.port): \(watch.words(for: count))\n")
  }

  /// Writes the whole file. Returns how many octets it had.
  private func copy(to socket: Socket, _ progress: (Int) -> Void) throws -> Int {
    let output = try socket.outputStream
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    defer { buffer.deallocate() }
    var written = 0
    while true {
      let count = try source.read(into: buffer)
      if count == 0 { return written }
      try output.write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
      written += count
      progress(written)
    }
  }

  private static func unacknowledged(_ socket: Socket) -> Int {
    guard let status = socket.status else { return 0 }
    return status.unsentBytes + status.bytesInFlight
  }

  /// Waits until the peer has acknowledged everything, as long as it goes on acknowledging.
  private func waitForAcknowledgement(
    of count: Int, _ socket: Socket, _ stack: NetworkStack, _ progress: (Int) -> Void
  ) throws {
    var last = Int.max
    var still = Duration.zero
    let pause = Duration.milliseconds(5)
    while true {
      let missing = Sender.unacknowledged(socket)
      if missing == 0 { return }
      progress(count - missing)
      still = missing < last ? .zero : still + pause
      last = missing
      guard still < Sender.limit else {
        throw Failure("\(source.name): the last \(Figures.octets(missing)) were not acknowledged for \(Sender.limit)")
      }
      try stack.sleep(for: pause)
    }
  }

  /// The peer closes its side when it has dealt with everything. One that does not close leaves what is known already: every
  /// octet was acknowledged.
  private func waitForReceipt(_ socket: Socket) throws {
    try socket.setReadTimeout(Sender.limit)
    do throws(SocketError) {
      let input = try socket.inputStream
      while try input.read(upTo: 4096) != nil {}
    } catch {
      if case .timedOut = error.reason { return }
      throw error
    }
  }
}
