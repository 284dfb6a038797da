import MartinetSimulation
import MartinetTCP
import MartinetWire
import Testing

@Suite("How a wire marks congestion")
struct ECNMarkingTests {
  /// An IPv4 packet of 1000 octets with the given traffic class.
  static func ipv4(_ trafficClass: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1000)
    let header = IPv4Header(
      trafficClass: trafficClass, totalLength: 1000, identification: 77, timeToLive: 64, protocolNumber: 253,
      source: IPv4Address(10, 0, 0, 1), destination: IPv4Address(10, 0, 0, 2))
    bytes.withMutableOctets(0..<20) { header.encode(into: &$0, at: 0) }
    return bytes
  }

  static func marking() -> Bench {
    var impairment = Impairment(rate: 8_000_000, delay: .zero)
    impairment.markingThreshold = 1500
    return Bench(impairment)
  }

  @Test("A packet that leaves more than the threshold waiting is marked if it is ECN-capable")
  func threshold() throws {
    var bench = ECNMarkingTests.marking()
    for trafficClass: UInt8 in [0x02, 0x02, 0x02, 0xB9, 0x00, 0x03] { bench.send(ECNMarkingTests.ipv4(trafficClass)) }
    bench.finish()
    let arrivals = bench.arrivals(at: bench.right)
    // The first is transmitted, the second waits with 1000 octets: from the third on more than 1500 wait.
    #expect(arrivals.map { $0.bytes[1] } == [0x02, 0x02, 0x03, 0xBB, 0x00, 0x03])
    #expect(bench.statistics.marked == 2)
    for arrival in arrivals {
      let header = try arrival.bytes.withOctets(0..<1000) { bytes throws(WireError) in try IPv4Header.parse(bytes) }
      #expect(header.identification == 77)
    }
  }

  @Test("The mark of an IPv6 packet stands in the middle of its traffic class")
  func ipv6() {
    var bench = ECNMarkingTests.marking()
    for trafficClass: UInt8 in [0x01, 0x01, 0x01, 0xFD, 0x00] {
      var bytes = [UInt8](repeating: 0, count: 1000)
      bytes[0] = 0x60 | trafficClass >> 4
      bytes[1] = trafficClass << 4 | 0x0A
      bench.send(bytes)
    }
    bench.finish()
    let classes = bench.arrivals(at: bench.right).map { $0.bytes[0] << 4 | $0.bytes[1] >> 4 }
    #expect(classes == [0x01, 0x01, 0x03, 0xFF, 0x00])
  }

  @Test("A wire without a threshold marks nothing")
  func unmarked() {
    var bench = Bench(Impairment(rate: 8_000_000, delay: .zero))
    for _ in 0..<50 { bench.send(ECNMarkingTests.ipv4(2)) }
    bench.finish()
    #expect(bench.arrivals(at: bench.right).allSatisfy { $0.bytes[1] == 2 })
  }
}
