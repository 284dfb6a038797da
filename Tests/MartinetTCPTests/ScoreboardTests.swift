import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("The scoreboard (RFC 6675 section 4)")
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
    #expect(board.sacked.ranges == [block(1000, 5000)])
  }

  @Test(
    "A segment is lost when more than two segments' octets above it are held", .proves("6675-01", "6675-03"))
  func lostByOctets() {
    var board = tenSegments()
    _ = board.sack(block(3000, 5000))
    #expect(board.detectLoss(threshold: 3, segmentSize: 1000) == nil)
    #expect(board.lost == 0)
    _ = board.sack(block(3000, 6000))
    #expect(board.detectLoss(threshold: 3, segmentSize: 1000) == block(0, 1000))
    #expect(board.lost == 3000)
    #expect(board.inFlight == 4000)
  }

  @Test("A segment is lost when three separate ranges above it are held", .proves("6675-03"))
  func lostByRanges() {
    var board = Scoreboard()
    for number in 0..<8 {
      board.sent(block(number * 10, number * 10 + 10), segmentSize: 1000, at: .zero)
    }
    _ = board.sack(block(10, 20))
    _ = board.sack(block(30, 40))
    #expect(board.detectLoss(threshold: 3, segmentSize: 1000) == nil)
    _ = board.sack(block(50, 60))
    #expect(board.detectLoss(threshold: 3, segmentSize: 1000) == block(0, 10))
    #expect(board.lost == 10)
    // Above the second range of three there is not enough.
    #expect(board.inFlight == 40)
  }

  @Test("What is lost is not in flight until it is sent again, and then counts again", .proves("6675-04"))
  func pipe() {
    var board = tenSegments()
    _ = board.sack(block(1000, 5000))
    _ = board.detectLoss(threshold: 3, segmentSize: 1000)
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
    #expect(board.recordCount == 10)
    board.forgetSACK()
    #expect(board.inFlight == 10000)
    board.loseAll()
    #expect(board.lost == 10000)
    let acknowledged = board.acknowledge(upTo: una + 10000)
    #expect(acknowledged.octets == 10000)
    #expect(board.recordCount == 0 && board.lost == 0 && board.inFlight == 0)
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
    #expect(board.sacked.ranges == [block(2000, 4000)])
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
