import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Trains that are cut on their way out")
struct TrainTests {
  /// The packets that leave for `octets` octets of text, cut from trains of `trainOctets` or made one by one.
  private func packets(trainOctets: Int, octets: Int, ipv6: Bool = false) throws -> [[UInt8]] {
    let bench = StackBench.onIP { $0.trainOctets = trainOctets }
    let theirs: IPAddress = ipv6 ? .v6(StackBench.theirs6) : StackBench.theirs
    let handle = try bench.connect(to: Endpoint(theirs, 80))
    var peer = RawPeer(bench, port: 80, to: try #require(bench.status(handle)).local)
    peer.answerOpening()
    var text = [UInt8](repeating: 0, count: octets)
    for index in text.indices { text[index] = UInt8(truncatingIfNeeded: index &* 31) }
    try bench.write(text, on: handle)
    let sightings = bench.drain()
    #expect(bench.pagesInUse > 0)
    return sightings.map(\.bytes)
  }

  @Test(
    "Their packets are those that segments made one by one would be, octet for octet",
    arguments: [1, 1448, 1449, 5000, 14_000], [false, true])
  func equivalence(octets: Int, ipv6: Bool) throws {
    let whole = try packets(trainOctets: 32_768, octets: octets, ipv6: ipv6)
    let single = try packets(trainOctets: 0, octets: octets, ipv6: ipv6)
    #expect(!whole.isEmpty)
    #expect(whole == single)
  }

  @Test("A connection that has sent a train lets the next one send")
  func turns() throws {
    let bench = StackBench.onIP()
    var handles: [ConnectionHandle] = []
    for port in 80..<83 as Range<UInt16> {
      let handle = try bench.connect(to: Endpoint(StackBench.theirs, port))
      var peer = RawPeer(bench, port: port, to: try #require(bench.status(handle)).local)
      peer.answerOpening()
      handles.append(handle)
    }
    for handle in handles { try bench.write([UInt8](repeating: 1, count: 14_600), on: handle) }
    let order = bench.drain().compactMap { $0.tcp?.destinationPort }
    #expect(
      order == Array(repeating: 80, count: 10) + Array(repeating: 81, count: 10) + Array(repeating: 82, count: 10))
  }
}
