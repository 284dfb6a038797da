import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Plain segments: the shape that nearly all have")
struct PlainSegmentTests {
  private static let pair = TCPTimestamps(value: 0xDEAD_BEEF, echo: 0x0102_0304)

  private func header(_ flags: TCPFlags, timestamps: Bool) -> TCPHeader {
    var header = TCPHeader(
      sourcePort: 49152, destinationPort: 80, sequence: SequenceNumber(0xFFFF_FFF0),
      acknowledgement: SequenceNumber(7), flags: flags, window: 0xFFFE, urgentPointer: 9)
    if timestamps {
      header.options.present = .timestamps
      header.options.timestamps = PlainSegmentTests.pair
    }
    return header
  }

  /// `header` on the wire, with `before` octets of something else in front.
  private func encode(_ header: TCPHeader, before: Int = 0) -> [UInt8] {
    var octets = [UInt8](repeating: 0xA5, count: before + header.encodedLength)
    octets.withMutableOctets(0..<octets.count) { _ = header.encode(into: &$0, at: before) }
    return octets
  }

  private func plain(_ octets: [UInt8], at position: Int = 0) -> PlainSegment? {
    octets.withOctets(0..<octets.count) { PlainSegment($0, at: position) }
  }

  @Test(
    "ACK, with or without PSH, FIN and timestamps, is read as the whole header is, and made into it again",
    arguments: [TCPFlags.ack, [.ack, .psh], [.ack, .fin], [.ack, .psh, .fin]], [false, true])
  func same(flags: TCPFlags, timestamps: Bool) throws {
    let header = header(flags, timestamps: timestamps)
    for before in [0, 20, 33] {
      let segment = try #require(plain(encode(header, before: before), at: before))
      let other = try #require(PlainSegment(header))
      for one in [segment, other] {
        #expect(one.sequence == header.sequence && one.acknowledgement == header.acknowledgement)
        #expect(one.window == header.window && one.isPushed == flags.contains(.psh))
        #expect(one.isFinal == flags.contains(.fin) && one.flags == flags)
        #expect(one.hasTimestamps == timestamps)
        #expect(one.timestamps == (timestamps ? PlainSegmentTests.pair : TCPTimestamps(value: 0, echo: 0)))
        #expect(one.headerLength == header.encodedLength)
        #expect(encode(TCPHeader(one, sourcePort: 49152, destinationPort: 80)) == encode(header))
      }
    }
  }

  @Test(
    "What is written of a plain segment is what is written of the whole header",
    arguments: [TCPFlags.ack, [.ack, .psh], [.ack, .fin], [.ack, .psh, .fin]], [false, true])
  func written(flags: TCPFlags, timestamps: Bool) throws {
    let header = header(flags, timestamps: timestamps)
    var whole = Departure()
    header.encode(into: &whole)
    var plain = Departure()
    // Whatever stood there before is gone.
    plain.withHeaderBytes { for index in 0..<$0.byteCount { $0.store(UInt8(0xFF), at: index) } }
    let segment = PlainSegment(
      sequence: header.sequence, acknowledgement: header.acknowledgement, window: header.window,
      timestamps: timestamps ? PlainSegmentTests.pair : nil, isPushed: flags.contains(.psh),
      isFinal: flags.contains(.fin))
    segment.encode(into: &plain, sourcePort: header.sourcePort, destinationPort: header.destinationPort)
    #expect(plain.headerStart == whole.headerStart && plain.headerEnd == whole.headerEnd)
    for index in whole.headerStart..<whole.headerEnd { #expect(plain.header[index] == whole.header[index], "\(index)") }
  }

  @Test("Any other flag is not plain: neither one besides ACK, PSH and FIN, nor none at all", arguments: 0..<0x200)
  func flags(rawValue: Int) {
    let flags = TCPFlags(rawValue: UInt16(rawValue))
    let isPlain = flags.subtracting([.psh, .fin]) == .ack
    #expect((plain(encode(header(flags, timestamps: false))) != nil) == isPlain)
    #expect((plain(encode(header(flags, timestamps: true))) != nil) == isPlain)
    #expect((PlainSegment(header(flags, timestamps: true)) != nil) == isPlain)
  }

  @Test("Another option is not plain, nor are timestamps in an unusual place")
  func options() {
    var header = header(.ack, timestamps: true)
    header.options.present.insert(.sack)
    header.options.sackCount = 1
    header.options.sackBlocks[0] = SACKBlock(from: SequenceNumber(5), upTo: SequenceNumber(6))
    #expect(PlainSegment(header) == nil && plain(encode(header)) == nil)
    var moved = encode(self.header(.ack, timestamps: true))
    moved.replaceSubrange(20..<32, with: [8, 10] + moved[24..<32] + [1, 1])
    #expect(plain(moved) == nil)
  }

  @Test("Reserved bits and an urgent pointer without URG are ignored")
  func ignored() throws {
    var octets = encode(header(.ack, timestamps: false))
    octets[12] |= 0x0E
    octets[19] = 1
    #expect(plain(octets) != nil)
  }

  @Test("What is cut off anywhere is not plain, and is not read beyond its end")
  func truncated() {
    for timestamps in [false, true] {
      let octets = encode(header(.ack, timestamps: timestamps))
      for count in 0..<octets.count { #expect(plain(Array(octets[0..<count])) == nil) }
      #expect(plain(octets, at: 1) == nil && plain(octets, at: octets.count) == nil && plain(octets, at: -1) == nil)
    }
  }
}
