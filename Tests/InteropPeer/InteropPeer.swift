import ArgumentParser
import Crypto
import Foundation
import Martinet

/// One TCP connection of a stack of ours, told what to do by the kernel-interop tests; it reports as the kernel's peer there does, as JSON.
@main
struct InteropPeer: ParsableCommand {
  enum Role: String, ExpressibleByArgument { case connect, listen }
  enum End: String, ExpressibleByArgument {
    /// Ends the output, then reads to the end.
    case halfClose = "half-close"
    /// Closes at once.
    case close
    /// Resets at once.
    case reset
    /// Reads to the end, then ends the output.
    case wait
    /// Reads to the end, then sends, then ends the output.
    case answer
  }

  @Argument var role: Role
  @Argument var address: String
  @Argument var port: Int
  @Option(name: .customLong("link")) var linkText: String
  @Option(name: .customLong("address")) var addressTexts: [String]
  @Option var capture: String?
  @Option var send: String?
  @Option var localPort: UInt16?
  @Option var receiveBuffer: Int?
  @Option var pause = 0.0
  @Option var piece = 1 << 16
  @Option var nap = 0.0
  @Option var end = End.halfClose
  /// Seconds before the end begins.
  @Option var delay = 0.0
  @Option var stay = 0.0
  /// Seconds from the beginning in which nothing that arrives is read.
  @Option var deaf = 0.0
  /// Seconds before the connection is opened.
  @Option var openAfter = 0.0
  /// Seconds after the connection is established in which nothing that arrives is read.
  @Option var hold = 0.0

  struct Report: Encodable {
    var received = 0
    var sha256 = ""
    var sent = 0
    var error: String?
    var seconds = 0.0
    var state: String?
  }

  func run() throws {
    let specification = try LinkSpecification(parsing: linkText)
    var link = try specification.open()
    if let capture { link = try CapturedLink(link, path: capture) }
    let holding = HoldingLink(link)
    let addresses = addressTexts.compactMap { IPPrefix(parsing: $0) }
    let stack = try NetworkStack([LinkAttachment(holding, addresses: addresses)])
    if deaf > 0 { holding.hold(seconds: deaf) }
    say("ready")
    Thread.sleep(forTimeInterval: openAfter)
    var report = Report()
    let begin = Date()
    do {
      try converse(on: stack, holding, &report)
    } catch let error as SocketError {
      if case .reset = error.reason { report.error = "reset" } else { report.error = "\(error)" }
    }
    if try !stack.shutdown(within: .seconds(10)) && report.error == nil { report.error = "unacknowledged" }
    link.close()
    report.seconds = Date().timeIntervalSince(begin)
    say(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
  }

  private func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  private func converse(on stack: NetworkStack, _ link: HoldingLink, _ report: inout Report) throws {
    let socket = try establish(on: stack)
    if hold > 0 { link.hold(seconds: hold) }
    var digest = SHA256()
    defer { report.sha256 = digest.finalize().map { String(format: "%02x", $0) }.joined() }
    if end == .answer { try receive(socket, &digest, &report) }
    if let send {
      let file = try FileHandle(forReadingFrom: URL(filePath: send))
      while let octets = try file.read(upToCount: 1 << 16), !octets.isEmpty {
        try socket.outputStream.write(octets)
        report.sent += octets.count
      }
    }
    Thread.sleep(forTimeInterval: delay)
    switch end {
    case .halfClose:
      try socket.shutdownOutput()
      try receive(socket, &digest, &report)
    case .wait:
      try receive(socket, &digest, &report)
      try socket.shutdownOutput()
    case .answer: try socket.shutdownOutput()
    case .reset: socket.abort()
    case .close: break
    }
    Thread.sleep(forTimeInterval: stay)
    report.state = socket.status.map { "\($0.phase)" }
    socket.close()
  }

  private func establish(on stack: NetworkStack) throws -> Socket {
    var options = SocketOptions()
    if let receiveBuffer { options.receiveBufferSize = receiveBuffer }
    if role == .connect {
      let socket = try Socket(on: stack, options: options)
      if let localPort { try socket.bind(to: Endpoint(.v4(.any), localPort)) }
      guard let remote = IPAddress(parsing: address), let port = UInt16(exactly: port) else {
        throw ValidationError("\(address) port \(port) is no endpoint")
      }
      try socket.connect(to: Endpoint(remote, port), timeout: .seconds(60))
      return socket
    }
    let server = try ServerSocket(port: port, address: IPAddress(parsing: address), on: stack, options: options)
    try server.setAcceptTimeout(.seconds(60))
    say("listening")
    let socket = try server.accept()
    server.close()
    return socket
  }

  private func receive(_ socket: Socket, _ digest: inout SHA256, _ report: inout Report) throws {
    Thread.sleep(forTimeInterval: pause)
    while let octets = try socket.inputStream.read(upTo: piece) {
      digest.update(data: octets)
      report.received += octets.count
      if nap > 0 { Thread.sleep(forTimeInterval: nap) }
    }
  }
}
