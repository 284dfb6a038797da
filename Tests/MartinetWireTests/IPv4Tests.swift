import MartinetTestSupport
import MartinetWire
import Testing

@Suite("IPv4 headers")
struct IPv4Tests {
  private func parse(_ octets: [UInt8]) throws(WireError) -> IPv4Header {
    try octets.parsed { (bytes) throws(WireError) in try IPv4Header.parse(bytes) }
  }

  private func refused(_ octets: [UInt8]) -> WireError? {
    octets.refused { (bytes) throws(WireError) in try IPv4Header.parse(bytes) }
  }

  /// A packet with `options` and `payload` octets, its checksum right, after `change` has been at the header.
  private func packet(
    options: [UInt8] = [], payload: Int = 4, _ change: (inout [UInt8]) -> Void = { _ in }
  ) -> [UInt8] {
    var header = IPv4Header(
      totalLength: 20 + options.count + payload, protocolNumber: 6, source: IPv4Address(10, 0, 0, 1),
      destination: IPv4Address(10, 0, 0, 2))
    header.identification = 0xBEEF
    var octets = [UInt8](written: 20) { header.encode(into: &$0, at: 0) } + options
    octets[0] = 0x45 + UInt8(options.count / 4)
    change(&octets)
    octets[10] = 0
    octets[11] = 0
    let checksum = referenceChecksum(octets)
    octets[10] = UInt8(checksum >> 8)
    octets[11] = UInt8(checksum & 0xFF)
    return octets + [UInt8](repeating: 7, count: payload)
  }

  @Test("Every field stands where RFC 791 section 3.1 puts it")
  func layout() throws {
    let header = IPv4Header(
      trafficClass: 0xB9, totalLength: 0x0102, identification: 0x0304, doesNotFragment: true,
      hasMoreFragments: true, fragmentOffset: 8 * 0x1234, timeToLive: 5, protocolNumber: 17,
      source: IPv4Address(1, 2, 3, 4), destination: IPv4Address(5, 6, 7, 8))
    var octets = [UInt8](written: 20) { header.encode(into: &$0, at: 0) }
    #expect(referenceChecksum(octets) == 0)
    octets[10...11] = [0, 0]
    #expect(octets == [UInt8](hex: "45 b9 01 02 03 04 72 34 05 11 00 00 01 02 03 04 05 06 07 08"))
  }

  @Test("What is written is read back", arguments: 0..<50 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var generator = SeededGenerator(seed)
    let payload = 8 * Int.random(in: 1...100, using: &generator)
    let header = IPv4Header(
      trafficClass: generator.number(), totalLength: 20 + payload, identification: generator.number(),
      doesNotFragment: .random(using: &generator), hasMoreFragments: .random(using: &generator),
      fragmentOffset: 8 * Int.random(in: 0...8191, using: &generator), timeToLive: generator.number(),
      protocolNumber: generator.number(), source: IPv4Address(generator.number()),
      destination: IPv4Address(generator.number()))
    let octets = [UInt8](written: 20 + payload) { header.encode(into: &$0, at: 0) }
    #expect(try parse(octets) == header)
  }

  @Test("A header or a total length that cannot be is refused", .proves("791-01", "ATK-29"))
  func lengths() throws {
    #expect(refused(packet()) == nil)
    for words in 0..<5 as Range<UInt8> { #expect(refused(packet { $0[0] = 0x40 | words }) == .headerLength) }
    #expect(refused(packet { $0[0] = 0x47 }) == .headerLength)
    #expect(refused(packet { $0[3] = 19 }) == .totalLength)
    #expect(refused(packet(options: [1, 1, 1, 1]) { $0[3] = 23 }) == .totalLength)
    #expect(refused(packet { $0[3] = 25 }) == .totalLength)
    #expect(refused(packet { $0[2] = 0xFF }) == .totalLength)
    #expect(refused(packet { $0[0] = 0x65 }) == .version)
    for count in 0..<24 {
      #expect(refused(Array(packet().prefix(count))) == (count < 20 ? .truncated : .totalLength))
    }
  }

  @Test("What a link has put behind the packet is trimmed", .proves("791-01", "1122-28"))
  func padding() throws {
    let header = try parse(packet() + [UInt8](repeating: 0xAA, count: 22))
    #expect(header.totalLength == 24 && header.payloadLength == 4)
  }

  @Test("A wrong header checksum is found, whichever bit is wrong")
  func checksum() {
    let octets = packet()
    for bit in 0..<160 {
      var bad = octets
      bad[bit / 8] ^= 0x80 >> UInt8(bit % 8)
      #expect(refused(bad) != nil)
    }
  }

  @Test("A fragment is not empty, and a multiple of eight octets unless it is the last", .proves("791-04"))
  func fragments() throws {
    #expect(refused(packet(payload: 16) { $0[6] = 0x20 }) == nil)
    for payload in [0, 1, 7, 9, 15] { #expect(refused(packet(payload: payload) { $0[6] = 0x20 }) == .fragment) }
    let last = try parse(packet(payload: 5) { $0[7] = 3 })
    #expect(last.fragmentOffset == 24 && last.isFragment && !last.hasMoreFragments)
    #expect(refused(packet(payload: 0) { $0[7] = 3 }) == .fragment)
  }

  @Test("The reserved flag is sent as zero", .proves("791-04"))
  func reservedFlag() {
    let header = IPv4Header(
      doesNotFragment: true, hasMoreFragments: true, fragmentOffset: 65528 + 65536, protocolNumber: 6,
      source: .loopback, destination: .loopback)
    #expect([UInt8](written: 20) { header.encode(into: &$0, at: 0) }[6] & 0x80 == 0)
  }

  @Test(
    "A plan cuts at multiples of eight, without gap or overlap, more to come except at the last",
    .proves("791-02", "5722-02"))
  func fragmentPlan() throws {
    var generator = SeededGenerator(60)
    for _ in 0..<300 {
      let payload = Int.random(in: 0...65535, using: &generator)
      let header = [20, 48].randomElement(using: &generator) ?? 20
      let mtu = Int.random(in: (header + 8)...9000, using: &generator)
      let plan = try #require(FragmentPlan(payload: payload, mtu: mtu, headerLength: header))
      var position = 0
      for index in 0..<plan.count {
        let piece = plan[index]
        #expect(piece.offset == position && piece.offset % 8 == 0)
        #expect(piece.count + header <= mtu && (piece.count > 0 || payload == 0))
        #expect(piece.hasMoreFragments == (index < plan.count - 1))
        #expect(!piece.hasMoreFragments || piece.count % 8 == 0)
        position += piece.count
      }
      #expect(position == payload)
    }
    #expect(FragmentPlan(payload: 65535, mtu: Int.max, headerLength: 20)?.count == 1)
    #expect(FragmentPlan(payload: 65536, mtu: 1500, headerLength: 20) == nil)
    #expect(FragmentPlan(payload: 100, mtu: 27, headerLength: 20) == nil)
    #expect(FragmentPlan(payload: -1, mtu: 1500, headerLength: 20) == nil)
  }

  @Test("A datagram that must not be fragmented is not, another takes the offsets of its pieces", .proves("791-02"))
  func fragmentHeaders() throws {
    var header = IPv4Header(identification: 9, protocolNumber: 17, source: .loopback, destination: .loopback)
    let plan = try #require(FragmentPlan(payload: 3000, mtu: 1500, headerLength: 20))
    #expect(header.fragment(plan[0]) == nil)
    header.doesNotFragment = false
    let pieces = (0..<plan.count).compactMap { header.fragment(plan[$0]) }
    #expect(pieces.map(\.fragmentOffset) == [0, 1480, 2960])
    #expect(pieces.map(\.hasMoreFragments) == [true, true, false])
    #expect(pieces.map(\.totalLength) == [1500, 1500, 60])
    #expect(pieces.allSatisfy { $0.identification == 9 })
    // A piece of a piece that is not the last has more behind it, too.
    #expect(pieces[1].fragment(plan[2])?.hasMoreFragments == true)
  }

  @Test(
    "Options that RFC 791 knows and those it does not are skipped", .proves("791-06", "1122-12"),
    arguments: [
      "01 01 01 01", "00 ff ff ff", "07 07 04 00 00 00 00 00", "44 08 05 00 00 00 00 00", "94 04 00 00",
      "82 0b 00 00 00 00 00 00 00 00 00 00", "99 02 01 00", "9e 08 01 02 03 04 05 06",
    ])
  func goodOptions(list: String) throws {
    let header = try parse(packet(options: [UInt8](hex: list)))
    #expect(header.headerLength == 20 + [UInt8](hex: list).count)
    #expect(header.payloadLength == 4 && !header.hasSourceRoute)
  }

  @Test(
    "Options with impossible lengths or pointers are refused", .proves("791-06", "1122-12"),
    arguments: [
      "07 00 00 00", "07 01 00 00", "07 05 04 00", "07 02 00 00", "07 07 03 00 00 00 00 00", "44 03 05 00",
      "44 08 04 00 00 00 00 00", "83 ff 04 00", "01 01 01 07", "99 00 00 00", "99 01 00 00", "99 05 00 00",
    ])
  func badOptions(list: String) {
    #expect(refused(packet(options: [UInt8](hex: list))) == .option)
  }

  @Test("Source routes are noticed", .proves("791-06"))
  func sourceRoutes() throws {
    for kind in [131, 137] as [UInt8] {
      let header = try parse(packet(options: [kind, 7, 4, 1, 2, 3, 4, 0]))
      #expect(header.hasSourceRoute)
    }
  }

  @Test("A quoted header may promise more than is there, and may have been changed on its way")
  func quoted() throws {
    var octets = Array(packet(payload: 1000).prefix(28))
    octets[8] = 1
    let header = try octets.parsed { (bytes) throws(WireError) in try IPv4Header.parseQuoted(bytes) }
    #expect(header.totalLength == 1020 && header.timeToLive == 1)
  }
}
