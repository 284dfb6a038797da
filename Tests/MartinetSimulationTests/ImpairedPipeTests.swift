import MartinetSimulation
import MartinetTCP
import MartinetWire
import Testing

extension ImpairedPipe {
  mutating func take(_ packet: [UInt8], at nanoseconds: Int64 = 0) {
    packet.withOctets(0..<packet.count) { take($0, at: Instant(nanoseconds: nanoseconds)) }
  }

  /// Everything that comes out by a time, each with the time at which it was due.
  mutating func arrivals(by limit: Instant = .never) -> [Arrival] {
    var arrivals: [Arrival] = []
    var time = nextArrival
    while deliverNext(
      by: limit,
      { bytes in
        var octets: [UInt8] = []
        for offset in 0..<bytes.byteCount { octets.append(bytes.uint8(at: offset)) }
        arrivals.append(Arrival(time: time.nanoseconds, bytes: octets))
        return .taken
      })
    {
      time = nextArrival
    }
    return arrivals
  }
}

@Suite("One direction of a wire by itself")
struct ImpairedPipeTests {
  private static var everything: Impairment {
    var impairment = Impairment(rate: 50_000_000, delay: .milliseconds(2), loss: .percent(5))
    impairment.jitter = .milliseconds(1)
    impairment.queueCapacity = 40_000
    impairment.burstLoss = BurstLoss(turnsBad: .percent(1), turnsGood: .percent(30))
    impairment.reordering = .percent(10)
    impairment.duplication = .percent(5)
    impairment.corruption = .percent(5)
    impairment.corruptedBits = 3
    return impairment
  }

  @Test("Packets meet the same fate as on the wire of a network with the same seed")
  func sameAsNetwork() {
    var bench = Bench(ImpairedPipeTests.everything, seed: 7)
    bench.sendSeries(1000, every: 150_000)
    var pipe = ImpairedPipe(ImpairedPipeTests.everything, seed: 7)
    for number in 0..<1000 { pipe.take(Bench.packet(number), at: Int64(number) * 150_000) }
    let arrivals = pipe.arrivals()
    #expect(arrivals == bench.arrivals(at: bench.right))
    #expect(pipe.statistics == bench.statistics)
    #expect(pipe.statistics.lost > 50)
    #expect(pipe.packetsInFlight == 0)
  }

  @Test("Pipes of one seed with different numbers have nothing in common, and neither have different seeds")
  func independent() {
    let fates = [(UInt64(1), UInt64(0)), (1, 1), (2, 0)].map { seed, index in
      var pipe = ImpairedPipe(Impairment(rate: 0, delay: .zero, loss: .percent(50)), seed: seed, index: index)
      for number in 0..<200 { pipe.take(Bench.packet(number)) }
      return pipe.arrivals()
    }
    #expect(fates[0] != fates[1])
    #expect(fates[0] != fates[2])
    #expect(fates.allSatisfy { (50..<150).contains($0.count) })
  }

  @Test("Nothing comes out before it is due, and the pipe says when that is")
  func due() {
    var pipe = ImpairedPipe(Impairment(rate: 8_000_000, delay: .milliseconds(10)), seed: 1)
    #expect(pipe.nextArrival == .never)
    pipe.take(Bench.packet(0))
    #expect(pipe.nextArrival == Instant(nanoseconds: 11_000_000))
    #expect(pipe.arrivals(by: Instant(nanoseconds: 10_999_999)) == [])
    #expect(pipe.arrivals(by: Instant(nanoseconds: 11_000_000)).map(\.bytes) == [Bench.packet(0)])
  }

  @Test("A postponed packet is offered again, and a refused one is lost at the receiver")
  func receptions() {
    var pipe = ImpairedPipe(Impairment(), seed: 1)
    pipe.take(Bench.packet(1))
    pipe.take(Bench.packet(2))
    let isPostponed = !pipe.deliverNext(by: .zero) { _ in .postponed }
    #expect(isPostponed)
    #expect(pipe.packetsInFlight == 2)
    let isRefused = pipe.deliverNext(by: .zero) { _ in .refused }
    #expect(isRefused)
    #expect(pipe.arrivals().map(\.bytes) == [Bench.packet(2)])
    #expect(pipe.statistics.delivered == 1)
    #expect(pipe.statistics.lostAtReceiver == 1)
  }

  @Test("What is in flight when the wire is cut vanishes")
  func cut() {
    var pipe = ImpairedPipe(Impairment(rate: 0, delay: .milliseconds(1)), seed: 1)
    pipe.take(Bench.packet(1))
    pipe.condition = .cut
    pipe.take(Bench.packet(2))
    #expect(pipe.arrivals() == [])
    #expect(pipe.statistics.lostToCut == 2)
    pipe.condition = .whole
    pipe.take(Bench.packet(3))
    #expect(pipe.arrivals().map(\.bytes) == [Bench.packet(3)])
  }

  @Test(
    "The packets in flight are bounded, the large ones more tightly", arguments: [(100, 32), (1000, 32), (9000, 2)])
  func bounded(octets: Int, limit: Int) {
    var pipe = ImpairedPipe(Impairment(rate: 0, delay: .seconds(10)), seed: 1, maximumPackets: 32)
    for number in 0..<100 { pipe.take(Bench.packet(number, octets: octets)) }
    #expect(pipe.packetsInFlight == limit)
    #expect(pipe.statistics.lostForMemory == 100 - UInt64(limit))
    #expect(pipe.arrivals().count == limit)
  }
}
