import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

extension Scoreboard {
  /// A report of which nothing but the scoreboard is to be seen.
  mutating func sack(_ block: SACKBlock) -> Int {
    var rack = RecentAcknowledgement()
    return sack(block, AcknowledgementEvidence(now: .zero), &rack)
  }

  mutating func acknowledge(upTo number: SequenceNumber) -> Acknowledged {
    var rack = RecentAcknowledgement()
    return acknowledge(upTo: number, AcknowledgementEvidence(now: .zero), &rack)
  }
}

@Suite("The scoreboard")
struct ScoreboardTests {
  private let una = SequenceNumber(0xFFFF_F000)

  private func block(_ low: Int, _ high: Int) -> SACKBlock { SACKBlock(from: una + low, upTo: una + high) }

  /// Ten segments of 1,000 octets.
  private func tenSegments() -> Scoreboard {
    var board = Scoreboard()
    for number in 0..<10 {
      board.sent(
        block(number * 1000, number * 1000 + 1000), segmentSize: 1000, at: .zero + .milliseconds(Int64(number)))
    }
    return board
  }

  @Test("What is held is counted once, and leaves the flight", .proves("6675-01", "6675-04"))
  func update() {
    var board = tenSegments()
    #expect(board.inFlight == 10000)
    #expect(board.sack(block(2000, 4000)) == 2000)
    #expect(board.sack(block(2000, 4000)) == 0)
    #expect(board.sack(block(1000, 5000)) == 2000)
    #expect(board.inFlight == 6000)
    #expect(board.sacked == [block(1000, 5000)])
  }

  @Test("What is lost is not in flight until it is sent again, and then counts again", .proves("6675-04"))
  func pipe() {
    var board = tenSegments()
    _ = board.sack(block(1000, 5000))
    board.loseFront()
    #expect(board.inFlight == 5000 && board.lost == 1000)
    #expect(board.nextLost(limit: 1000) == block(0, 1000))
    board.resent(block(0, 1000), at: .zero + .milliseconds(100))
    #expect(board.inFlight == 6000 && board.lost == 0)
    #expect(board.nextLost(limit: 1000) == nil)
  }

  @Test("What is sent again goes in pieces as small as the path wants them")
  func pieces() {
    var board = tenSegments()
    board.loseAll()
    #expect(board.nextLost(limit: 600) == block(0, 600))
    board.resent(block(0, 600), at: .zero)
    #expect(board.nextLost(limit: 600) == block(600, 1000))
    board.resent(block(600, 1000), at: .zero)
    #expect(board.nextLost(limit: 600) == block(1000, 1600))
    #expect(board.inFlight == 1000)
  }

  @Test("What was held stays known until it is acknowledged", .proves("6675-02"))
  func keeps() {
    var board = tenSegments()
    _ = board.sack(block(1000, 10000))
    #expect(board.recordCount == 2 && board.sackedOctets == 9000 && board.sackedSegments == 9)
    board.forgetSACK()
    #expect(board.inFlight == 1000 && board.lost == 9000 && board.sackedSegments == 0)
    let acknowledged = board.acknowledge(upTo: una + 10000)
    #expect(acknowledged.octets == 10000)
    #expect(board.recordCount == 0 && board.lost == 0 && board.inFlight == 0)
  }

  @Test("What the peer holds is one record, however it came to be known")
  func joined() {
    var board = tenSegments()
    for number in [8, 2, 4, 6, 3, 7, 5] { _ = board.sack(block(number * 1000, number * 1000 + 1000)) }
    #expect(board.sacked == [block(2000, 9000)])
    #expect(board.recordCount == 4 && board.sackedSegments == 7)
    #expect(board.acknowledge(upTo: una + 8000).octets == 8000)
    #expect(board.sackedOctets == 1000 && board.sackedSegments == 1 && board.inFlight == 1000)
  }

  @Test("Segments that leave at one instant are one record, whole segments only")
  func train() {
    var board = Scoreboard()
    for number in 0..<5 { board.sent(block(number * 1000, number * 1000 + 1000), segmentSize: 1000, at: .zero) }
    #expect(board.recordCount == 1)
    board.sent(block(5000, 5300), segmentSize: 1000, at: .zero)
    board.sent(block(5300, 5400), segmentSize: 1000, at: .zero)
    #expect(board.recordCount == 2)
    board.sent(block(5400, 6400), segmentSize: 1000, at: .zero + .milliseconds(1))
    #expect(board.recordCount == 3 && board.inFlight == 6400)
    #expect(board.lastSegment(limit: 1000) == block(5400, 6400))
    #expect(board.lastSegment(limit: 600) == block(5800, 6400))
  }

  @Test("What was taken for lost by mistake is in flight again, but for what was repeated")
  func restored() {
    var board = tenSegments()
    board.loseAll()
    board.resent(block(0, 1000), at: .zero + .milliseconds(50))
    board.restoreLost()
    #expect(board.lost == 0 && board.inFlight == 10000 && board.nextLost(limit: 1000) == nil)
  }

  @Test("A measurement comes from what was sent once and not reported before", .proves("6298-07"))
  func samples() {
    var board = tenSegments()
    #expect(board.acknowledge(upTo: una + 2000).sampleSentAt == .zero + .milliseconds(1))
    _ = board.sack(block(3000, 10000))
    board.loseFront()
    board.resent(block(2000, 3000), at: .zero + .milliseconds(50))
    let acknowledged = board.acknowledge(upTo: una + 10000)
    #expect(acknowledged.includesRetransmission)
    #expect(acknowledged.sampleSentAt == nil)
  }

  @Test("A train is cut at the edges of its segments only", .proves("ATK-21"))
  func trains() {
    var board = Scoreboard()
    board.sent(block(0, 10500), segmentSize: 1000, at: .zero)
    #expect(board.sack(block(1500, 4500)) == 2000)
    #expect(board.sacked == [block(2000, 4000)])
    #expect(board.recordCount == 3)
    for octet in stride(from: 4000, to: 10500, by: 2) { #expect(board.sack(block(octet, octet + 1)) == 0) }
    #expect(board.recordCount == 3)
    #expect(board.sack(block(10000, 10500)) == 500)
    board.loseFront()
    #expect(board.lost == 1000)
  }

  @Test("However a peer reports, there are no more records than segments", .proves("ATK-21", "ATK-19"))
  func bounded() {
    var generator = SeededGenerator(seed: 11)
    var board = Scoreboard()
    for train in 0..<10 {
      board.sent(block(train * 64000, train * 64000 + 64000), segmentSize: 1000, at: .zero)
    }
    for _ in 0..<2000 {
      let low = generator.number(0...639_000)
      _ = board.sack(block(low, min(640_000, low + generator.number(1...3000))))
    }
    #expect(board.recordCount <= 640)
    #expect(board.inFlight >= 0)
  }
}
