import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Neighbour discovery")
struct NeighbourTests {
  private let target = IPv6Address(high: 0xFE80 << 48, low: 0x1234)
  private let hardware = MACAddress(2, 0, 0, 0, 0, 7)

  private func octets(_ message: ICMPv6Message, _ count: Int) -> [UInt8] {
    var written = 0
    let octets = [UInt8](written: count) { written = message.encode(into: &$0, at: 0) }
    #expect(written == count)
    return octets
  }

  private func parse(_ octets: [UInt8]) throws -> ICMPv6Message {
    try octets.parsed { (bytes) throws(WireError) in try ICMPv6Message.parse(bytes) }
  }

  private func refused(_ octets: [UInt8]) -> WireError? {
    octets.refused { (bytes) throws(WireError) in try ICMPv6Message.parse(bytes) }
  }

  @Test("A solicitation asks for its target")
  func solicitation() throws {
    let message = NeighbourSolicitation(target: target, options: NeighbourOptions(sourceLinkLayer: hardware))
    let octets = octets(.neighbourSolicitation(message), 32)
    #expect(
      octets
        == [UInt8](
          hex: "87 00 00 00 00 00 00 00 fe 80 00 00 00 00 00 00 00 00 00 00 00 00 12 34 01 01 02 00 00 00 00 07"))
    guard case .neighbourSolicitation(let parsed) = try parse(octets) else {
      Issue.record("not a solicitation")
      return
    }
    #expect(parsed.target == target && parsed.options.sourceLinkLayer == hardware)
    #expect(parsed.options.targetLinkLayer == nil)
  }

  @Test("An advertisement says whether it is a router's, asked for, and to be believed", arguments: 0..<8)
  func advertisement(bits: Int) throws {
    let message = NeighbourAdvertisement(
      target: target, isRouter: bits & 4 != 0, isSolicited: bits & 2 != 0, overrides: bits & 1 != 0,
      options: NeighbourOptions(targetLinkLayer: hardware))
    let octets = octets(.neighbourAdvertisement(message), 32)
    #expect(octets[4] == UInt8(bits << 5))
    guard case .neighbourAdvertisement(let parsed) = try parse(octets) else {
      Issue.record("not an advertisement")
      return
    }
    #expect(parsed.target == target && parsed.options.targetLinkLayer == hardware)
    #expect(parsed.isRouter == message.isRouter && parsed.isSolicited == message.isSolicited)
    #expect(parsed.overrides == message.overrides)
  }

  @Test("A router's advertisement has its parameters, its MTU and its prefix")
  func routerAdvertisement() throws {
    var options = NeighbourOptions(sourceLinkLayer: hardware, mtu: 1480)
    let prefix = PrefixInformation(
      prefix: IPv6Address(high: 0x2001_0DB8 << 32, low: 0), length: 64, isAutonomous: false, validLifetime: 7,
      preferredLifetime: 5)
    options.append(prefix)
    let message = RouterAdvertisement(
      hopLimit: 64, hasOtherConfiguration: true, routerLifetime: 1800, reachableTime: 30000,
      retransmissionTimer: 1000, options: options)
    let octets = octets(.routerAdvertisement(message), 16 + 8 + 8 + 32)
    guard case .routerAdvertisement(let parsed) = try parse(octets) else {
      Issue.record("not a router's advertisement")
      return
    }
    #expect(parsed.hopLimit == 64 && parsed.routerLifetime == 1800)
    #expect(!parsed.hasManagedAddresses && parsed.hasOtherConfiguration)
    #expect(parsed.reachableTime == 30000 && parsed.retransmissionTimer == 1000)
    #expect(parsed.options.mtu == 1480 && parsed.options.sourceLinkLayer == hardware)
    #expect(parsed.options.prefixCount == 1 && parsed.options.prefixes[0] == prefix)
    for count in 8..<16 { #expect(refused(Array(octets.prefix(count))) == .truncated) }
  }

  @Test("A redirect names the better hop")
  func redirect() throws {
    let message = NeighbourRedirect(
      target: target, destination: IPv6Address(high: 5, low: 6), options: NeighbourOptions(targetLinkLayer: hardware))
    let octets = octets(.redirect(message), 48)
    guard case .redirect(let parsed) = try parse(octets) else {
      Issue.record("not a redirect")
      return
    }
    #expect(parsed.target == target && parsed.destination == message.destination)
    for count in 8..<40 { #expect(refused(Array(octets.prefix(count))) == .truncated) }
    var toGroup = octets
    toGroup[24] = 0xFF
    #expect(refused(toGroup) == .address)
  }

  @Test("Short messages, group targets, codes and options without length are refused")
  func invalid() {
    let message = NeighbourSolicitation(target: target, options: NeighbourOptions(sourceLinkLayer: hardware))
    for type in [135, 136] as [UInt8] {
      var octets = octets(.neighbourSolicitation(message), 32)
      octets[0] = type
      #expect(refused(octets) == nil)
      for count in 0..<24 { #expect(refused(Array(octets.prefix(count))) == .truncated) }
      for count in 25..<32 { #expect(refused(Array(octets.prefix(count))) == .option) }
      var bad = octets
      bad[1] = 1
      #expect(refused(bad) == .code)
      bad = octets
      bad[8] = 0xFF
      #expect(refused(bad) == .address)
      bad = octets
      bad[25] = 0
      #expect(refused(bad) == .option)
      bad[25] = 2
      #expect(refused(bad) == .option)
    }
  }

  @Test("Options that nobody knows, or of another length, are skipped", .proves("4861-12"))
  func unknownOptions() throws {
    let body = octets(.neighbourSolicitation(NeighbourSolicitation(target: target)), 24)
    let unknown: [UInt8] = [14, 1, 9, 9, 9, 9, 9, 9, 255, 2] + [UInt8](repeating: 9, count: 14)
    let long: [UInt8] = [1, 2] + [UInt8](repeating: 9, count: 14)
    let known: [UInt8] = [1, 1, 2, 0, 0, 0, 0, 7]
    guard case .neighbourSolicitation(let parsed) = try parse(body + unknown + known + long) else {
      Issue.record("not a solicitation")
      return
    }
    #expect(parsed.options.sourceLinkLayer == hardware)
  }

  @Test("Prefixes beyond those that are kept are skipped")
  func manyPrefixes() throws {
    var octets: [UInt8] = [134, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    for index in 0..<9 as Range<UInt8> {
      octets += [3, 4, 64, 0xC0] + [UInt8](repeating: index, count: 28)
    }
    octets += [3, 4, 129, 0xC0] + [UInt8](repeating: 0, count: 28)
    guard case .routerAdvertisement(let parsed) = try parse(octets) else {
      Issue.record("not a router's advertisement")
      return
    }
    #expect(parsed.options.prefixCount == NeighbourOptions.prefixCapacity)
    #expect(parsed.options.prefixes[3].validLifetime == 0x0303_0303)
    var options = parsed.options
    let fits = options.append(PrefixInformation(prefix: .any, length: 0))
    #expect(!fits)
  }
}
