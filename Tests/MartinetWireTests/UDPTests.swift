import MartinetTestSupport
import MartinetWire
import Testing

@Suite("UDP headers")
struct UDPTests {
  private func parse(_ octets: [UInt8], of count: Int? = nil) throws(WireError) -> UDPHeader {
    try octets.parsed { (bytes) throws(WireError) in try UDPHeader.parse(bytes, of: count ?? octets.count) }
  }

  @Test("A length below 8 or beyond the packet is an error, octets beyond the length are ignored", .proves("768-01"))
  func lengths() throws {
    let octets = [UInt8](hex: "00 35 c0 00 00 0a 12 34 01 02 ff ff")
    let header = try parse(octets)
    #expect(header.sourcePort == 53 && header.destinationPort == 49152 && header.length == 10 && header.hasChecksum)
    for (length, error) in [(0, WireError.totalLength), (7, .totalLength), (13, .totalLength), (65535, .totalLength)] {
      var bad = octets
      bad[4] = UInt8(length >> 8)
      bad[5] = UInt8(length & 0xFF)
      #expect(throws: error) { try parse(bad) }
    }
    // Only the first octets of a longer datagram are in reach.
    var long = octets
    long[4] = 0x20
    #expect(try parse(long, of: 0x200A).length == 0x200A)
    #expect(throws: WireError.totalLength) { try parse(long, of: 0x2009) }
    for count in 0..<8 { #expect(throws: WireError.truncated) { try parse(Array(octets.prefix(count)), of: 100) } }
  }

  @Test("A checksum field of zero says that there is no checksum")
  func noChecksum() throws {
    #expect(try !parse([UInt8](hex: "00 35 c0 00 00 08 00 00")).hasChecksum)
  }

  @Test("What is written is read back")
  func roundTrip() throws {
    var generator = SeededGenerator(50)
    for _ in 0..<100 {
      let header = UDPHeader(
        sourcePort: generator.number(), destinationPort: generator.number(), length: generator.number() | 8,
        hasChecksum: false)
      let octets = [UInt8](written: 8) { header.encode(into: &$0, at: 0) }
      #expect(try parse(octets, of: 65535) == header)
    }
  }
}
