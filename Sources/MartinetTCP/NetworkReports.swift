import MartinetWire

// What the network says of the path (RFC 9293 section 3.9.2.2, RFC 5927).

extension Connection {
  /// Takes an ICMP error that quotes a segment of this connection; returns whether the quote is plausible, that is, whether a
  /// "too big" among them, which makes `claim`, may lower the path MTU at once.
  ///
  /// Unlike RFC 9293 SHLD-26 a hard error ends only a connection that is not synchronized (RFC 5927 section 5.2).
  public mutating func networkReported(
    _ cause: UnreachableCause, quoting sequence: SequenceNumber, claim: PathLesson? = nil,
    in environment: inout Environment, at now: Instant
  ) -> Bool {
    // RFC 5927 section 4.1: only what quotes something in flight.
    guard endReason == nil, phase != .closed, phase != .listen, snd.outstanding.contains(sequence) else {
      return false
    }
    if cause.isSourceQuench { return false }
    if cause.isTooBig {
      if options.pathMTUDiscovery == .off { return false }
      return claim.map { !defers($0, quoting: sequence) } ?? true
    }
    if cause.isHard && !phase.isSynchronized {
      end(.unreachable(cause), on: .gaveUp, in: &environment, at: now)
      return true
    }
    softError = cause
    trace(.softError(cause), in: &environment, at: now)
    warn(.unreachable, in: &environment, at: now)
    return true
  }
}

extension UnreachableCause {
  /// "Fragmentation needed" or "packet too big".
  public var isTooBig: Bool {
    isIPv6 ? type == 2 : type == 3 && code == 4
  }

  /// Source quench, which is not to be heeded (RFC 9293 section 3.9.2.2, RFC 6633).
  public var isSourceQuench: Bool { !isIPv6 && type == 4 }

  /// Protocol or port unreachable, and their like in ICMPv6 (RFC 9293 section 3.9.2.2, RFC 5927 section 5.2).
  public var isHard: Bool {
    isIPv6 ? type == 1 && (code == 1 || code == 4) : type == 3 && (code == 2 || code == 3)
  }
}
