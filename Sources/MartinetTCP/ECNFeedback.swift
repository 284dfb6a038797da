import MartinetWire

// The receiver's side of explicit congestion notification: which marks arrive, and how the peer hears of them (RFC 3168 section 6.1.3, RFC 8257
// section 3.2, RFC 9768 section 3.2).

extension Connection {
  /// Counts what an acceptable segment came with.
  mutating func takeMarks(of segment: borrowing ArrivingSegment) {
    let isMarked = segment.facts.ecn == .congestionExperienced
    guard isMarked || ecn.mode != .none else { return }
    let size = segment.facts.segmentSize
    let packets = size > 0 ? max(1, (segment.arrivedOctets + size - 1) / size) : 1
    if isMarked { statistics.marksReceived += UInt64(packets) }
    switch ecn.mode {
    case .none: break
    case .classic:
      guard segment.arrivedOctets > 0 else { break }
      if congestion.algorithm == .dctcp { followMarks(isMarked) } else { takeClassicMark(isMarked, segment) }
    case .accurate: countMark(segment, packets: packets)
    }
  }

  /// ECE from a mark until CWR; a mark on the segment with CWR begins anew (RFC 3168 section 6.1.3).
  private mutating func takeClassicMark(_ isMarked: Bool, _ segment: borrowing ArrivingSegment) {
    if segment.header.flags.contains(.cwr) { ecn.echoes = false }
    if isMarked { ecn.echoes = true }
  }

  /// ECE says whether the octets that are acknowledged were marked, so that a change first has what came before acknowledged (RFC 8257 section 3.2).
  private mutating func followMarks(_ isMarked: Bool) {
    guard isMarked != ecn.echoes else { return }
    if debt.octets > 0 { ecn.earlier = .init(acknowledgement: rcv.nxt, echoes: ecn.echoes) }
    ecn.echoes = isMarked
    owe(.congestionFeedback)
  }

  private mutating func countMark(_ segment: borrowing ArrivingSegment, packets: Int) {
    let codepoint = segment.facts.ecn
    let isMarked = codepoint == .congestionExperienced
    let hasData = segment.arrivedOctets > 0
    if isMarked {
      ecn.counted.packets &+= UInt32(packets)
      ecn.unreportedMarks = UInt8(clamping: Int(ecn.unreportedMarks) + packets)
    }
    if hasData {
      ecn.isFeedbackOnly = false
      ecn.counted.count(codepoint, octets: segment.arrivedOctets)
      ecn.option.count(codepoint)
      // Change-triggered (RFC 9768 section 3.2.2.5.1), but for every mark, and the segment behind it as well: marks may have left the sender a window of
      // one segment, which each delayed acknowledgement stops for a hundred round trips of a switch that marks.
      if isMarked {
        owe(.congestionFeedback)
        debt.quick = max(debt.quick, 2)
      }
    }
    // Increment-triggered: acknowledgements of acknowledgements are damped.
    let limit: UInt8 = hasData || debt.octets > 0 ? 2 : 3
    if ecn.unreportedMarks >= limit {
      ecn.isFeedbackOnly = limit == 3 && debt.immediate == nil
      owe(.congestionFeedback)
    }
  }

  // MARK: What leaves

  /// The bits of a segment without SYN.
  mutating func notificationFlags(_ output: Output, isPure: Bool) -> TCPFlags {
    switch ecn.mode {
    case .none: return []
    case .classic:
      var flags: TCPFlags = ecn.echoes ? .ece : []
      if ecn.reductionDue && output.isNewData && output.payload > 0 {
        flags.insert(.cwr)
        ecn.reductionDue = false
      }
      return flags
    case .accurate:
      if ecn.handshakeAcknowledgementDue && isPure {
        ecn.handshakeAcknowledgementDue = false
        return TCPFlags(notificationCode: ecn.handshakeCodepoint.handshakeCode)
      }
      return TCPFlags(notificationCode: ecn.counted.code)
    }
  }

  /// Whether congestion control makes anything of marks. The draft of BBR does not say what, so its data are not ECN-capable.
  var heedsMarks: Bool { congestion.algorithm != .bbr }

  /// The ECN field of a segment without SYN: ECT(0) on new data only. Pure acknowledgements, repetitions and probes are not ECN-capable (RFC 3168
  /// sections 6.1.4 to 6.1.6); DCTCP's RST is (RFC 8257 section 3.6).
  func codepoint(_ output: Output) -> ECNCodepoint {
    guard ecn.mode != .none, ecn.mayMark, heedsMarks else { return .notECT }
    if output.flags.contains(.rst) { return congestion.algorithm == .dctcp ? .ect0 : .notECT }
    return output.isNewData && output.payload > 0 && flags.contains(.synAcknowledged) ? .ect0 : .notECT
  }

  /// The acknowledgement of a SYN,ACK in the accurate form leaves alone and before all else (RFC 9768 section 3.2.2.1).
  mutating func pollHandshakeAcknowledgement(
    _ output: inout Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope? {
    guard ecn.handshakeAcknowledgementDue, ecn.mode == .accurate else { return nil }
    output.reason = debt.immediate ?? .handshake
    return emit(output, into: &departure, &environment)
  }

  /// Acknowledges what came before the marks changed, as it was then.
  mutating func pollEarlierState(
    _ output: inout Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope? {
    guard let earlier = ecn.earlier.take() else { return nil }
    output.reason = .congestionFeedback
    output.earlier = earlier
    return emit(output, into: &departure, &environment)
  }

  /// SEG.WND for an acknowledgement of less than there is: it shows the right edge where it is.
  mutating func windowField(before number: SequenceNumber) -> UInt16 {
    let shift = Int(rcv.scale.shift)
    let field = min((rcv.edge.distance(from: number) + (1 << shift) - 1) >> shift, 0xFFFF)
    rcv.edge = SequenceNumber.later(rcv.edge, number + (field << shift))
    return UInt16(max(0, field))
  }

  // MARK: The option

  /// How the option stands in the next segment without SYN; nil if it does not. At least two SACK blocks come first (RFC 9768 section 3.2.3.3).
  func accurateOptionPlan(besides others: Int, sackBlocks wanted: Int) -> (startsWithECT1: Bool, count: Int)? {
    guard ecn.mode == .accurate, ecn.option.isDue, segmentSize >= 64 else { return nil }
    let reserved = wanted > 0 ? 4 + 8 * min(wanted, 2) : 0
    return ecn.option.plan(room: 40 - others - reserved)
  }

  mutating func writeAccurateOption(_ header: inout TCPHeader, _ plan: (startsWithECT1: Bool, count: Int)) {
    header.options.present.insert(.accurateECN)
    header.options.accurateECN = AccurateECNCounters(
      ecn.counted, startsWithECT1: plan.startsWithECT1, count: plan.count)
    ecn.option.untold = []
    if ecn.option.demanded > 0 { ecn.option.demanded -= 1 }
  }

  /// The option of a SYN,ACK: of the first only, since it may be what gets it lost (RFC 9768 section 3.2.3.2.2). Never of a SYN.
  func writeAccurateOptionOfAnswer(_ header: inout TCPHeader) {
    guard ecn.mode == .accurate, !flags.contains(.synRepeated) else { return }
    let room = 40 - header.options.encodedLength
    var count = 3
    while count >= 0 && AccurateOptionState.length(count) > room { count -= 1 }
    guard count >= 0 else { return }
    header.options.present.insert(.accurateECN)
    header.options.accurateECN = AccurateECNCounters(ecn.counted, startsWithECT1: false, count: count)
  }
}
