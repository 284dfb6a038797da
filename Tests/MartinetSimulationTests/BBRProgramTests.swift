import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// 20 Mbit/s and a round trip of 40 ms, as in ``BBRTests``, and a program that writes as the test says.
@Suite("The draft's example cases for BBR: a program that pauses in one phase (draft-ietf-ccwg-bbr, appendix)")
struct BBRProgramTests {
  /// What the program keeps unsent while it has enough: so little that a pause shows at once.
  private static let reserve = 20_000

  /// Writes in each millisecond what makes `reserve` octets unsent, until `state` comes.
  private func fill(_ path: inout Bottleneck, for limit: Interval, until state: CongestionCause) -> [BBRTurn] {
    write(to: &path, for: limit, until: state) { max(0, BBRProgramTests.reserve - $0) }
  }

  private func write(
    to path: inout Bottleneck, for limit: Interval, until state: CongestionCause, _ octets: (_ unsent: Int) -> Int
  ) -> [BBRTurn] {
    var turns: [BBRTurn] = []
    let end = path.now + limit
    while path.now < end && !turns.contains(where: { $0.state == state }) {
      let count = octets(path.status().unsentBytes)
      if count > 0 { path.write(count) }
      turns += path.follow(for: .milliseconds(1), until: state)
    }
    return turns
  }

  /// A flow that has come to `state`, and the program has written enough up to here.
  private func path(in state: CongestionCause) throws -> Bottleneck {
    var path = Bottleneck(
      rate: BBRTests.rate, roundTrip: BBRTests.roundTrip, queue: 400_000, seed: 1, tracing: true)
    try path.begin(.bbr, octets: 0) { $0.sendBufferSize = 1 << 20 }
    let turns = fill(&path, for: .seconds(10), until: state)
    try #require(turns.contains { $0.state == state }, "\(turns.map(\.state))")
    try #require(!path.status().isApplicationLimited)
    return path
  }

  @Test("A program that pauses while the path is refilled does not make it seem slower", .proves("bbr-16"))
  func pauseInRefill() throws {
    var path = try path(in: .refilling)
    let paced = Double(path.status().pacingRate)
    // What was unsent ends the round, and of what follows the samples are worth nothing.
    let turns = write(to: &path, for: .seconds(1), until: .probingUp) { _ in 200 }
    #expect(turns.last?.state == .probingUp, "\(turns.map(\.state))")
    let more = write(to: &path, for: .milliseconds(100), until: .probingDown) { _ in 200 }
    #expect(more.isEmpty && path.status().isApplicationLimited, "\(more.map(\.state))")
    #expect(Double(path.status().pacingRate) >= paced * 1.2)
    path.run(for: .milliseconds(300))
    #expect(path.status().bytesInFlight == 0)
    // The probe goes on when the program does, and ends as any other.
    let later = fill(&path, for: .seconds(3), until: .cruising)
    #expect(later.map(\.state).suffix(2) == [.probingDown, .cruising], "\(later.map(\.state))")
    #expect(Double(path.status().pacingRate) >= paced * 0.95)
  }

  @Test(
    "Too much loss ends a probe though the program has little to send, and bounds nothing that was never tried",
    .proves("bbr-16"))
  func lossInProbe() throws {
    var path = try path(in: .probingUp)
    // 8 Mbit/s: without loss the probe would go on.
    let early = write(to: &path, for: .milliseconds(200), until: .probingDown) { _ in 1000 }
    #expect(early.isEmpty && path.status().isApplicationLimited, "\(early.map(\.state))")
    path.change { $0.loss = .percent(20) }
    // So little is in flight that going down is over as soon as it has begun.
    let turns = write(to: &path, for: .milliseconds(300), until: .cruising) { _ in 1000 }
    #expect(turns.last?.state == .cruising, "\(turns.map(\.state))")
    path.change { $0.loss = .never }
    // What the losses of cruising bound is free with the next probe, and nothing else is bound.
    let later = fill(&path, for: .seconds(4), until: .probingUp)
    #expect(later.last?.state == .probingUp, "\(later.map(\.state))")
    let before = path.acknowledged()
    _ = fill(&path, for: .seconds(1), until: .startup)
    #expect(Double(path.acknowledged() - before) > 0.9 * path.payloadRate)
  }
}
