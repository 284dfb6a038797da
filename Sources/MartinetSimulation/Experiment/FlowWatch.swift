import MartinetStack
import MartinetTCP
import MartinetWire

/// What an experiment sees of one flow while it runs.
struct FlowWatch {
  let flow: ExperimentFlow
  /// The programs of the flow; -1 for one that has not begun.
  var sender = -1
  var receiver = -1
  private var result: FlowResult
  private var position = StreamPosition()
  /// What was delivered when the time that counts began, and when that was; nil before it began.
  private var counted: (since: Instant, octets: UInt64)?
  private var lastReadAt: Instant?
  private var lastCause: CongestionCause?
  private var roundTrips: (sum: Interval, count: Int64) = (.zero, 0)

  init(_ flow: ExperimentFlow) {
    self.flow = flow
    result = FlowResult(flow)
  }

  var hasBegun: Bool { sender >= 0 }
  var isOver: Bool { result.finishedAt != nil || result.failure != nil }

  mutating func beginCounting(_ receiver: Transfer?, at time: Instant) {
    guard counted == nil, hasBegun else { return }
    counted = (time, receiver?.received ?? 0)
  }

  mutating func sample(_ status: ConnectionStatus?, sender: Transfer, receiver: Transfer?, at now: Instant) {
    var sample = result.samples.last ?? FlowSample(time: now)
    sample.time = now
    if let receiver {
      sample.delivered = receiver.received
      result.delivered = receiver.received
      result.isFaithful = receiver.firstMismatch == nil
      lastReadAt = receiver.lastReadAt
      if flow.octets > 0 && receiver.received >= flow.octets { result.finishedAt = receiver.lastReadAt }
    }
    if result.failure == nil { result.failure = sender.failure ?? receiver?.failure }
    if let status { take(status, into: &sample) }
    result.samples.append(sample)
  }

  private mutating func take(_ status: ConnectionStatus, into sample: inout FlowSample) {
    sample.window = status.congestionWindow
    sample.threshold = status.slowStartThreshold
    sample.inFlight = status.bytesInFlight
    sample.smoothedRoundTrip = status.smoothedRoundTrip
    sample.pacingRate = status.pacingRate
    sample.sent = status.statistics.bytesSent
    sample.retransmitted = status.statistics.retransmissions
    result.statistics = status.statistics
    result.minimumRoundTrip = status.minimumRoundTrip
    guard counted != nil, status.smoothedRoundTrip > .zero, result.finishedAt == nil else { return }
    roundTrips = (roundTrips.sum + status.smoothedRoundTrip, roundTrips.count + 1)
  }

  // MARK: The trace

  mutating func note(_ event: TraceEvent, recordsSegments: Bool) {
    switch event.kind {
    case .sent(let segment, let reason):
      let place = position.place(segment.sequence)
      guard segment.payload > 0, place > 0 else { return }
      let mark = SegmentMark(
        time: event.time, position: UInt64(place - 1), octets: segment.payload, reason: reason)
      noteRepairs(mark)
      guard recordsSegments else { return }
      if reason.isRetransmission || mark.position < highest {
        result.segments.repeated.append(mark)
      } else {
        result.segments.fresh.append(mark)
      }
      highest = max(highest, mark.position + UInt64(mark.octets))
    case .received(let segment):
      if segment.options.duplicateReport(acknowledgement: segment.acknowledgement) != nil {
        result.duplicateReports += 1
      }
      guard recordsSegments, let place = position.placeOfAcknowledgement(segment.acknowledgement), place > 0 else {
        return
      }
      result.segments.acknowledged.append(ProgressMark(time: event.time, acknowledged: UInt64(place - 1)))
    case .congestion(let window, let threshold, _, let cause):
      // BBR names its state with each acknowledgement.
      if cause.isTurn && (cause != lastCause || !cause.isState) {
        result.turns.append(CongestionTurn(time: event.time, window: window, threshold: threshold, cause: cause))
      }
      lastCause = cause
    case .timerExpired(.retransmission):
      result.timeouts += 1
    default:
      break
    }
  }

  /// Behind the last octet that left.
  private var highest: UInt64 = 0

  private mutating func noteRepairs(_ mark: SegmentMark) {
    for index in result.repairs.indices {
      let octet = result.repairs[index].octet
      guard octet >= mark.position, octet < mark.position + UInt64(mark.octets) else { continue }
      if result.repairs[index].firstSent == nil { result.repairs[index].firstSent = mark.time }
      result.repairs[index].lastSent = mark.time
      result.repairs[index].transmissions += 1
    }
  }

  // MARK: The end

  mutating func finish(at now: Instant) -> FlowResult {
    if roundTrips.count > 0 { result.meanRoundTrip = roundTrips.sum / roundTrips.count }
    if let counted {
      let time = (result.finishedAt ?? now) - counted.since
      result.counted = result.delivered - min(counted.octets, result.delivered)
      result.goodput = Rates.bitsPerSecond(result.counted, over: time)
    }
    return result
  }
}

extension CongestionCause {
  /// Whether it is more than what acknowledgements do all the time.
  fileprivate var isTurn: Bool {
    switch self {
    case .slowStart, .congestionAvoidance, .inflatedByDuplicate, .proportionalRate, .partialAcknowledgement: false
    default: true
    }
  }

  /// Whether it names a state of BBR.
  fileprivate var isState: Bool {
    switch self {
    case .startup, .drain, .probingDown, .cruising, .refilling, .probingUp, .probingRoundTrip: true
    default: false
    }
  }
}
