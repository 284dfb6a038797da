import MartinetSimulation
import MartinetTCP
import MartinetWire
import Testing

@Suite("One seed, the same octets")
struct DeterminismTests {
  /// A wire with everything wrong at once.
  static func harsh() -> Impairment {
    var impairment = Impairment(rate: 10_000_000, delay: .milliseconds(3), loss: .percent(3))
    impairment.jitter = .milliseconds(1)
    impairment.queueCapacity = 20_000
    impairment.burstLoss = BurstLoss(turnsBad: .percent(1), turnsGood: .percent(30))
    impairment.reordering = .percent(4)
    impairment.duplication = .percent(2)
    impairment.corruption = .percent(2)
    impairment.corruptedBits = 3
    return impairment
  }

  static func digest(of bench: inout Bench) -> UInt64 {
    var digest = Digest()
    while bench.network.takeCaptured(
      of: bench.right,
      { packet, bytes in
        digest.add(UInt64(packet.time.nanoseconds))
        digest.add(packet.serial)
        digest.add(bytes)
      })
    {}
    return digest.value
  }

  @Test("The whole capture of a harsh wire is the same in every process")
  func golden() {
    var bench = Bench(DeterminismTests.harsh(), seed: 42)
    bench.sendSeries(3000, every: 700_000)
    #expect(bench.statistics.lost > 200)
    #expect(DeterminismTests.digest(of: &bench) == 14_615_898_972_787_054_140)
  }

  @Test("Another seed gives another capture")
  func seeds() {
    var one = Bench(DeterminismTests.harsh(), seed: 42)
    var other = Bench(DeterminismTests.harsh(), seed: 43)
    one.sendSeries(300, every: 700_000)
    other.sendSeries(300, every: 700_000)
    #expect(DeterminismTests.digest(of: &one) != DeterminismTests.digest(of: &other))
  }

  @Test("A host and a wire added elsewhere change nothing here")
  func additions() {
    var one = Bench(DeterminismTests.harsh(), seed: 42)
    var other = Bench(DeterminismTests.harsh(), seed: 42)
    let third = other.network.addHost()
    let fourth = other.network.addHost()
    let wire = other.network.connect(.host(third), .host(fourth), by: WireDescription(DeterminismTests.harsh()))
    for number in 0..<300 {
      let time = Instant(nanoseconds: Int64(number) * 700_000)
      one.network.advance(to: time)
      other.network.advance(to: time)
      one.send(Bench.packet(number))
      other.send(Bench.packet(number))
      let noise = Bench.packet(number, octets: 300)
      noise.withOctets(0..<300) { other.network.inject($0, into: wire, .toRight) }
    }
    one.finish()
    other.finish()
    #expect(one.arrivals(at: one.right) == other.arrivals(at: other.right))
  }
}
