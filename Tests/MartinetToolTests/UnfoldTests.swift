import MartinetTool
import MartinetWire
import Testing

@Suite("Taking a packet apart")
struct UnfoldTests {
  /// A segment of IPv4 with timestamps, padding and 13 octets of data; its checksums are right.
  private static let octets: [UInt8] = [
    0x45, 0x00, 0x00, 0x41, 0x12, 0x34, 0x40, 0x00, 0x40, 0x06, 0x13, 0xE7, 10, 77, 0, 2, 10, 77, 0, 1,
    0xC3, 0x50, 0x23, 0x28, 0x00, 0x00, 0x03, 0xE9, 0x00, 0x00, 0x07, 0xD1, 0x80, 0x18, 0x01, 0x00, 0x00, 0x00, 0, 0,
    1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 72, 101, 108, 108, 111, 44, 32, 119, 111, 114, 108, 100, 33,
  ]

  private func text(_ layer: Layer, width: Int = 100, isUnicode: Bool = true) -> String {
    Unfold.text(layer, title: "packet 4", on: Terminal(width: width, isUnicode: isUnicode))
  }

  @Test("A packet is drawn with the segment in it, the options and the data in that, each field with its bits")
  func golden() {
    let context = UnfoldContext(origin: 1000, peerOrigin: 2000, windowShift: 7)
    #expect(text(Dissection.packet(UnfoldTests.octets, in: context)) == drawing)
  }

  @Test("A frame holds the packet, also behind a VLAN tag")
  func frame() {
    let tag: [UInt8] = [0x81, 0x00, 0x60, 0x2A]
    let header: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2] + tag + [0x08, 0x00]
    let layer = Dissection.frame(header + UnfoldTests.octets)
    #expect(layer.title == "frame (trame): Ethernet II, 83 octets")
    #expect(
      layer.fields.map(\.value) == ["02:00:00:00:00:01", "02:00:00:00:00:02", "0x8100", "3", "not set", "42", "0x0800"])
    #expect(layer.inner.first?.title == "packet (paquet): IPv4, RFC 791, 65 octets")
  }

  @Test("An IPv6 packet shows its addresses and the checksum of its segment")
  func version6() throws {
    let source: [UInt8] = [0xFD, 0x77] + [UInt8](repeating: 0, count: 13) + [2]
    let destination: [UInt8] = [0xFD, 0x77] + [UInt8](repeating: 0, count: 13) + [1]
    let segment = Array(UnfoldTests.octets[20...])
    let layer = Dissection.packet(
      [0x60, 0x01, 0x23, 0x45, 0, UInt8(segment.count), 6, 64] + source + destination + segment)
    let values = Dictionary(uniqueKeysWithValues: layer.fields.map { ($0.name, $0.value) })
    #expect(values["source"] == "fd77::2")
    #expect(values["flow label"] == "0x12345")
    #expect(layer.inner.first?.title == "segment: TCP, RFC 9293, 45 octets")
    #expect(layer.inner.first?.fields.first { $0.name == "checksum" }?.meaning == "wrong")
  }

  @Test("The fields of a header take all of its bits, without overlap")
  func covers() {
    let packet = Dissection.packet(UnfoldTests.octets)
    #expect(packet.fields.map(\.bits).reduce(0, +) == 160)
    #expect(packet.inner[0].fields.map(\.bits).reduce(0, +) == 160)
    #expect(packet.inner[0].inner.dropLast().flatMap(\.fields).map(\.bits).reduce(0, +) == 96)
  }

  @Test("Whatever is cut off, it is drawn as far as it goes")
  func cutShort() {
    for count in 0...UnfoldTests.octets.count {
      let drawn = text(Dissection.packet(Array(UnfoldTests.octets.prefix(count))))
      #expect(drawn.hasPrefix("packet 4\n"))
    }
    #expect(Dissection.packet(Array(UnfoldTests.octets.prefix(30))).inner[0].title.hasSuffix("cut short"))
  }

  @Test("Any octets are drawn without a fault")
  func anything() {
    var state: UInt64 = 42
    for round in 0..<2000 {
      var octets = [UInt8](repeating: 0, count: round % 120)
      for index in octets.indices {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        octets[index] = UInt8(state >> 56)
      }
      if round % 3 == 0 && !octets.isEmpty { octets[0] = 0x45 }
      if round % 3 == 1 && octets.count > 9 {
        octets[0] = 0x45
        octets[9] = 6
        octets[6] = 0
        octets[7] = 0
      }
      #expect(!text(Dissection.packet(octets), isUnicode: false).isEmpty)
      #expect(!text(Dissection.frame(octets)).isEmpty)
    }
  }
}

private let drawing = """
  packet 4
  ┌ packet (paquet): IPv4, RFC 791, 65 octets
  │   0    4 bits  0100....           version               4           IPv4
  │   0    4 bits  ....0101           header length         5           words of 32 bits: 20 octets
  │   1    6 bits  000000..           traffic class (DSCP)  0           best effort
  │   1    2 bits  ......00           congestion (ECN)      0           not ECN-capable
  │   2   16 bits  00 41              total length          65          octets of header and payload
  │   4   16 bits  12 34              identification        0x1234      tells fragments of one packet
  │   6     1 bit  0.......           reserved              not set
  │   6     1 bit  .1......           don't fragment (DF)   set         routers must not cut it
  │   6     1 bit  ..0.....           more fragments (MF)   not set     nothing follows
  │   6   13 bits  ...00000 00000000  fragment offset       0           octet 0 of the whole packet
  │   8    8 bits  40                 time to live          64          routers that may still pass it
  │                                                                     on
  │   9    8 bits  06                 protocol              6           TCP
  │  10   16 bits  13 e7              header checksum       0x13e7      correct
  │  12   32 bits  0a 4d 00 02        source                10.77.0.2
  │  16   32 bits  0a 4d 00 01        destination           10.77.0.1
  │ ┌ segment: TCP, RFC 9293, 45 octets
  │ │   0   16 bits  c3 50              source port       50000       the program that sends
  │ │   2   16 bits  23 28              destination port  9000        the program that is to get it
  │ │   4   32 bits  00 00 03 e9        sequence number   1001        octet 1 of the stream
  │ │   8   32 bits  00 00 07 d1        acknowledgement   2001        next awaited: octet 1 of the
  │ │                                                                 stream
  │ │  12    4 bits  1000....           data offset       8           words of 32 bits: 32 octets of
  │ │                                                                 header
  │ │  12    3 bits  ....000.           reserved          0
  │ │  12     1 bit  .......0           AE                not set
  │ │  13     1 bit  0.......           CWR               not set
  │ │  13     1 bit  .0......           ECE               not set
  │ │  13     1 bit  ..0.....           URG               not set
  │ │  13     1 bit  ...1....           ACK               set         the acknowledgement counts
  │ │  13     1 bit  ....1...           PSH               set         hand the data to the program
  │ │  13     1 bit  .....0..           RST               not set
  │ │  13     1 bit  ......0.           SYN               not set
  │ │  13     1 bit  .......0           FIN               not set
  │ │  14   16 bits  01 00              window            256         scaled by 7 bits: 32768 octets
  │ │                                                                 may be sent
  │ │  16   16 bits  00 00              checksum          0x0000      wrong
  │ │  18   16 bits  00 00              urgent pointer    0           without meaning, URG is not set
  │ │ ┌ option: no operation, fills up
  │ │ │   0    8 bits  01                 kind  1
  │ │ ┌ option: no operation, fills up
  │ │ │   0    8 bits  01                 kind  1
  │ │ ┌ option: timestamps
  │ │ │   0    8 bits  08                 kind    8
  │ │ │   1    8 bits  0a                 length  10          octets of this option
  │ │ │   2   32 bits  00 00 00 01        value   1           the sender's clock
  │ │ │   6   32 bits  00 00 00 02        echo    2           the clock value that it answers
  │ │ ┌ data from octet 1 of the stream, 13 octets
  │ │ │ 0000  48 65 6c 6c 6f 2c 20 77 6f 72 6c 64 21           Hello, world!
  │ │ └
  │ └
  └

  """
