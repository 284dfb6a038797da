import MartinetSimulation
import MartinetTCP
import MartinetWire
import Testing

@Suite("What a wire does to packets")
struct ImpairmentTests {
  @Test("A perfect wire delivers at once, unchanged and in order")
  func perfect() {
    var bench = Bench(Impairment())
    bench.sendSeries(100, every: 10)
    #expect(bench.numbers() == Array(0..<100))
    #expect(bench.statistics.delivered == 100)
    #expect(bench.statistics.lost == 0)
  }

  @Test("Rate and delay are exact to the nanosecond")
  func rateAndDelay() {
    var bench = Bench(Impairment(rate: 100_000_000, delay: .milliseconds(10)))
    bench.send(Bench.packet(0, octets: 1500))
    bench.send(Bench.packet(1, octets: 100))
    bench.finish()
    // 1500 octets at 100 Mbit/s take 120 µs, 100 octets 8 µs.
    #expect(bench.arrivals(at: bench.right).map(\.time) == [10_120_000, 10_128_000])
  }

  @Test("A rate that is no whole number of nanoseconds per octet is exact over a thousand packets")
  func fractionalRate() {
    var impairment = Impairment(rate: 7_000_000, delay: .zero)
    impairment.queueCapacity = 2_000_000
    var bench = Bench(impairment)
    for number in 0..<1000 { bench.send(Bench.packet(number)) }
    bench.finish()
    // 1000 packets of 8000 bits at 7 Mbit/s: 8/7 s.
    #expect(bench.arrivals(at: bench.right).last?.time == 1_142_857_142)
  }

  @Test("A packet on an idle wire starts at once, and one behind it waits")
  func idleWire() {
    var bench = Bench(Impairment(rate: 8_000_000, delay: .zero))
    bench.sendSeries(3, every: 1_500_000)
    #expect(bench.arrivals(at: bench.right).map(\.time) == [1_000_000, 2_500_000, 4_000_000])
  }

  @Test("The queue drops from its tail exactly what does not fit")
  func dropTail() {
    var impairment = Impairment(rate: 8_000_000, delay: .zero)
    impairment.queueCapacity = 2500
    var bench = Bench(impairment)
    for number in 0..<5 { bench.send(Bench.packet(number)) }
    #expect(bench.network.queuedOctets(of: bench.wire, .toRight) == 2000)
    // After a millisecond the first has left the transmitter and the second has left the queue.
    bench.network.advance(to: Instant(nanoseconds: 1_000_000))
    #expect(bench.network.queuedOctets(of: bench.wire, .toRight) == 1000)
    bench.send(Bench.packet(5))
    bench.finish()
    #expect(bench.numbers() == [0, 1, 2, 5])
    #expect(bench.statistics.lostToFullQueue == 2)
    #expect(bench.statistics.largestQueue == 2000)
  }

  @Test("Jitter stays within its bound, spreads over it, and does not reorder")
  func jitter() {
    var impairment = Impairment()
    impairment.delay = .milliseconds(5)
    impairment.jitter = .milliseconds(2)
    var bench = Bench(impairment)
    bench.sendSeries(2000, every: 3_000_000)
    let delays = bench.arrivals(at: bench.right).enumerated().map { $1.time - Int64($0) * 3_000_000 }
    #expect(delays.allSatisfy { $0 >= 5_000_000 && $0 <= 7_000_000 })
    let mean = delays.reduce(0, +) / Int64(delays.count)
    #expect(abs(mean - 6_000_000) < 60_000)
    #expect(Set(delays).count > 1900)

    var dense = Bench(impairment)
    dense.sendSeries(500, every: 1000)
    #expect(dense.numbers() == Array(0..<500))
  }

  @Test("Random loss takes its share, and other packets under another seed")
  func randomLoss() {
    var impairment = Impairment()
    impairment.loss = .percent(5)
    var bench = Bench(impairment, seed: 7)
    bench.sendSeries(20_000, every: 10, octets: 40)
    // 1000 expected, standard deviation 31.
    #expect(abs(Int(bench.statistics.lostAtRandom) - 1000) < 125)
    var other = Bench(impairment, seed: 8)
    other.sendSeries(20_000, every: 10, octets: 40)
    #expect(bench.numbers() != other.numbers())
  }

  @Test("Loss of 0 takes nothing and loss of 100 percent everything")
  func certainLoss() {
    var impairment = Impairment()
    impairment.loss = .always
    var bench = Bench(impairment)
    bench.sendSeries(1000, every: 10, octets: 40)
    #expect(bench.statistics.lostAtRandom == 1000)
    #expect(bench.network.packetsInFlight == 0)
  }

  @Test("Bursts have the mean length and the share that Gilbert and Elliott give them")
  func burstLoss() {
    var impairment = Impairment()
    impairment.burstLoss = BurstLoss(turnsBad: .percent(1), turnsGood: .percent(20))
    var bench = Bench(impairment)
    let count = 60_000
    bench.sendSeries(count, every: 10, octets: 40)
    let lost = Int(bench.statistics.lostInBursts)
    // The wire is bad for 1/21 of the packets; a burst has 5 packets on average.
    #expect(abs(lost - count / 21) < count / 210)
    let arrived = bench.numbers()
    var bursts = 0
    for index in 1..<arrived.count where (arrived[index] - arrived[index - 1] + 65_536) % 65_536 > 1 { bursts += 1 }
    let meanLength = Double(lost) / Double(bursts)
    #expect(abs(meanLength - 5) < 0.6)
  }

  @Test(
    "Bursts of a wanted length take a wanted share", arguments: [(UInt32(1), UInt32(4)), (5, 3), (5, 1), (40, 20)])
  func burstsOfLength(percent: UInt32, length: UInt32) throws {
    var impairment = Impairment()
    impairment.burstLoss = try #require(BurstLoss(losing: .percent(percent), inBurstsOf: length) as BurstLoss?)
    var bench = Bench(impairment)
    let count = 60_000
    bench.sendSeries(count, every: 10, octets: 40)
    let lost = Int(bench.statistics.lostInBursts)
    let wanted = count * Int(percent) / 100
    #expect(abs(lost - wanted) < wanted / 6)
    let arrived = bench.numbers()
    var bursts = 0
    for index in 1..<arrived.count where (arrived[index] - arrived[index - 1] + 65_536) % 65_536 > 1 { bursts += 1 }
    #expect(abs(Double(lost) / Double(bursts) / Double(length) - 1) < 0.2)
  }

  @Test("Bursts that would leave no room between them are refused")
  func impossibleBursts() {
    #expect(BurstLoss(losing: .percent(51), inBurstsOf: 1) == nil)
    #expect(BurstLoss(losing: .percent(50), inBurstsOf: 1) != nil)
    #expect(BurstLoss(losing: .percent(91), inBurstsOf: 10) == nil)
    #expect(BurstLoss(losing: .always, inBurstsOf: 10) == nil)
    #expect(BurstLoss(losing: .percent(1), inBurstsOf: 0) == nil)
  }

  @Test("The time that packets wait for the transmitter is counted")
  func waiting() {
    // 1,000 octets at 8 Mbit/s take 1 ms: of packets that come together the second waits 1 ms, the third 2 ms.
    var bench = Bench(Impairment(rate: 8_000_000, delay: .milliseconds(5)))
    for number in 0..<3 { bench.send(Bench.packet(number)) }
    bench.finish()
    #expect(bench.statistics.waited == .milliseconds(3))
  }

  @Test("A reordered packet arrives late by its delay and the others overtake it")
  func reordering() {
    var impairment = Impairment()
    impairment.delay = .milliseconds(1)
    impairment.reordering = .percent(10)
    impairment.reorderingDelay = .microseconds(25)
    var bench = Bench(impairment)
    bench.sendSeries(1000, every: 10_000)
    let arrivals = bench.arrivals(at: bench.right)
    let numbers = arrivals.map { Int($0.bytes[0]) << 8 | Int($0.bytes[1]) }
    #expect(numbers.sorted() == Array(0..<1000))
    let late = zip(numbers, arrivals).filter { number, arrival in
      arrival.time == Int64(number) * 10_000 + 1_025_000
    }
    #expect(late.count == Int(bench.statistics.reordered))
    #expect(abs(late.count - 100) < 40)
    #expect(numbers != numbers.sorted())
    // 25 µs are overtaken by two or three packets that are 10 µs apart.
    let displacement = numbers.enumerated().map { abs($0 - $1) }.max() ?? 0
    #expect(displacement >= 2 && displacement <= 3)
  }

  @Test("A duplicate arrives right behind its original, with the same octets and the same number of transmission")
  func duplication() {
    var impairment = Impairment()
    impairment.duplication = .percent(50)
    var bench = Bench(impairment)
    bench.sendSeries(1000, every: 10, octets: 100)
    let numbers = bench.numbers()
    #expect(numbers == numbers.sorted())
    #expect(numbers.count == 1000 + Int(bench.statistics.duplicated))
    #expect(abs(Int(bench.statistics.duplicated) - 500) < 80)
    #expect(Set(numbers).count == 1000)
  }

  @Test("Corruption flips as many bits as it says and nothing else")
  func corruption() {
    var impairment = Impairment()
    impairment.corruption = .percent(30)
    var bench = Bench(impairment)
    let original = [UInt8](repeating: 0x55, count: 500)
    for _ in 0..<1000 { bench.send(original) }
    bench.finish()
    var corrupted = 0
    for arrival in bench.arrivals(at: bench.right) {
      let flipped = zip(arrival.bytes, original).map { ($0 ^ $1).nonzeroBitCount }.reduce(0, +)
      #expect(flipped <= 1)
      corrupted += flipped
    }
    #expect(corrupted == Int(bench.statistics.corrupted))
    #expect(abs(corrupted - 300) < 75)
  }

  @Test("A packet above the MTU of the direction vanishes, one of its size passes")
  func mtu() {
    var impairment = Impairment()
    impairment.mtu = 1400
    var bench = Bench(impairment)
    bench.send(Bench.packet(1, octets: 1400))
    bench.send(Bench.packet(2, octets: 1401))
    bench.finish()
    #expect(bench.numbers() == [1])
    #expect(bench.statistics.lostForSize == 1)
  }

  @Test("Each impairment has chances of its own: duplication does not move the losses")
  func independentChances() {
    var impairment = Impairment()
    impairment.loss = .percent(10)
    var bench = Bench(impairment)
    bench.sendSeries(1000, every: 10, octets: 40)
    impairment.duplication = .percent(20)
    impairment.corruption = .percent(20)
    impairment.jitter = .microseconds(1)
    var other = Bench(impairment)
    other.sendSeries(1000, every: 10, octets: 40)
    #expect(bench.statistics.lostAtRandom == other.statistics.lostAtRandom)
  }
}
