import MartinetTCP
import MartinetWire

extension SocketError: CustomStringConvertible {
  /// One line: what was tried, with whom, and why it failed.
  public var description: String {
    let subject = endpoint.map { "\(operation.rawValue) \($0)" } ?? operation.rawValue
    return "\(subject): \(reason)"
  }
}

extension SocketError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidArgument(let text): text
    case .unsupported(let what): "\(what) is not supported"
    case .closed: "the socket is closed"
    case .interrupted: "closed by interrupt"
    case .notConnected: "the socket is not connected"
    case .alreadyConnected: "the socket is already connected"
    case .connectionInProgress: "another thread is connecting the socket"
    case .alreadyBound: "the socket is already bound"
    case .notBound: "the socket is not bound yet"
    case .inputIsShutDown: "the input of the socket is shut down"
    case .outputIsShutDown: "the output of the socket is shut down"
    case .addressInUse: "the address and port are in use"
    case .addressNotAvailable: "the address is none of this host's"
    case .noPorts: "every ephemeral port is taken"
    case .noRoute: "no route leads there"
    case .limitReached: "a limit of the host is reached"
    case .noBufferSpace: "no buffer space is available"
    case .noMemory: "the host's memory for packets is exhausted"
    case .stackStopped: "the network stack was shut down"
    case .unknownHost(let name): "no address is known for \"\(name)\""
    case .resolutionFailed(let name, let failure): "the address of \"\(name)\" could not be found: \(failure)"
    case .refused: "connection refused"
    case .unreachable(let cause): "unreachable (\(cause.text))"
    case .timedOut(let limit): "timed out after \(limit)"
    case .reset(let phase): "the peer reset the connection in \(phase.name)"
    case .ended(let reason): reason.text
    case .heartbeatLost(let evidence): evidence.description
    case .unregisteredThread: "this thread is not registered with the simulation"
    case .alreadyRegistered: "this thread is registered with a simulation already"
    case .deadlock: "every thread of the simulation waits and nothing is left to happen"
    case .noThread: "the system has no thread left"
    }
  }
}

extension EndReason {
  /// The reason in words, with its evidence.
  var text: String {
    switch self {
    case .closed: "both sides have closed the connection"
    case .refused: "connection refused"
    case .reset(let phase): "the peer reset the connection in \(phase.name)"
    case .connectTimedOut(let evidence): "no answer to the SYN\(evidence.text)"
    case .retransmissionTimedOut(let evidence): "no acknowledgement of \(evidence.missing)\(evidence.text)"
    case .userTimedOut(let evidence):
      "the user timeout is over: no acknowledgement of \(evidence.missing)\(evidence.text)"
    case .keepAliveTimedOut(let evidence): evidence.probesText
    case .unreachable(let cause): "unreachable (\(cause.text))"
    case .aborted: "this side aborted the connection"
    }
  }
}

extension SilenceEvidence {
  /// Keep-alive probes that nobody answered.
  var probesText: String {
    "\(attempts) keep-alive probes unanswered, silence for \(silence.text)\(timestampsText)"
  }

  var text: String {
    let soft = softError.map { ", the network reported: \($0.text)" } ?? ""
    return " for \(silence.text), \(attempts) retransmissions\(soft)\(timestampsText)"
  }

  /// That something on the way takes an option out of what the peer sends.
  private var timestampsText: String {
    guard withoutTimestamps > 0 else { return "" }
    return
      ", \(withoutTimestamps) segments of the peer were dropped, since they came without the timestamps that both had agreed on"
  }

  /// What nobody acknowledged, by its position in the stream, from the first octet to the last.
  var missing: String {
    guard let last = octets.last else { return "the end of the stream" }
    return octets.count > 1 ? "octets \(octets.lowerBound)...\(last)" : "octet \(last)"
  }
}

extension SequenceRange {
  /// The first number and the one behind the last.
  var text: String { "\(lower.rawValue)..<\(upper.rawValue)" }
}

extension Interval {
  /// In seconds, to the millisecond.
  var text: String {
    let fraction = String(1000 + milliseconds % 1000).dropFirst()
    return "\(milliseconds / 1000).\(fraction) s"
  }
}

extension UnreachableCause {
  /// The message by the names of RFC 792 and RFC 4443.
  var text: String {
    let name =
      switch (isIPv6, type, code) {
      case (false, 3, 0): "network unreachable"
      case (false, 3, 1): "host unreachable"
      case (false, 3, 2): "protocol unreachable"
      case (false, 3, 3), (true, 1, 4): "port unreachable"
      case (false, 3, 9), (false, 3, 10), (false, 3, 13), (true, 1, 1): "administratively prohibited"
      case (true, 1, 0): "no route to destination"
      case (true, 1, 3): "address unreachable"
      case (false, 11, _), (true, 3, _): "time exceeded"
      case (false, 12, _), (true, 4, _): "parameter problem"
      default: "error"
      }
    return "\(name), ICMP\(isIPv6 ? "v6" : "") type \(type) code \(code)"
  }
}
