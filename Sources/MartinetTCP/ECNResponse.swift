import MartinetWire

// The sender's side of explicit congestion notification: what the peer says of marks, and what is done about it (RFC 3168 section 6.1.2, RFC
// 9768 sections 3.2.2 and 3.2.3).

extension Connection {
  /// Reads what an acknowledgement says of marks, and responds. `news` are octets that its SACK option brought news of.
  mutating func takeNotification(
    _ segment: borrowing ArrivingSegment, news: Int, _ environment: inout Environment
  ) {
    guard ecn.mode != .none else { return }
    ecn.isNotified = false
    ecn.notifiedOctets = 0
    let header = segment.header
    guard !header.acknowledgement.isBefore(snd.una) else { return }
    if ecn.isReduced && header.acknowledgement.isAfter(ecn.reducedUpTo) { ecn.isReduced = false }
    let advance =
      snd.outstanding.containsOrEnds(at: header.acknowledgement)
      ? header.acknowledgement.distance(from: snd.una) : 0
    guard !segment.hadSYN else { return }
    // What SACK reported before is not delivered once more.
    let delivered = max(min(advance, segmentSize), advance - (scoreboard.sackedOctets - news)) + news
    switch ecn.mode {
    case .none: return
    case .classic:
      guard header.flags.contains(.ece) else { return }
      statistics.marksReported += 1
      ecn.isNotified = true
      ecn.notifiedOctets = UInt32(clamping: advance)
    case .accurate:
      let marks = takeCounters(segment, advances: advance > 0, news: news, delivered: delivered)
      guard marks.packets > 0, ecn.heeds else {
        if advance > 0 { pauseBelowOneSegment(at: segment.now, environment.configuration) }
        return
      }
      statistics.marksReported += UInt64(marks.packets)
      ecn.isNotified = true
      ecn.notifiedOctets = UInt32(clamping: marks.octets)
    }
    if ecn.isNotified { respondToNotification(&environment, at: segment.now) }
  }

  // MARK: Accurate feedback

  /// The marks that the counters in a segment tell of, in packets and octets.
  private mutating func takeCounters(
    _ segment: borrowing ArrivingSegment, advances: Bool, news: Int, delivered: Int
  ) -> (packets: Int, octets: Int) {
    let header = segment.header
    let isPure = segment.payload.count == 0 && !header.options.has(.sack)
    if ecn.awaitsHandshakeCode {
      ecn.awaitsHandshakeCode = false
      noteOptions(of: header)
      if isPure { return takeHandshakeCode(header.flags.notificationCode) }
    }
    guard isNews(header, advances: advances, news: news) else { return (0, 0) }
    if !ecn.sawCounter {
      ecn.sawCounter = true
      if header.flags.notificationCode == 0 {
        // No counter begins with zero: something on the way clears the bits (RFC 9768 section 3.2.2.4).
        ecn.mayMark = false
        ecn.heeds = false
      }
    }
    noteOptions(of: header)
    let size = max(segmentSize, 1)
    var packets = Int((header.flags.notificationCode &- ecn.reported.code) & 7)
    var octets = min(packets * size, delivered)
    if header.options.has(.accurateECN) && !ecn.ignoresOptions {
      octets = followOption(header.options.accurateECN)
      packets = reconcile(packets, with: octets, acknowledged: (delivered + size - 1) / size)
    } else if !ecn.seesOptions || ecn.ignoresOptions {
      // The counter may have gone round: the most that there can be (RFC 9768 section 3.2.2.5.2).
      let acknowledged = (delivered + size - 1) / size
      if acknowledged > packets { packets = acknowledged - ((acknowledged - packets) & 7) }
      octets = min(packets * size, delivered)
    }
    ecn.reported.packets &+= UInt32(packets)
    return (packets, octets)
  }

  /// What our SYN,ACK came with (RFC 9768 table 4).
  private mutating func takeHandshakeCode(_ code: UInt8) -> (packets: Int, octets: Int) {
    if code == 0 {
      // The peer does not speak the accurate form, or something clears the bits (note 1).
      ecn.mayMark = false
      ecn.heeds = false
      return (0, 0)
    }
    guard let seen = ECNCodepoint(handshakeCode: code) else { return (0, 0) }
    judgeHandshake(seen)
    guard seen == .congestionExperienced else { return (0, 0) }
    ecn.reported.packets = MarkCounters.initialPackets + 1
    return (1, 0)
  }

  /// Whether an acknowledgement is no older than the one whose counters were last read (RFC 9768 appendix A.1). Of two with the same number the
  /// timestamps tell, or what else is new.
  private mutating func isNews(_ header: TCPHeader, advances: Bool, news: Int) -> Bool {
    let value = negotiated.timestamps && header.options.has(.timestamps) ? header.options.timestamps.value : nil
    var isLater = true
    if let value, let last = ecn.reportedAt { isLater = Int32(bitPattern: value &- last) > 0 }
    guard advances || news > 0 || isLater else { return false }
    if let value, isLater { ecn.reportedAt = value }
    return true
  }

  /// Takes note of whether options arrive, and whether their counters began with zero (RFC 9768 sections 3.2.3.2.3 and 3.2.3.2.4).
  mutating func noteOptions(of header: TCPHeader) {
    guard header.options.has(.accurateECN), !ecn.seesOptions else { return }
    ecn.seesOptions = true
    let counters = header.options.accurateECN
    if counters.ect0Bytes == 0 || counters.ect1Bytes == 0 { ecn.ignoresOptions = true }
  }

  /// Follows the counters of an option; the octets that were marked.
  private mutating func followOption(_ option: AccurateECNCounters) -> Int {
    _ = MarkCounters.follow(&ecn.reported.ect0, to: option.ect0Bytes)
    _ = MarkCounters.follow(&ecn.reported.ect1, to: option.ect1Bytes)
    return MarkCounters.follow(&ecn.reported.marked, to: option.ceBytes)
  }

  /// The packets that were marked, when `octets` of payload were: as many more turns of the counter as they need (RFC 9768 section 3.2.3.2.5).
  private mutating func reconcile(_ packets: Int, with octets: Int, acknowledged: Int) -> Int {
    guard octets > packets * segmentSize else { return packets }
    let turn = 8 * segmentSize
    let turns = (octets - packets * segmentSize + turn - 1) / turn
    if packets == 0 && acknowledged < 8 {
      // Marked octets in no marked packet: the feedback is mangled.
      ecn.mayMark = false
      return 0
    }
    return acknowledged >= packets + 8 * turns ? packets + 8 * turns : packets
  }

  // MARK: The response

  /// Reduces the window as for a loss, once for each window of data (RFC 3168 section 6.1.2).
  mutating func respondToNotification(_ environment: inout Environment, at now: Instant) {
    guard heedsMarks else { return }
    // What is marked is congestion, whatever becomes of the loss that was doubted.
    undo.isPossible = false
    // The window can't be less than a segment.
    let isLeast = congestion.window <= segmentSize
    reduceOnce(&environment, at: now)
    if isLeast { slowBelowOneSegment(at: now, environment.configuration) }
  }

  private mutating func reduceOnce(_ environment: inout Environment, at now: Instant) {
    guard !ecn.isReduced else { return }
    let flightSize = min(snd.outstanding.count, max(congestion.window, segmentSize))
    congestion.on(
      .explicitNotification(
        flightSize: flightSize, segmentSize: segmentSize,
        usesAlternativeBackoff: environment.configuration.alternativeBackoff))
    statistics.congestionNotifications += 1
    noteReduction()
    traceCongestion(.explicitNotification, in: &environment, at: now)
  }

  /// Marks come with a window of one segment: the rate has to fall further (RFC 3168 section 6.1.2, RFC 9438 section 4.6).
  ///
  /// Unlike in RFC 3168, whose demand RFC 9768 leaves in force, CUBIC with accurate feedback lets its own arithmetic say by how much: it waits for the timer
  /// only where that would be longer. The least timeout is hundreds of round trips at a switch that marks, and whoever waits for it has nothing beside others.
  private mutating func slowBelowOneSegment(at now: Instant, _ configuration: Configuration) {
    if ecn.mode == .accurate && congestion.pauseBelowOneSegment(roundTrip: roundTrip.smoothed) != nil {
      return pauseBelowOneSegment(at: now, configuration)
    }
    let timeout = now + roundTrip.timeout(configuration)
    timers[.congestionHold] = timeout
    if timers.isSet(.retransmission) { timers[.retransmission] = timeout }
  }

  /// The next segment waits as congestion control wants it, one timeout at most.
  private mutating func pauseBelowOneSegment(at now: Instant, _ configuration: Configuration) {
    guard let pause = congestion.pauseBelowOneSegment(roundTrip: roundTrip.smoothed), pause > .zero else { return }
    timers[.congestionHold] = now + min(pause, roundTrip.timeout(configuration))
  }

  /// The window was reduced, for whatever reason: the peer is told, and what was outstanding is no reason to reduce it again.
  mutating func noteReduction() {
    guard ecn.mode != .none else { return }
    ecn.reductionDue = ecn.mode == .classic
    ecn.isReduced = true
    ecn.reducedUpTo = snd.nxt
  }

  /// Whether the loss that is to be answered is part of a window that a mark has already reduced (RFC 3168 section 6.1.2). DCTCP answers losses by
  /// themselves (RFC 8257 section 3.5).
  var lossIsAnsweredByMark: Bool {
    ecn.isReduced && recovery.mode == .open && heedsMarks && congestion.algorithm != .dctcp
      && snd.una.isBefore(ecn.reducedUpTo)
  }
}
