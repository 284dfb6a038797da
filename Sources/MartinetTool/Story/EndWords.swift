import MartinetTCP

extension EndReason {
  /// Why a connection ended, as the middle of a sentence.
  package var words: String {
    switch self {
    case .closed: "closed by both sides"
    case .refused: "connection refused"
    case .reset(let phase): "reset by the peer in \(phase.words)"
    case .connectTimedOut(let evidence): "connection timed out: " + evidence.words("SYN")
    case .retransmissionTimedOut(let evidence): "given up: " + evidence.words("retransmission")
    case .userTimedOut(let evidence): "user timeout: " + evidence.words("retransmission")
    case .keepAliveTimedOut(let evidence): "the peer is gone: " + evidence.words("keep-alive probe")
    case .unreachable(let cause): "unreachable: " + cause.words
    case .aborted: "aborted"
    }
  }
}

extension SilenceEvidence {
  func words(_ attempt: String) -> String {
    var text = "no answer for \(Figures.span(silence)), \(Figures.counted(attempts, attempt)) sent"
    if let softError { text += ", the network says: \(softError.words)" }
    return text
  }
}

extension UnreachableCause {
  /// What the ICMP error says (RFC 792, RFC 4443).
  package var words: String {
    switch (isIPv6, type, code) {
    case (false, 3, 0): "network unreachable"
    case (false, 3, 1): "host unreachable"
    case (false, 3, 2): "protocol unreachable"
    case (false, 3, 3): "port unreachable"
    case (false, 3, 4), (true, 2, _): "packet too big"
    case (false, 3, 9), (false, 3, 10), (false, 3, 13), (true, 1, 1): "forbidden by a filter"
    case (false, 11, _), (true, 3, _): "time exceeded"
    case (false, 12, _), (true, 4, _): "parameter problem"
    case (true, 1, 0): "no route to the destination"
    case (true, 1, 3): "address unreachable"
    case (true, 1, 4): "port unreachable"
    default: "ICMP\(isIPv6 ? "v6" : "") type \(type) code \(code)"
    }
  }
}
