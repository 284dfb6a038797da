import MartinetSimulation
import MartinetTCP
import MartinetWire

/// Makes a ``Story`` from the trace events of one end of a connection, or of both.
///
/// The events must come in order of time. With both ends watched a segment that left and did not arrive is lost; the wire
/// between them must keep the order.
package struct StoryRecorder {
  /// What is known of the wire.
  package enum Wire: Sendable {
    /// Both ends are watched; nothing is longer on its way than this.
    case watched(transit: Interval)
    /// Only the left end is watched.
    case leftEndOnly
  }

  private var story: Story
  private var chronicle: Chronicle
  private var left = Track()
  private var right = Track()
  private let wire: Wire
  private var flights = 0
  private var lastArrival: (side: Side, number: Int, time: Instant)?

  package init(left: Party, right: Party, wire: Wire, headLimit: Int = 65536, tailLimit: Int = 256) {
    story = Story(left: left, right: right)
    chronicle = Chronicle(headLimit: headLimit, tailLimit: tailLimit)
    self.wire = wire
  }

  private subscript(side: Side) -> Track {
    get { side == .left ? left : right }
    _modify {
      if side == .left { yield &left } else { yield &right }
    }
  }

  package mutating func record(_ event: TraceEvent, at side: Side) {
    switch event.kind {
    case .opened(let local, let remote, _):
      name(side, local)
      name(side.other, remote)
    case .sent(let summary, let reason): departed(summary, reason, from: side, at: event.time)
    case .received(let summary): arrived(summary, at: side, event.time)
    case .dropped(let summary, let reason): discarded(summary, reason, at: side, event.time)
    // A record for a SYN is made when the SYN arrives; the listener behind it listened before.
    case .phaseChanged(_, _, .passiveOpen): break
    case .phaseChanged(let from, let to, let trigger):
      story.counts.finalPhase[side] = to
      _ = chronicle.append(
        .phase(PhaseChange(side: side, time: event.time, from: from, to: to, trigger: trigger)))
    case .timerExpired(.retransmission): story.counts.timeouts += 1
    case .ended(let reason): story.counts.end[side] = reason
    case .congestion, .roundTrip: if side == .left { measured(event) }
    default: break
    }
  }

  package mutating func record(_ remark: Remark) {
    _ = chronicle.append(.remark(remark))
  }

  private mutating func name(_ side: Side, _ endpoint: Endpoint) {
    if side == .left { story.left.endpoint = endpoint.description } else { story.right.endpoint = endpoint.description }
  }

  private mutating func measured(_ event: TraceEvent) {
    switch event.kind {
    case .congestion(let window, let threshold, let inFlight, let cause):
      story.charts.congestion.append(
        CongestionMark(
          time: event.time, window: window, threshold: threshold, inFlight: inFlight, cause: cause))
    case .roundTrip(let sample, let smoothed, _, let timeout):
      story.charts.addRoundTrip(
        RoundTripMark(time: event.time, sample: sample, smoothed: smoothed, timeout: timeout))
    default: break
    }
  }

  // MARK: Segments

  private mutating func departed(
    _ summary: SegmentSummary, _ reason: TransmissionReason, from side: Side, at instant: Instant
  ) {
    let flight = makeFlight(summary, reason, from: side, at: instant)
    let number = chronicle.append(.flight(flight))
    story.counts.segments += 1
    if side == .left { story.counts.fromLeft += 1 }
    let isRepeated = self[side].note(flight.range) || reason.isRetransmission
    if isRepeated { story.counts.retransmissions[reason, default: 0] += 1 }
    if side == .left && flight.payload > 0 {
      let mark = DataMark(time: instant, range: flight.range, reason: reason)
      if isRepeated { story.charts.repairs.append(mark) } else { story.charts.data.append(mark) }
    }
    if case .watched = wire {
      self[side].open.append(
        OpenFlight(number: number, departure: instant, summary: summary, range: flight.range, reason: reason))
    }
  }

  private mutating func arrived(_ summary: SegmentSummary, at side: Side, _ instant: Instant) {
    switch wire {
    case .watched(let transit):
      guard let (flight, lost) = self[side.other].arrive(summary, at: instant, within: transit) else { return }
      for missing in lost { lose(missing, from: side.other) }
      chronicle.changeFlight(flight.number) { $0.fate = .arrived(instant) }
      lastArrival = (side, flight.number, instant)
    case .leftEndOnly:
      var flight = makeFlight(summary, .acknowledgement, from: side.other, at: instant)
      flight.fate = .arrived(instant)
      flight.reason = guessedReason(of: flight)
      story.counts.segments += 1
      _ = self[side.other].note(flight.range)
      lastArrival = (side, chronicle.append(.flight(flight)), instant)
    }
    if side == .left { acknowledged(summary, at: instant) }
  }

  /// What can be said of a segment whose sender was not watched.
  private func guessedReason(of flight: Flight) -> TransmissionReason {
    if flight.flags.contains(.rst) { return .reset }
    if flight.flags.contains(.syn) { return .handshake }
    if flight.flags.contains(.fin) { return .fin }
    return flight.payload > 0 ? .newData : .acknowledgement
  }

  private mutating func discarded(
    _ summary: SegmentSummary, _ reason: DropReason, at side: Side, _ instant: Instant
  ) {
    story.counts.discarded += 1
    if lastArrival.map({ $0.side != side || $0.time != instant }) ?? true { arrived(summary, at: side, instant) }
    guard let arrival = lastArrival, arrival.side == side, arrival.time == instant else { return }
    chronicle.changeFlight(arrival.number) { $0.discarded = reason }
  }

  private mutating func lose(_ flight: OpenFlight, from side: Side) {
    chronicle.changeFlight(flight.number) { $0.fate = .lost }
    story.counts.lost += 1
    if side == .left && flight.summary.payload > 0 {
      story.charts.losses.append(DataMark(time: flight.departure, range: flight.range, reason: flight.reason))
    }
  }

  private mutating func acknowledged(_ summary: SegmentSummary, at instant: Instant) {
    guard summary.flags.contains(.ack) else { return }
    let number = left.relative(summary.acknowledgement)
    story.charts.acknowledgements.append(
      AcknowledgementMark(time: instant, acknowledged: number, edge: number + summary.window))
    for block in sackRanges(of: summary, in: .left) {
      story.charts.sacks.append(SACKMark(time: instant, range: block))
    }
  }

  // MARK: Numbers counted from the beginning

  private mutating func makeFlight(
    _ summary: SegmentSummary, _ reason: TransmissionReason, from side: Side, at instant: Instant
  ) -> Flight {
    let sequence = self[side].relative(summary.sequence)
    let acknowledgement =
      summary.flags.contains(.ack) ? self[side.other].relative(summary.acknowledgement) : nil
    let flight = Flight(
      number: flights, from: side, departure: instant, fate: .unknown, flags: summary.flags, sequence: sequence,
      acknowledgement: acknowledgement, window: summary.window, payload: summary.payload,
      options: shown(summary, from: side), reason: reason)
    flights += 1
    return flight
  }

  private mutating func sackRanges(of summary: SegmentSummary, in side: Side) -> [Range<Int>] {
    guard summary.options.has(.sack) else { return [] }
    var ranges: [Range<Int>] = []
    for index in 0..<min(4, Int(summary.options.sackCount)) {
      let block = summary.options.sackBlocks[index]
      let lower = self[side].relative(block.lower)
      ranges.append(lower..<lower + block.count)
    }
    return ranges
  }

  private mutating func shown(_ summary: SegmentSummary, from side: Side) -> ShownOptions {
    let options = summary.options
    var shown = ShownOptions()
    if options.has(.maximumSegmentSize) { shown.maximumSegmentSize = Int(options.maximumSegmentSize) }
    if options.has(.windowScale) { shown.windowScale = Int(options.windowScale.shift) }
    shown.sackPermitted = options.has(.sackPermitted)
    shown.sackBlocks = sackRanges(of: summary, in: side.other)
    if options.has(.timestamps) {
      let value = self[side].relative(timestamp: options.timestamps.value)
      let echoes = summary.flags.contains(.ack)
      let echo = echoes ? self[side.other].relative(timestamp: options.timestamps.echo) : nil
      shown.timestamps = (value, echo)
    }
    if options.has(.userTimeout) { shown.others.append("user timeout") }
    if options.has(.fastOpen) { shown.others.append("fast open") }
    if options.has(.accurateECN) { shown.others.append("accurate ECN") }
    return shown
  }

  // MARK: The end

  /// The story when nothing more is to come; what is still open long after it left is lost.
  package consuming func finish(at instant: Instant, lostEvents: Int = 0) -> Story {
    if case .watched(let transit) = wire {
      for side in Side.allCases {
        for flight in self[side].open where instant - flight.departure > transit { lose(flight, from: side) }
      }
    }
    var finished = story
    finished.happenings = chronicle.happenings
    finished.counts.lostEvents = lostEvents
    return finished
  }
}
