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
    var count: Int { high - low }
  }
  var segments: [Segment] = []
  var una = 0
  var next = 0

  func total(_ state: State) -> Int { segments.filter { $0.state == state }.map(\.count).reduce(0, +) }

  mutating func send(_ octets: Int, segmentSize: Int) {
    var low = next
    while low < next + octets {
      segments.append(Segment(low: low, high: min(low + segmentSize, next + octets)))
      low += segmentSize
    }
    next += octets
  }

  mutating func sack(_ low: Int, _ high: Int) -> Int {
    var news = 0
    for index in segments.indices where segments[index].low >= low && segments[index].high <= high {
      if segments[index].state != .sacked { news += segments[index].count }
      segments[index].state = .sacked
    }
    return news
  }

  mutating func acknowledge(upTo number: Int) -> Int {
    let octets = number - una
    segments.removeAll { $0.high <= number }
    una = number
    return octets
  }

  /// IsLost, word for word: octets held above, and separate ranges held above.
  private func isLost(_ index: Int, segmentSize: Int) -> Bool {
    var octets = 0
    var ranges = 0
    var previousEnd: Int?
    for segment in segments[(index + 1)...] where segment.state == .sacked {
      octets += segment.count
      if previousEnd != segment.low { ranges += 1 }
      previousEnd = segment.high
    }
    return ranges >= 3 || octets > 2 * segmentSize
  }

  mutating func detectLoss(segmentSize: Int) {
    for index in segments.indices where segments[index].state == .inFlight && !segments[index].isRetransmitted {
      if isLost(index, segmentSize: segmentSize) { segments[index].state = .lost }
    }
  }
}

@Suite("The scoreboard against a simple model")
struct ScoreboardModelTests {
  private let segmentSize = 100

  private struct Pair {
    var board = Scoreboard()
    var model = ScoreboardModel()
    let base = SequenceNumber(0xFFFF_FA00)
    var clock = Instant.zero
  }

  @Test(
    "Whatever is sent, reported, lost and repeated, both agree", .proves("6675-01", "6675-03", "6675-04"),
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
    pair.clock = pair.clock + .milliseconds(1)
    switch generator.number(0...9) {
    case 0, 1: send(&pair, generator.number(1...700))
    case 2, 3: sack(&pair, &generator)
    case 4: acknowledge(&pair, &generator)
    case 5:
      _ = pair.board.detectLoss(threshold: 3, segmentSize: segmentSize)
      pair.model.detectLoss(segmentSize: segmentSize)
    case 6: if generator.number(0...5) == 0 { loseAll(&pair) }
    case 7: loseFront(&pair)
    default: resend(&pair)
    }
  }

  private func send(_ pair: inout Pair, _ octets: Int) {
    let range = SequenceRange(from: pair.base + pair.model.next, count: octets)
    pair.board.sent(range, segmentSize: segmentSize, at: pair.clock)
    pair.model.send(octets, segmentSize: segmentSize)
  }

  private func sack(_ pair: inout Pair, _ generator: inout SeededGenerator) {
    guard pair.model.next > pair.model.una else { return }
    let low = generator.number(pair.model.una...(pair.model.next - 1))
    let high = min(pair.model.next, low + generator.number(1...400))
    let news = pair.board.sack(SACKBlock(from: pair.base + low, upTo: pair.base + high))
    #expect(news == pair.model.sack(low, high))
  }

  private func acknowledge(_ pair: inout Pair, _ generator: inout SeededGenerator) {
    guard let edge = pair.model.segments.prefix(6).randomElement(using: &generator)?.high else { return }
    let octets = pair.board.acknowledge(upTo: pair.base + edge).octets
    #expect(octets == pair.model.acknowledge(upTo: edge))
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
  }

  private func agree(_ pair: inout Pair) -> Bool {
    let model = pair.model
    let firstLost = model.segments.first { $0.state == .lost }.map { pair.base + $0.low }
    let same =
      pair.board.inFlight == model.total(.inFlight) && pair.board.lost == model.total(.lost)
      && pair.board.sacked.ranges.map(\.count).reduce(0, +) == model.total(.sacked)
      && pair.board.nextLost(limit: segmentSize)?.lower == firstLost
    if !same {
      Issue.record(
        """
        in flight \(pair.board.inFlight) and \(model.total(.inFlight)), lost \(pair.board.lost) and \(model.total(.lost)), \
        next \(String(describing: pair.board.nextLost(limit: segmentSize))) and \(String(describing: firstLost))
        """)
    }
    return same
  }
}
