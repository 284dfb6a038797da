import MartinetWire

/// Where F-RTO stands (RFC 5682).
enum TimeoutDoubt: UInt8 {
  /// There is no doubt.
  case none
  /// The first segment was sent again (section 2.1, step 1).
  case repeated
  /// The acknowledgement of that one let new segments leave instead of old ones (step 2).
  case answered
}

// Whether a timeout was one: F-RTO, basic and with SACK (RFC 5682 sections 2.1 and 3.1).

extension Connection {
  /// Whether the timeout that is about to be answered may be doubted: not in the midst of another recovery, unless that began with a timeout that was
  /// doubted as well.
  func timeoutIsDoubtful(hasReneged: Bool) -> Bool {
    if hasReneged { return false }
    switch recovery.mode {
    case .open: return true
    case .fast: return !negotiated.sack
    case .timeout: return recovery.doubt != .none
    }
  }

  /// An acknowledgement after the timeout: `advances` over `octets`, or is a duplicate.
  ///
  /// Unlike RFC 5682 an echo of the repetition ends the doubt at once: it was the repetition that closed the gap.
  mutating func settleDoubt(
    _ header: TCPHeader, duplicate: SequenceRange?, advances: Bool, octets: Int, _ environment: inout Environment,
    at now: Instant
  ) {
    let isTold = advances ? answersOriginal(header, duplicate: duplicate) : nil
    switch recovery.doubt {
    case .none: return
    case .repeated:
      // With SACK, reports of what had left before do not end the doubt.
      if !advances && rack.originals > 0 { return }
      let room = min(unsentBytes, usableWindow)
      if advances && isTold == nil && snd.una.isBefore(recovery.recover) && room >= min(segmentSize, unsentBytes)
        && room > 0
      {
        recovery.doubt = .answered
        recovery.freshAllowance = 2 * segmentSize
      } else {
        believeTimeout(at: now)
      }
    case .answered:
      if rack.originals > 0 && (rack.fresh == 0 || snd.una.isAtOrAfter(recovery.recover)) {
        undoResponse(acknowledged: octets, &environment, at: now)
      } else {
        // The new segments are on their way, and one that is lost follows (step 3a).
        congestion.on(.proportionalRate(window: 3 * segmentSize))
        believeTimeout(at: now)
      }
    }
  }

  /// The timeout was one: what left before it is lost.
  private mutating func believeTimeout(at now: Instant) {
    recovery.doubt = .none
    loseOnTimeout(at: now)
  }
}
