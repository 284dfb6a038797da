import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// What has become of a query.
enum QueryProgress {
  case pending
  case response(DNSMessage)
  /// The server can't be asked, or gave no answer in time, or nonsense.
  case failed
}

/// One query to one server over UDP.
///
/// It has a port and an identifier of its own, both unpredictable, and hears that server alone: whoever wants to forge a response must guess both
/// (RFC 5452 sections 4 and 9).
struct DatagramQuery {
  private let core: StackCore
  private let question: DNSQuestion
  private let identifier: UInt16
  private let handle: DatagramHandle
  let deadline: Instant
  private var waiter: Waiter?

  /// The most octets of a response that are looked at: more than a server sends that was not told to.
  private static let room = 4096
  /// How often a random port is tried before the stack is left to choose.
  private static let portAttempts = 16

  /// Sends the query; nil if that can't be done.
  init?(_ question: DNSQuestion, to server: Endpoint, on stack: NetworkStack, until deadline: Instant) {
    core = stack.core
    self.question = question
    self.deadline = deadline
    identifier = UInt16(truncatingIfNeeded: core.randomWord())
    guard let query = try? DNSMessage(asking: question, identifier: identifier).encoded(),
      let handle = DatagramQuery.open(like: server.address, on: stack)
    else { return nil }
    self.handle = handle
    do throws(HostError) {
      _ = try core.connect(handle, to: server)
      try query.span.bytes.withUnsafeBytes { bytes throws(HostError) in try core.send(bytes, to: nil, from: handle) }
    } catch {
      core.close(handle)
      return nil
    }
  }

  /// An endpoint with a random port.
  private static func open(like address: IPAddress, on stack: NetworkStack) -> DatagramHandle? {
    let ports = stack.configuration.ephemeralPorts
    let count = UInt64(ports.upperBound) - UInt64(ports.lowerBound) + 1
    for attempt in 0...portAttempts {
      let number = UInt64(ports.lowerBound) + stack.core.randomWord() % count
      let port = attempt < portAttempts ? UInt16(number) : 0
      let local = Endpoint(address.anyOfFamily, port)
      if let opened = try? stack.core.openDatagram(on: .endpoint(local), options: nil) { return opened.handle }
    }
    return nil
  }

  /// Looks for the response. What is none of it is ignored: somebody guesses, or an earlier query's response is late.
  mutating func poll(at now: Instant, notify: @escaping @Sendable () -> Void) -> QueryProgress {
    forgetWaiter()
    return withUnsafeTemporaryAllocation(byteCount: DatagramQuery.room, alignment: 1) { room in
      while true {
        let waiter = CallbackWaiter(notify)
        guard
          let arrival = try? core.receive(into: room, from: handle, takesErrors: true, otherwise: waiter)
        else { return .failed }
        switch arrival {
        case .error: return .failed
        case .nothing:
          self.waiter = waiter
          return now < deadline ? .pending : .failed
        case .datagram(let received):
          guard received.count == received.length,
            let message = try? DNSMessage.parse([UInt8](room.prefix(received.count))),
            message.answers(question, identifier: identifier)
          else { continue }
          return .response(message)
        }
      }
    }
  }

  private mutating func forgetWaiter() {
    if let waiter { _ = core.cancel(waiter, on: handle) }
    waiter = nil
  }

  mutating func close() {
    forgetWaiter()
    core.close(handle)
  }
}
