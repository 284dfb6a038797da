import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Delivery rate samples (draft-ietf-ccwg-bbr section 4.1)")
struct DeliveryRateTests: ~Copyable {
  private let size = 1000
  private var scoreboard = Scoreboard()
  private var rack = RecentAcknowledgement()

  private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

  private func range(_ first: Int, _ segments: Int) -> SequenceRange {
    SequenceRange(from: SequenceNumber(UInt32(first * size)), count: segments * size)
  }

  private mutating func acknowledge(upTo segment: Int, at time: Int64, minimum: Int64 = 0) -> RateSample {
    scoreboard.rate.acknowledgementArrives()
    _ = scoreboard.acknowledge(
      upTo: SequenceNumber(UInt32(segment * size)),
      AcknowledgementEvidence(now: at(time), minimumRoundTrip: .milliseconds(minimum)), &rack)
    scoreboard.rate.finish(minimumRoundTrip: .milliseconds(minimum))
    return scoreboard.rate.sample
  }

  @Test("A sample is what arrived since the segment left, over the time that it took", .proves("bbr-10"))
  mutating func rate() {
    // One segment each 10 ms, acknowledged 50 ms later.
    for segment in 0..<5 { scoreboard.sent(range(segment, 1), segmentSize: size, at: at(Int64(10 * segment))) }
    for segment in 0..<5 {
      let sample = acknowledge(upTo: segment + 1, at: Int64(50 + 10 * segment))
      scoreboard.sent(range(segment + 5, 1), segmentSize: size, at: at(Int64(50 + 10 * segment)))
      // All of them left before anything had arrived.
      #expect(sample.delivered == (segment + 1) * size && sample.priorDelivered == 0)
      #expect(sample.roundTrip == .milliseconds(50))
    }
    // Five segments arrived in the 50 ms between the first acknowledgement and this one.
    let sample = acknowledge(upTo: 6, at: 100)
    #expect(sample.delivered == 5 * size && sample.rate.octetsPerSecond == 100_000)
    #expect(sample.inFlight == 5 * size && !sample.isApplicationLimited)
  }

  @Test("Acknowledgements that come in a bunch show no higher rate than that of sending", .proves("bbr-10"))
  mutating func bunch() {
    for segment in 0..<10 { scoreboard.sent(range(segment, 1), segmentSize: size, at: at(Int64(10 * segment))) }
    _ = acknowledge(upTo: 1, at: 100)
    // Nine more within a millisecond: they left over 90 ms.
    let sample = acknowledge(upTo: 10, at: 101)
    #expect(sample.rate.octetsPerSecond <= 10 * size * 1000 / 90)
  }

  @Test("What takes less than the least round trip is no sample", .proves("bbr-10"))
  mutating func tooShort() {
    scoreboard.sent(range(0, 1), segmentSize: size, at: at(0))
    let sample = acknowledge(upTo: 1, at: 10, minimum: 20)
    #expect(sample.rate == .zero && sample.newlyAcknowledged == size)
  }

  @Test("While there is nothing to send, samples tell of the program until all of it has arrived", .proves("bbr-10"))
  mutating func applicationLimit() {
    scoreboard.sent(range(0, 2), segmentSize: size, at: at(0))
    scoreboard.rate.markApplicationLimited(inFlight: scoreboard.inFlight)
    scoreboard.sent(range(2, 1), segmentSize: size, at: at(10))
    #expect(!acknowledge(upTo: 2, at: 50).isApplicationLimited)
    scoreboard.sent(range(3, 1), segmentSize: size, at: at(55))
    #expect(acknowledge(upTo: 3, at: 60).isApplicationLimited)
    scoreboard.sent(range(4, 1), segmentSize: size, at: at(65))
    // The bubble has passed: what left afterwards is free of it.
    #expect(acknowledge(upTo: 4, at: 105).isApplicationLimited)
    #expect(!acknowledge(upTo: 5, at: 115).isApplicationLimited)
  }

  @Test("A repetition that may not be what was acknowledged is no sample")
  mutating func ambiguous() {
    scoreboard.sent(range(0, 1), segmentSize: size, at: at(0))
    scoreboard.loseFront()
    scoreboard.resent(range(0, 1), segmentSize: size, at: at(40))
    let sample = acknowledge(upTo: 1, at: 45, minimum: 40)
    #expect(!sample.hasData && sample.newlyAcknowledged == size)
  }

  @Test("Losses are told with what was in flight when the first of too many left")
  mutating func losses() throws {
    for segment in 0..<100 { scoreboard.sent(range(segment, 1), segmentSize: size, at: at(Int64(segment))) }
    scoreboard.loseFront()
    let told = scoreboard.rate.takeLosses()
    let note = try #require(told)
    #expect(note.ranges == 1 && note.lost == size && note.size == size && note.inFlight == size)
    let again = scoreboard.rate.takeLosses()
    #expect(again == nil && scoreboard.rate.lost == size)
  }
}
