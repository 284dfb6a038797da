import MartinetWire

// The sender's side of flow control: window, congestion window, Nagle and the silly window (RFC 9293 sections 3.7.4 and 3.8.6.2.1).

extension Connection {
  /// U: SND.UNA + SND.WND - SND.NXT; negative when the peer took window back (section 3.8.6, MUST-34).
  var usableWindow: Int {
    snd.wnd - snd.outstanding.count
  }

  /// The sequence number of a segment that takes none: SND.NXT, or the right edge of the window where an octet that probes it, or text that left before it shrank,
  /// lies beyond.
  ///
  /// Beyond a closed window nothing is acceptable (section 3.10.7.4). A peer that holds to that does not read what such a segment acknowledges; where both
  /// windows are closed, neither side would learn anything any more (appendix A.2).
  var acceptableSequence: SequenceNumber {
    guard usableWindow < 0, phase.isSynchronized else { return snd.nxt }
    // A FIN goes one number beyond a window that may have opened meanwhile.
    if usableWindow == -1 && snd.wnd > 0 && flags.contains(.finSent) { return snd.nxt }
    return snd.una + snd.wnd
  }

  /// What the congestion window leaves; limited transmit lends one segment for each of the first two duplicates (RFC 3042),
  /// where SACK does not shrink the flight by itself.
  @inline(__always)
  private var congestionRoom: Int {
    var room = congestion.window - scoreboard.inFlight
    if flags.contains(.limitedTransmit) && !negotiated.sack {
      room += min(recovery.duplicates, 2) * segmentSize
    }
    // F-RTO lets two new segments leave to find out (RFC 5682 section 2.1, step 2).
    if recovery.doubt == .answered { room = max(room, recovery.freshAllowance) }
    return room
  }

  /// How many of the `unsent` octets leave in the next segment or train; 0 if it is better to wait.
  @inline(always)
  mutating func sendableOctets(
    _ unsent: Int, optionLength: Int, maximumTrain: Int, _ environment: inout Environment, at now: Instant
  ) -> Int {
    guard !timers.isSet(.congestionHold) else { return 0 }
    let full = payloadLimit(optionLength: optionLength)
    // In a quiet conversation nothing is outstanding, and what waits fits into one segment and the window: nothing that follows would hold it back.
    if snd.una == snd.nxt && unsent < full && unsent <= snd.wnd { return unsent }
    let records = environment.configuration.maximumRecords
    guard scoreboard.recordCount < records, scoreboard.transmissionCount < 2 * records else { return 0 }
    // The segments of a train have one urgent pointer, which is right for the first only.
    let train = snd.up == nil && maximumTrain > full ? maximumTrain / full * full : full
    let usable = usableWindow
    let room = min(congestionRoom, burstRoom(environment.configuration))
    // Not of three at once, which takes an array.
    let offered = min(unsent, min(usable, train))
    if offered >= full {
      // Full segments only, as many as the congestion window takes.
      let segments = min(offered, room) / full
      if segments > 0 { return segments * full }
      return scoreboard.inFlight == 0 ? full : 0
    }
    guard offered > 0, offered <= room || scoreboard.inFlight == 0 else { return 0 }
    if flags.contains(.overrideDue) || smallSegmentMayLeave(unsent, usable) { return offered }
    if unsent > usable && !timers.isSet(.sillyWindowOverride) {
      timers[.sillyWindowOverride] = now + environment.configuration.sillyWindowOverride
    }
    return 0
  }

  /// Whether less than a full segment may leave: D and U are what waits and what the window takes.
  @inline(__always)
  private func smallSegmentMayLeave(_ unsent: Int, _ usable: Int) -> Bool {
    // Nagle: one small segment outstanding at most, unless this is the last of all (RFC 9293 section 3.7.4).
    // A SYN that is outstanding is no data that a small segment could join.
    let hasDataOutstanding = snd.una != snd.nxt && snd.nxt != queueStart
    let nagleAllows = options.noDelay || !hasDataOutstanding || flags.contains(.finQueued)
    guard nagleAllows else { return false }
    // Everything written is pushed, so what fits goes.
    if unsent <= usable { return true }
    // Fs = 1/2 of the largest window that the peer ever offered.
    return usable * 2 >= snd.maximumWindow
  }
}
