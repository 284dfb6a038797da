import MartinetSimulation
import MartinetTCP
import MartinetWire
import Testing

@Suite("Partition, cut and change of a wire")
struct WireConditionTests {
  static func delayed() -> Bench {
    Bench(Impairment(rate: 0, delay: .milliseconds(10)))
  }

  @Test("A partition lets nothing pass until it heals")
  func partition() {
    var bench = WireConditionTests.delayed()
    bench.send(Bench.packet(0))
    bench.network.advance(to: Instant(nanoseconds: 20_000_000))
    bench.network.partition(bench.wire)
    bench.send(Bench.packet(1))
    bench.network.advance(to: Instant(nanoseconds: 40_000_000))
    bench.network.heal(bench.wire)
    bench.send(Bench.packet(2))
    bench.finish()
    #expect(bench.numbers() == [0, 2])
    #expect(bench.statistics.lostToPartition == 1)
  }

  @Test("A silent cut takes what is in flight, in the direction that was cut and not in the other")
  func cut() {
    var bench = WireConditionTests.delayed()
    bench.send(Bench.packet(0))
    bench.send(Bench.packet(1), .toLeft)
    bench.network.advance(to: Instant(nanoseconds: 5_000_000))
    bench.network.cut(bench.wire, .toRight)
    bench.send(Bench.packet(2))
    bench.send(Bench.packet(3), .toLeft)
    bench.finish()
    #expect(bench.numbers() == [])
    #expect(bench.arrivals(at: bench.left).map { $0.bytes[1] } == [1, 3])
    #expect(bench.statistics.lostToCut == 2)
    #expect(bench.network.condition(of: bench.wire, .toRight) == .cut)
    #expect(bench.network.condition(of: bench.wire, .toLeft) == .whole)
  }

  @Test("A scheduled change happens at its time")
  func schedule() {
    var bench = Bench(Impairment())
    bench.network.schedule(.condition(.cut), of: bench.wire, at: Instant(nanoseconds: 45))
    bench.network.schedule(.condition(.whole), of: bench.wire, at: Instant(nanoseconds: 75))
    var slow = Impairment()
    slow.delay = .seconds(1)
    bench.network.schedule(.impairment(slow, .toRight), of: bench.wire, at: Instant(nanoseconds: 85))
    bench.sendSeries(10, every: 10)
    let arrivals = bench.arrivals(at: bench.right)
    #expect(arrivals.map(\.time) == [0, 10, 20, 30, 40, 80, 1_000_000_090])
    #expect(bench.network.impairment(of: bench.wire, .toLeft).delay == .zero)
  }

  @Test("A filter loses, holds, doubles and corrupts the packets that it names")
  func filter() {
    var bench = Bench(Impairment())
    bench.network.setFilter(of: bench.wire, .toRight) { bytes, number in
      switch number {
      case 2: .isLost
      case 3: .isHeld(.microseconds(1))
      case 5: .isDuplicated
      case 6: bytes.byteCount == 1000 ? .isCorrupted : .isLost
      default: .passes
      }
    }
    for number in 1...7 { bench.send(Bench.packet(number)) }
    bench.finish()
    #expect(bench.statistics.lostToFilter == 1)
    #expect(bench.statistics.corrupted == 1)
    let arrivals = bench.arrivals(at: bench.right)
    #expect(arrivals.count == 7)
    #expect(arrivals.last?.bytes == Bench.packet(3))
    #expect(arrivals.filter { $0.bytes == Bench.packet(5) }.count == 2)
    #expect(arrivals.filter { $0.bytes == Bench.packet(6) }.isEmpty)
  }

  @Test("The losses are told with their time, place and cause")
  func lossRecords() {
    var bench = WireConditionTests.delayed()
    bench.network.recordsLosses = true
    bench.network.partition(bench.wire, .toLeft)
    bench.send(Bench.packet(0))
    bench.send(Bench.packet(1), .toLeft)
    bench.finish()
    let loss = bench.network.pollLoss()
    #expect(loss?.cause == .partitioned)
    #expect(loss?.direction == .toLeft)
    #expect(loss?.serial == 2)
    #expect(bench.network.pollLoss() == nil)
  }

  @Test("Packets beyond the bound of the network's memory are lost and counted")
  func memoryBound() {
    var network = Network(seed: 1, maximumFrames: 10)
    let left = network.addHost()
    let right = network.addHost()
    let wire = network.connect(
      .host(left), .host(right), by: WireDescription(Impairment(rate: 0, delay: .seconds(1))))
    let packet = Bench.packet(0)
    for _ in 0..<15 { packet.withOctets(0..<packet.count) { network.inject($0, into: wire, .toRight) } }
    #expect(network.packetsInFlight == 10)
    #expect(network.statistics(of: wire, .toRight).lostForMemory == 5)
  }
}
