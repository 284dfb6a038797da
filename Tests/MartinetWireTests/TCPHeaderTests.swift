import MartinetTestSupport
import MartinetWire
import Testing

@Suite("TCP headers")
struct TCPHeaderTests {
  @Test("Every field stands where RFC 9293 section 3.1 puts it")
  func layout() throws {
    let header = TCPHeader(
      sourcePort: 0x0102, destinationPort: 0x0304, sequence: SequenceNumber(0x0506_0708),
      acknowledgement: SequenceNumber(0x090A_0B0C), flags: [.ae, .urg, .ack, .fin], window: 0x0D0E,
      urgentPointer: 0x0F10)
    let octets = [UInt8](written: 20) { header.encode(into: &$0, at: 0) }
    #expect(octets == [UInt8](hex: "01 02 03 04 05 06 07 08 09 0a 0b 0c 51 31 0d 0e 00 00 0f 10"))
    let (parsed, length) = try octets.parsed { (bytes) throws(WireError) in try TCPHeader.parse(bytes) }
    #expect(length == 20)
    #expect(parsed.line == header.line)
  }

  @Test("Each of the 512 sets of control bits survives the wire", arguments: [0x1FF] as [UInt16])
  func flags(all: UInt16) throws {
    for bits in 0...all {
      let header = TCPHeader(
        sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(3), acknowledgement: SequenceNumber(4),
        flags: TCPFlags(rawValue: bits), window: 5)
      let octets = [UInt8](written: 20) { header.encode(into: &$0, at: 0) }
      let parsed = try octets.parsed { (bytes) throws(WireError) in try TCPHeader.parse(bytes).header }
      #expect(parsed.flags.rawValue == bits)
    }
  }

  @Test("The reserved bits are sent as zero and not looked at", .proves("9293-P-49"))
  func reservedBits() throws {
    let header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(3), acknowledgement: SequenceNumber(4),
      flags: TCPFlags(rawValue: 0xFFFF), window: 5)
    var octets = [UInt8](written: 20) { header.encode(into: &$0, at: 0) }
    #expect(octets[12] & 0x0E == 0)
    octets[12] |= 0x0E
    octets[13] = 0x10
    let (parsed, length) = try octets.parsed { (bytes) throws(WireError) in try TCPHeader.parse(bytes) }
    #expect(length == 20)
    #expect(parsed.flags == [.ae, .ack])
  }

  @Test("The urgent pointer counts only with URG", .proves("9293-P-50"))
  func urgentPointer() throws {
    var header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(3), acknowledgement: SequenceNumber(4),
      flags: [.ack, .urg], window: 5, urgentPointer: 77)
    var octets = [UInt8](written: 20) { header.encode(into: &$0, at: 0) }
    #expect(try octets.parsed { (bytes) throws(WireError) in try TCPHeader.parse(bytes).header }.urgentPointer == 77)
    octets[13] = 0x10
    #expect(try octets.parsed { (bytes) throws(WireError) in try TCPHeader.parse(bytes).header }.urgentPointer == 0)
    header.flags = .ack
    #expect([UInt8](written: 20) { header.encode(into: &$0, at: 0) }[18...] == [0, 0])
  }

  @Test(
    "A data offset below 5 or beyond the segment is an error", .proves("9293-P-48", "ATK-29"),
    arguments: 0...15 as ClosedRange<UInt8>)
  func dataOffset(offset: UInt8) {
    var octets = [UInt8](repeating: 1, count: 64)
    octets[12] = offset << 4
    for count in 0...60 {
      let expected: WireError? = count < 20 ? .truncated : offset < 5 || Int(offset) * 4 > count ? .headerLength : nil
      let refused = Array(octets.prefix(count)).refused { (bytes) throws(WireError) in try TCPHeader.parse(bytes).length
      }
      #expect(refused == expected)
    }
  }

  @Test("What is written is read back, options included", .proves("9293-MUST-68"), arguments: 0..<400 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var generator = SeededGenerator(seed)
    var header = TCPHeader(
      sourcePort: generator.number(), destinationPort: generator.number(), sequence: generator.sequence(),
      acknowledgement: generator.sequence(), flags: TCPFlags(rawValue: generator.number() & 0x1FF),
      window: generator.number(), urgentPointer: generator.number())
    header.options = .random(using: &generator, isSYN: header.isSYN)
    let length = header.encodedLength
    #expect(length >= 20 && length <= 60 && length % 4 == 0)
    let octets = [UInt8](written: length) { header.encode(into: &$0, at: 0) }
    #expect(Int(octets[12] >> 4) * 4 == length)
    let (parsed, parsedLength) = try octets.parsed { (bytes) throws(WireError) in try TCPHeader.parse(bytes) }
    #expect(parsedLength == length)
    let again = [UInt8](written: length) { parsed.encode(into: &$0, at: 0) }
    #expect(again == octets)
    if header.options.fitsWhole && header.flags.contains(.urg) { #expect(parsed.line == header.line) }
    // Whatever the list holds beside no-operations has a length, and the lengths add up to the header.
    var position = 20
    while position < length {
      if octets[position] == TCPOptionKind.noOperation {
        position += 1
      } else {
        #expect(octets[position] != TCPOptionKind.endOfList && octets[position + 1] >= 2)
        position += Int(octets[position + 1])
      }
    }
    #expect(position == length)
  }

  @Test("A departure holds the same octets as a span")
  func intoDeparture() {
    var generator = SeededGenerator(31)
    for _ in 0..<50 {
      var header = TCPHeader(
        sourcePort: 1, destinationPort: 2, sequence: generator.sequence(), acknowledgement: generator.sequence(),
        flags: [.syn, .ack], window: 9)
      header.options = .random(using: &generator, isSYN: true)
      var departure = Departure()
      header.encode(into: &departure)
      #expect(departure.octets == [UInt8](written: header.encodedLength) { header.encode(into: &$0, at: 0) })
    }
  }

  @Test("SEG.LEN counts SYN and FIN", .proves("9293-P-37"))
  func sequenceLength() {
    for (flags, length) in [(TCPFlags.ack, 10), (.syn, 11), ([.fin, .ack], 11), ([.syn, .fin], 12)] {
      let header = TCPHeader(
        sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(UInt32.max), acknowledgement: SequenceNumber(0),
        flags: flags, window: 0)
      #expect(header.sequenceLength(payload: 10) == length)
    }
  }

  @Test("A header is one line")
  func line() {
    var header = TCPHeader(
      sourcePort: 49152, destinationPort: 80, sequence: SequenceNumber(1000), acknowledgement: SequenceNumber(0),
      flags: .syn, window: 65535)
    header.options.present = [.maximumSegmentSize, .sackPermitted, .timestamps, .windowScale]
    header.options.maximumSegmentSize = 1460
    header.options.timestamps = TCPTimestamps(value: 7, echo: 0)
    header.options.windowScale = WindowScale(clamping: 7)
    #expect(
      header.line == "49152 > 80 SYN seq 1000 win 65535 <mss 1460, sack permitted, ts 7 0, scale 7>")
    header.flags = [.ack, .psh, .urg]
    header.urgentPointer = 3
    header.acknowledgement = SequenceNumber(UInt32.max)
    header.options = TCPOptions()
    header.options.present = .sack
    header.options.sackCount = 1
    header.options.sackBlocks[0] = SACKBlock(from: SequenceNumber(10), upTo: SequenceNumber(20))
    #expect(
      header.line(payload: 5)
        == "49152 > 80 PSH,ACK,URG seq 1000 ack 4294967295 win 65535 urg 3 <sack 10:20> len 5")
    #expect(TCPFlags().description == "none")
  }
}

extension TCPOptions {
  /// Options of any kind and value that a well-behaved sender could send.
  static func random(using generator: inout SeededGenerator, isSYN: Bool) -> TCPOptions {
    var options = TCPOptions()
    options.present = Presence(rawValue: generator.number() & 0xFF)
    if !isSYN { options.present.remove(.fastOpen) }
    options.maximumSegmentSize = generator.number()
    options.windowScale = WindowScale(clamping: generator.number())
    options.userTimeout = UserTimeoutOption(inMinutes: .random(using: &generator), value: generator.number() | 1)
    options.userTimeout.value &= 0x7FFF
    options.timestamps = TCPTimestamps(value: generator.number(), echo: generator.number())
    options.sackCount = UInt8.random(in: 1...4, using: &generator)
    for index in 0..<4 {
      options.sackBlocks[index] = SACKBlock(from: generator.sequence(), upTo: generator.sequence())
    }
    options.fastOpenCookie.count = [0, 4, 8, 16].randomElement(using: &generator) ?? 0
    for index in 0..<Int(options.fastOpenCookie.count) { options.fastOpenCookie.bytes[index] = generator.number() }
    options.accurateECN = AccurateECNCounters(
      ect0Bytes: generator.number() & 0xFF_FFFF, ceBytes: generator.number() & 0xFF_FFFF,
      ect1Bytes: generator.number() & 0xFF_FFFF, startsWithECT1: .random(using: &generator))
    return options
  }

  /// Whether 40 octets take all of the options.
  var fitsWhole: Bool {
    var octets = has(.sack) ? 4 + 8 * Int(sackCount) : 0
    if has(.maximumSegmentSize) { octets += 4 }
    if has(.timestamps) { octets += 12 } else if has(.sackPermitted) { octets += 4 }
    if has(.windowScale) { octets += 4 }
    if has(.userTimeout) { octets += 4 }
    if has(.fastOpen) { octets += (2 + Int(fastOpenCookie.count) + 3) / 4 * 4 }
    if has(.accurateECN) { octets += 12 }
    return octets <= 40
  }
}
