import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Congestion marks at work (RFC 3168, RFC 8257, RFC 9768)")
struct ECNTests {
  /// A bottleneck with a round trip of 40 ms, 250 kB of it on the way, that marks where 100 kB wait and has room for four times as much.
  private static let bottleneck: WireDescription = {
    var impairment = Impairment(rate: 50_000_000, delay: .milliseconds(20))
    impairment.queueCapacity = 400_000
    impairment.markingThreshold = 100_000
    return WireDescription(impairment)
  }()

  private static func options(_ ecn: ECNPreference, _ congestion: CongestionAlgorithm) -> ConnectionOptions {
    var options = ConnectionOptions()
    options.ecn = ecn
    options.congestion = congestion
    return options
  }

  @Test(
    "With marks a bottleneck loses nothing, and the window shrinks once for each window of data at most",
    .proves("3168-05", "3168-15"), arguments: [ECNPreference.askClassic, .ask], [CongestionAlgorithm.reno, .cubic])
  func marksInsteadOfLosses(ecn: ECNPreference, congestion: CongestionAlgorithm) throws {
    var crossing = Crossing(Self.bottleneck)
    try crossing.open(.client(20_000_000), .server(0), options: Self.options(ecn, congestion))
    crossing.run(seconds: 100)
    #expect(crossing.statistics.lost == 0 && crossing.statistics.marked > 0)
    #expect(!crossing.sentData.contains { $0.reason.isRetransmission })
    let reductions = crossing.congestion.filter { $0.cause == .explicitNotification }
    #expect(reductions.count > 1)
    for (one, next) in zip(reductions, reductions.dropFirst()) { #expect(next.time - one.time >= .milliseconds(40)) }
    crossing.expectWhole()
  }

  @Test("Without marks the same bottleneck overflows")
  func withoutMarks() throws {
    var crossing = Crossing(Self.bottleneck)
    try crossing.open(.client(20_000_000), .server(0), options: Self.options(.answer, .reno))
    crossing.run(seconds: 100)
    #expect(crossing.statistics.lost > 0 && crossing.statistics.marked == 0)
    crossing.expectWhole()
  }

  /// A path of a data centre: 1 Gbit/s, a round trip of 400 µs (50 kB), marks from 20 kB on.
  private static let dataCentre: WireDescription = {
    var impairment = Impairment(rate: 1_000_000_000, delay: .microseconds(200))
    impairment.queueCapacity = 500_000
    impairment.markingThreshold = 20_000
    return WireDescription(impairment)
  }()

  /// How long 10 MB take, and the most that waited.
  private static func inDataCentre(
    _ congestion: CongestionAlgorithm, _ ecn: ECNPreference
  ) throws -> (time: Interval, queue: Int) {
    var configuration = HostConfiguration()
    configuration.tcp.alternativeBackoff = false
    var crossing = Crossing(dataCentre, left: configuration)
    let options = options(ecn, congestion)
    try crossing.open(.client(10_000_000), .server(0), options: options, serverOptions: options)
    crossing.run(seconds: 100)
    #expect(crossing.statistics.lost == 0 && crossing.statistics.marked > 0)
    let end = try #require(crossing.server?.endedAt)
    crossing.expectWhole()
    return (end - .zero, crossing.statistics.largestQueue)
  }

  @Test(
    "DCTCP keeps a fast link busy with a short queue, with either form of feedback, where halving leaves it idle",
    .proves("8257-02", "8257-03"), arguments: [ECNPreference.askClassic, .ask])
  func dataCentre(ecn: ECNPreference) throws {
    let dctcp = try Self.inDataCentre(.dctcp, ecn)
    let reno = try Self.inDataCentre(.reno, ecn)
    // 10 MB and their headers take 83 ms.
    #expect(dctcp.time < .milliseconds(90), "\(dctcp) \(reno)")
    #expect(dctcp.time < reno.time, "\(dctcp) \(reno)")
    #expect(dctcp.queue < 150_000)
  }
}
