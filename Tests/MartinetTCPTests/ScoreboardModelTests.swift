import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// The scoreboard as a list of segments that everything is looked up in from the beginning.
private struct ScoreboardModel {
  enum State { case inFlight, sacked, lost }
  struct Segment {
    var low: Int
    var high: Int
    var state = State.inFlight
    var isRetransmitted = false
    /// The number and the time of its last transmission.
    var number: Int
    var sentAt: Instant
    var count: Int { high - low }
  }
  var segments: [Segment] = []
  var una = 0
  var next = 0
  var transmissions = 0
  var rack = RackModel()

  func total(_ state: State) -> Int { segments.filter { $0.state == state }.map(\.count).reduce(0, +) }

  mutating func send(_ octets: Int, segmentSize: Int, at now: Instant) {
    transmissions += 1
    var low = next
    while low < next + octets {
      let high = min(low + segmentSize, next + octets)
      segments.append(Segment(low: low, high: high, number: transmissions, sentAt: now))
      low += segmentSize
    }
    next += octets
  }

  mutating func sack(_ low: Int, _ high: Int, _ evidence: Evidence) -> Int {
    var news = 0
    for index in segments.indices where segments[index].low >= low && segments[index].high <= high {
      if segments[index].state != .sacked {
        news += segments[index].count
        rack.delivered(segments[index], evidence)
      }
      segments[index].state = .sacked
    }
    return news
  }

  mutating func acknowledge(upTo number: Int, _ evidence: Evidence) -> Int {
    let octets = number - una
    for segment in segments where segment.high <= number && segment.state != .sacked {
      rack.delivered(segment, evidence)
    }
    segments.removeAll { $0.high <= number }
    una = number
    return octets
  }

  /// RACK_detect_loss: every segment is looked at; returns when the first of the others is lost.
  mutating func detectLoss(window: Interval, at now: Instant) -> Instant {
    var next = Instant.never
    for index in segments.indices where segments[index].state == .inFlight {
      let segment = segments[index]
      guard (rack.number, rack.end) > (segment.number, segment.high) else { continue }
      let end = segment.sentAt + rack.roundTrip + window
      if end <= now { segments[index].state = .lost } else { next = min(next, end) }
    }
    return next
  }
}

private struct Evidence {
  var now: Instant
  var minimum: Interval
}

/// RACK_update and RACK_detect_reordering of RFC 8985 section 6.2, segment by segment.
private struct RackModel {
  var number = 0
  var end = 0
  var roundTrip = Interval.zero
  var farthest = 0
  var farthestBefore = 0
  var reorderingSeen = false

  mutating func delivered(_ segment: ScoreboardModel.Segment, _ evidence: Evidence) {
    if segment.high > farthest {
      farthest = segment.high
    } else if segment.high < farthestBefore && !segment.isRetransmitted {
      reorderingSeen = true
    }
    if segment.isRetransmitted && evidence.now - segment.sentAt < evidence.minimum { return }
    roundTrip = evidence.now - segment.sentAt
    if (segment.number, segment.high) > (number, end) { (number, end) = (segment.number, segment.high) }
  }
}

@Suite("The scoreboard against a simple model")
struct ScoreboardModelTests {
  private let segmentSize = 100

  private struct Pair: ~Copyable {
    var board = Scoreboard()
    var rack = RecentAcknowledgement()
    var model = ScoreboardModel()
    let base = SequenceNumber(0xFFFF_FA00)
    var clock = Instant.zero
    var minimum = Interval.zero

    var evidence: AcknowledgementEvidence { AcknowledgementEvidence(now: clock, minimumRoundTrip: minimum) }
    var modelEvidence: Evidence { Evidence(now: clock, minimum: minimum) }
  }

  @Test(
    "Whatever is sent, reported, lost and repeated, both agree",
    .proves("6675-01", "6675-04", "8985-04", "8985-05", "8985-08"),
    arguments: 1...25)
  func agreement(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var pair = Pair()
    for _ in 0..<600 {
      step(&pair, &generator)
      guard agree(&pair) else { return }
    }
  }

  private func step(_ pair: inout Pair, _ generator: inout SeededGenerator) {
    pair.clock = pair.clock + .milliseconds(Int64(generator.number(1...3)))
    pair.minimum = .milliseconds(Int64(generator.number(0...4)))
    switch generator.number(0...9) {
    case 0, 1: send(&pair, generator.number(1...700))
    case 2, 3: sack(&pair, &generator)
    case 4: acknowledge(&pair, &generator)
    case 5:
      let window = Interval.milliseconds(Int64(generator.number(0...8)))
      let losses = pair.board.detectLoss(
        by: pair.rack, window: window, recent: pair.board.nextNumber, at: pair.clock)
      #expect(losses.nextAt == pair.model.detectLoss(window: window, at: pair.clock))
    case 6: if generator.number(0...5) == 0 { loseAll(&pair) }
    case 7: loseFront(&pair)
    default: resend(&pair)
    }
  }

  private func send(_ pair: inout Pair, _ octets: Int) {
    let range = SequenceRange(from: pair.base + pair.model.next, count: octets)
    pair.board.sent(range, segmentSize: segmentSize, at: pair.clock)
    pair.model.send(octets, segmentSize: segmentSize, at: pair.clock)
  }

  private func sack(_ pair: inout Pair, _ generator: inout SeededGenerator) {
    guard pair.model.next > pair.model.una else { return }
    let low = generator.number(pair.model.una...(pair.model.next - 1))
    let high = min(pair.model.next, low + generator.number(1...400))
    let block = SACKBlock(from: pair.base + low, upTo: pair.base + high)
    pair.rack.acknowledgementArrives()
    pair.model.rack.farthestBefore = pair.model.rack.farthest
    let news = pair.board.sack(block, pair.evidence, &pair.rack)
    #expect(news == pair.model.sack(low, high, pair.modelEvidence))
  }

  private func acknowledge(_ pair: inout Pair, _ generator: inout SeededGenerator) {
    guard let edge = pair.model.segments.prefix(6).randomElement(using: &generator)?.high else { return }
    pair.rack.acknowledgementArrives()
    pair.model.rack.farthestBefore = pair.model.rack.farthest
    let octets = pair.board.acknowledge(upTo: pair.base + edge, pair.evidence, &pair.rack).octets
    #expect(octets == pair.model.acknowledge(upTo: edge, pair.modelEvidence))
  }

  private func loseAll(_ pair: inout Pair) {
    pair.board.loseAll()
    for index in pair.model.segments.indices where pair.model.segments[index].state == .inFlight {
      pair.model.segments[index].state = .lost
    }
  }

  private func loseFront(_ pair: inout Pair) {
    pair.board.loseFront()
    if pair.model.segments.first?.state == .inFlight { pair.model.segments[0].state = .lost }
  }

  private func resend(_ pair: inout Pair) {
    guard let range = pair.board.nextLost(limit: segmentSize) else { return }
    pair.board.resent(range, at: pair.clock)
    guard let index = pair.model.segments.firstIndex(where: { $0.state == .lost }) else { return }
    #expect(range.lower == pair.base + pair.model.segments[index].low)
    #expect(range.count == pair.model.segments[index].count)
    pair.model.segments[index].state = .inFlight
    pair.model.segments[index].isRetransmitted = true
    pair.model.transmissions += 1
    pair.model.segments[index].number = pair.model.transmissions
    pair.model.segments[index].sentAt = pair.clock
  }

  private func agree(_ pair: inout Pair) -> Bool {
    let model = pair.model
    let firstLost = model.segments.first { $0.state == .lost }.map { pair.base + $0.low }
    let same =
      pair.board.inFlight == model.total(.inFlight) && pair.board.lost == model.total(.lost)
      && pair.board.sacked.map(\.count).reduce(0, +) == model.total(.sacked)
      && pair.board.sackedOctets == model.total(.sacked)
      && pair.board.sackedSegments <= model.segments.filter { $0.state == .sacked }.count
      && (pair.board.sackedSegments == 0) == (model.total(.sacked) == 0)
      && pair.rack.roundTrip == model.rack.roundTrip && pair.rack.reorderingSeen == model.rack.reorderingSeen
      && pair.board.nextLost(limit: segmentSize)?.lower == firstLost
    if !same {
      Issue.record(
        """
        in flight \(pair.board.inFlight) and \(model.total(.inFlight)), lost \(pair.board.lost) and \(model.total(.lost)), \
        held \(pair.board.sackedSegments) and \(model.segments.filter { $0.state == .sacked }.count), \
        RACK \(pair.rack) and \(model.rack)
        """)
    }
    return same
  }
}
