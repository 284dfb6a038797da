import MartinetWire

// What the network says of the path (RFC 9293 section 3.9.2.2, RFC 5927).

extension Connection {
  /// Takes an ICMP error that quotes a segment of this connection; returns whether the quote is plausible, that is, whether a
  /// "too big" among them may lower the path MTU.
  ///
  /// Unlike RFC 9293 SHLD-26 a hard error ends only a connection that is not synchronized (RFC 5927 section 5.2).
  public mutating func networkReported(
    _ cause: UnreachableCause, quoting sequence: SequenceNumber, in environment: inout Environment, at now: Instant
  ) -> Bool {
    // RFC 5927 section 4.1: only what quotes something in flight.
    guard endReason == nil, phase != .closed, phase != .listen, snd.outstanding.contains(sequence) else {
      return false
    }
    if cause.isSourceQuench { return false }
    if cause.isTooBig { return true }
    if cause.isHard && !phase.isSynchronized {
      end(.unreachable(cause), on: .gaveUp, in: &environment, at: now)
      return true
    }
    softError = cause
    trace(.softError(cause), in: &environment, at: now)
    warn(.unreachable, in: &environment, at: now)
    return true
  }

  /// The path takes packets of at most `mtu` octets. What is outstanding and was larger is sent again in smaller segments, which is no
  /// sign of congestion (RFC 1191 section 6.4, RFC 8201 section 5.4).
  public mutating func pathChanged(mtu: Int, in environment: inout Environment, at now: Instant) {
    let before = segmentSize
    pathMTU = min(mtu, linkMTU)
    settleSegmentSize()
    trace(.pathMTU(pathMTU), in: &environment, at: now)
    let after = segmentSize
    guard after != before, flags.contains(.synAcknowledged) else { return }
    congestion.on(.segmentSizeChanged(from: before, to: after))
    guard after < before else { return }
    scoreboard.lose(largerThan: after)
    if scoreboard.front?.state == .lost && recovery.front == nil { recovery.front = .packetTooBig }
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
