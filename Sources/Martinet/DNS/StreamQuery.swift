import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// One query to one server over TCP, for responses that a datagram does not hold (RFC 7766 section 5). Each message has its length before it (RFC 1035
/// section 4.2.2).
struct StreamQuery {
  private let core: StackCore
  private let question: DNSQuestion
  private let identifier: UInt16
  private let handle: ConnectionHandle
  let deadline: Instant
  private var registered: (waiter: Waiter, side: Side)?
  private var isConnected = false
  private var unsent: [UInt8]
  private var received: [UInt8] = []

  /// The octets that are read at once.
  private static let room = 4096

  /// Begins to connect; nil if that can't be done.
  init?(_ question: DNSQuestion, to server: Endpoint, on stack: NetworkStack, until deadline: Instant) {
    core = stack.core
    self.question = question
    self.deadline = deadline
    identifier = UInt16(truncatingIfNeeded: core.randomWord())
    guard let query = try? DNSMessage(asking: question, identifier: identifier).encoded(),
      let handle = try? core.connect(to: server, from: nil, options: stack.connectionDefaults)
    else { return nil }
    unsent = [UInt8(query.count >> 8), UInt8(query.count & 0xFF)] + query
    self.handle = handle
  }

  /// Goes on: connects, writes, reads.
  mutating func poll(at now: Instant, notify: @escaping @Sendable () -> Void) -> QueryProgress {
    forgetWaiter()
    do throws(HostError) {
      guard try connect(notify), try write(notify) else { return now < deadline ? .pending : .failed }
      while !isComplete {
        guard let more = try read(notify) else { return now < deadline ? .pending : .failed }
        if more.isEmpty { return .failed }
        received += more
      }
    } catch {
      return .failed
    }
    guard let message = try? DNSMessage.parse(Array(received[2..<2 + length])),
      message.answers(question, identifier: identifier)
    else { return .failed }
    return .response(message)
  }

  private var length: Int { Int(received[0]) << 8 | Int(received[1]) }
  private var isComplete: Bool { received.count >= 2 && received.count >= 2 + length }

  private mutating func connect(_ notify: @escaping @Sendable () -> Void) throws(HostError) -> Bool {
    if isConnected { return true }
    let waiter = CallbackWaiter(notify)
    switch try core.connectProgress(of: handle, otherwise: waiter) {
    case .connected: isConnected = true
    case .pending: registered = (waiter, .output)
    case .failed(let reason): throw .call(.ended(reason))
    }
    return isConnected
  }

  private mutating func write(_ notify: @escaping @Sendable () -> Void) throws(HostError) -> Bool {
    while !unsent.isEmpty {
      let waiter = CallbackWaiter(notify)
      let count = try unsent.span.bytes.withUnsafeBytes { bytes throws(HostError) in
        try core.send(bytes, urgent: false, on: handle, otherwise: waiter)
      }
      unsent.removeFirst(count)
      if count == 0 {
        registered = (waiter, .output)
        return false
      }
    }
    return true
  }

  /// What has arrived; none at the end of the stream; nil: nothing yet.
  private mutating func read(_ notify: @escaping @Sendable () -> Void) throws(HostError) -> [UInt8]? {
    let waiter = CallbackWaiter(notify)
    let core = core
    let handle = handle
    let more = try withTemporaryBytes(StreamQuery.room) { room throws(HostError) -> [UInt8]? in
      switch try core.receive(into: room, from: handle, otherwise: waiter) {
      case .bytes(let count): Array(room.prefix(count))
      case .endOfStream: []
      case .nothingYet: nil
      }
    }
    if more == nil { registered = (waiter, .input) }
    return more
  }

  private mutating func forgetWaiter() {
    if let registered { _ = core.cancel(registered.waiter, of: registered.side, on: handle) }
    registered = nil
  }

  /// Ends the connection: in order after a response, else at once.
  mutating func close() {
    forgetWaiter()
    if received.count >= 2 && isComplete { core.close(handle) } else { core.abort(handle) }
  }
}
