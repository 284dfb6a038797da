import MartinetTestSupport
import MartinetWire
import Testing

@Suite("TCP options")
struct TCPOptionTests {
  /// The options in `list`, which is filled up with zeros, in a header with `flags`.
  private func parse(_ list: String, _ flags: TCPFlags = .syn) throws -> TCPOptions {
    try parse([UInt8](hex: list), flags)
  }

  private func parse(_ list: [UInt8], _ flags: TCPFlags = .syn) throws -> TCPOptions {
    let header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(3), acknowledgement: SequenceNumber(4),
      flags: flags, window: 5)
    var octets = [UInt8](written: 20) { header.encode(into: &$0, at: 0) } + list
    while octets.count % 4 != 0 { octets.append(0) }
    octets[12] = UInt8(octets.count / 4) << 4 | octets[12] & 0xF
    return try octets.parsed { (bytes) throws(WireError) in try TCPHeader.parse(bytes).header.options }
  }

  @Test("End of list, no-operation and maximum segment size are known", .proves("9293-MUST-4"))
  func basicKinds() throws {
    let options = try parse("01 01 02 04 05 b4 00 03 03 07")
    #expect(options.present == .maximumSegmentSize)
    #expect(options.maximumSegmentSize == 1460)
    #expect(try parse("00 02 04 05 b4").present.isEmpty)
    #expect(try parse("01 01 01 01").present.isEmpty)
  }

  @Test(
    "Kinds that nobody knows are skipped, and what is behind them is read",
    .proves("9293-MUST-6", "9293-MUST-68"))
  func unknownKinds() throws {
    let known: Set<UInt8> = [0, 1, 2, 3, 4, 5, 8, 28, 34, 172, 174]
    for kind in UInt8.min ... .max where !known.contains(kind) {
      for length in [2, 3, 9, 20] {
        let filler = [UInt8](repeating: 2, count: length - 2)
        let options = try parse([kind, UInt8(length)] + filler + [2, 4, 5, 0xB4])
        #expect(options.present == .maximumSegmentSize && options.maximumSegmentSize == 1460)
      }
    }
  }

  @Test("Options stand at any octet", .proves("9293-MUST-64"), arguments: 0..<8)
  func alignment(offset: Int) throws {
    let filler = [UInt8](repeating: 1, count: offset)
    let options = try parse(filler + [UInt8](hex: "08 0a 01 02 03 04 05 06 07 08 03 03 05 04 02 02 04 05 b4"))
    #expect(options.present == [.timestamps, .windowScale, .sackPermitted, .maximumSegmentSize])
    #expect(options.timestamps == TCPTimestamps(value: 0x0102_0304, echo: 0x0506_0708))
    #expect(options.windowScale.shift == 5)
    let sack = try parse(filler + [UInt8](hex: "05 0a ff ff ff f0 00 00 00 10"), .ack)
    #expect(sack.sackBlocks[0] == SACKBlock(from: SequenceNumber(0xFFFF_FFF0), upTo: SequenceNumber(16)))
  }

  @Test(
    "At an impossible length the rest is ignored, and what came before counts", .proves("9293-MUST-7", "ATK-30"),
    arguments: [
      "08 00", "08 01", "99 00", "99 01", "99 ff", "08", "99", "02 00 05 b4", "02 03 05", "02 05 05 b4 00", "02 ff",
      "03 02", "03 04 07 07", "04 01", "04 03 00", "08 09 01 02 03 04 05 06 07", "08 0b 01 02 03 04 05 06 07 08 09",
      "08 0a 01 02", "05 02", "05 03 00", "05 09 01 02 03 04 05 06 07", "05 0b 01 02 03 04 05 06 07 08 09", "05 ff",
      "05 00", "1c 03 00", "1c 05 00 01 00", "22 00", "ac 01",
    ])
  func illegalLengths(list: String) throws {
    let bad = [UInt8](hex: list)
    // Behind the bad option stands a good one, except where the bad one asks for more than there is.
    for tail in [[], [3, 3, 9]] as [[UInt8]] {
      let options = try parse([2, 4, 5, 0xB4] + bad + tail)
      #expect(options.present == .maximumSegmentSize, "\(list)")
    }
  }

  @Test("No options at all trap, loop or read beyond the header", .proves("9293-MUST-7", "ATK-29", "ATK-49"))
  func randomOptions() throws {
    var generator = SeededGenerator(40)
    let kinds: [UInt8] = [0, 1, 2, 3, 4, 5, 8, 28, 34, 172, 174, 255]
    for _ in 0..<20_000 {
      var list = generator.octets(Int.random(in: 0...10, using: &generator) * 4)
      for index in list.indices where Bool.random(using: &generator) {
        list[index] = Bool.random(using: &generator) ? kinds.randomElement(using: &generator) ?? 0 : list[index] & 15
      }
      let options = try parse(list, TCPFlags(rawValue: generator.number() & 0x1FF))
      #expect(options.windowScale.shift <= 14 && options.sackCount <= 4 && options.fastOpenCookie.count <= 16)
      #expect(options.encodedLength <= 40)
    }
  }

  @Test("A window scale of more than 14 is 14", .proves("7323-04"), arguments: 0...255 as ClosedRange<UInt8>)
  func largeScale(shift: UInt8) throws {
    #expect(try parse([3, 3, shift]).windowScale.shift == min(shift, 14))
  }

  @Test("SACK blocks are a left edge and the number behind the last, in network order", .proves("2018-06"))
  func sackBlocks() throws {
    var options = TCPOptions()
    options.present = .sack
    options.sackCount = 2
    options.sackBlocks[0] = SACKBlock(from: SequenceNumber(0x0102_0304), count: 0x100)
    options.sackBlocks[1] = SACKBlock(from: SequenceNumber(0xFFFF_FFFF), count: 2)
    let octets = encoded(options)
    #expect(octets == [UInt8](hex: "01 01 05 12 01 02 03 04 01 02 04 04 ff ff ff ff 00 00 00 01"))
    let parsed = try parse(octets, .ack)
    #expect(parsed.sackCount == 2)
    #expect(parsed.sackBlocks[0].count == 0x100 && parsed.sackBlocks[1].count == 2)
    for count in 1...4 {
      options.sackCount = UInt8(count)
      #expect(encoded(options)[3] == UInt8(2 + 8 * count))
    }
  }

  @Test("Of two of a kind the last counts, always", .proves("ATK-31"))
  func duplicates() throws {
    let options = try parse(
      "02 04 01 00 02 04 02 00 03 03 01 03 03 02 08 0a 00 00 00 01 00 00 00 02 08 0a 00 00 00 03 00 00 00 04")
    #expect(options.maximumSegmentSize == 0x200)
    #expect(options.windowScale.shift == 2)
    #expect(options.timestamps == TCPTimestamps(value: 3, echo: 4))
    let sacks = try parse("05 12 00 00 00 01 00 00 00 02 00 00 00 03 00 00 00 04 05 0a 00 00 00 05 00 00 00 06", .ack)
    #expect(sacks.sackCount == 1 && sacks.sackBlocks[0].lower == SequenceNumber(5))
  }

  @Test("A user timeout has a granularity bit and 15 bits; zero is neither taken nor sent", .proves("5482-01"))
  func userTimeout() throws {
    #expect(try parse("1c 04 80 05").userTimeout == UserTimeoutOption(inMinutes: true, value: 5))
    #expect(try parse("1c 04 7f ff").userTimeout == UserTimeoutOption(inMinutes: false, value: 32767))
    for list in ["1c 04 00 00", "1c 04 80 00"] { #expect(try !parse(list).has(.userTimeout)) }
    var options = TCPOptions()
    options.present = .userTimeout
    options.userTimeout = UserTimeoutOption(inMinutes: true, value: 5)
    #expect(encoded(options) == [UInt8](hex: "1c 04 80 05"))
    options.userTimeout.value = 0
    #expect(encoded(options) == [])
  }

  @Test("A fast open cookie is empty or an even 4 to 16 octets, and only in a SYN", .proves("7413-02"))
  func fastOpen() throws {
    for count in 0...20 {
      let cookie = (0..<count).map { UInt8($0 + 100) }
      let list = [34, UInt8(2 + count)] + cookie + [3, 3, 6]
      let isValid = count == 0 || (count >= 4 && count <= 16 && count % 2 == 0)
      let options = try parse(list)
      #expect(options.has(.fastOpen) == isValid && options.has(.windowScale))
      if isValid {
        #expect(options.fastOpenCookie.count == UInt8(count))
        for index in 0..<count { #expect(options.fastOpenCookie.bytes[index] == cookie[index]) }
      }
      #expect(try !parse(list, .ack).has(.fastOpen))
    }
  }

  @Test("Accurate ECN counters come in two orders, and whole fields of odd lengths count", .proves("9768-15"))
  func accurateECN() throws {
    let fields = "00 00 01 00 00 02 00 00 03"
    #expect(
      try parse("ac 0b " + fields, .ack).accurateECN
        == AccurateECNCounters(ect0Bytes: 1, ceBytes: 2, ect1Bytes: 3, startsWithECT1: false))
    #expect(
      try parse("ae 0b " + fields, .ack).accurateECN
        == AccurateECNCounters(ect0Bytes: 3, ceBytes: 2, ect1Bytes: 1, startsWithECT1: true))
    for count in 0...14 {
      let counters: [UInt8] = (0..<count).map { $0 % 3 == 2 ? UInt8($0 / 3 + 1) : 0 }
      let list: [UInt8] = [172, UInt8(2 + count)] + counters + [3, 3, 6]
      let options = try parse(list, .ack)
      #expect(options.has(.accurateECN) && options.has(.windowScale))
      #expect(options.accurateECN.ect0Bytes == (count >= 3 ? 1 : nil))
      #expect(options.accurateECN.ceBytes == (count >= 6 ? 2 : nil))
      #expect(options.accurateECN.ect1Bytes == (count >= 9 ? 3 : nil))
    }
  }

  /// The options as they are written.
  private func encoded(_ options: TCPOptions, _ flags: TCPFlags = .ack) -> [UInt8] {
    let header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(3), acknowledgement: SequenceNumber(4),
      flags: flags, window: 5, options: options)
    return Array([UInt8](written: header.encodedLength) { header.encode(into: &$0, at: 0) }[20...])
  }

  private func options(_ present: TCPOptions.Presence, blocks: UInt8 = 0) -> TCPOptions {
    var options = TCPOptions()
    options.present = present
    options.maximumSegmentSize = 1460
    options.timestamps = TCPTimestamps(value: 0x0102_0304, echo: 0x0506_0708)
    options.windowScale = WindowScale(clamping: 7)
    options.userTimeout = UserTimeoutOption(inMinutes: false, value: 9)
    options.sackCount = blocks
    for index in 0..<4 { options.sackBlocks[index] = SACKBlock(from: SequenceNumber(UInt32(index * 10)), count: 5) }
    return options
  }

  @Test("Options go out in the order in which Linux sends them", .proves("9293-MUST-68"))
  func order() {
    let timestamps = "08 0a 01 02 03 04 05 06 07 08"
    let all = options([.maximumSegmentSize, .sackPermitted, .timestamps, .windowScale])
    #expect(encoded(all) == [UInt8](hex: "02 04 05 b4 04 02 \(timestamps) 01 03 03 07"))
    #expect(
      encoded(options([.maximumSegmentSize, .sackPermitted, .windowScale]))
        == [UInt8](hex: "02 04 05 b4 01 01 04 02 01 03 03 07"))
    #expect(encoded(options([.maximumSegmentSize, .windowScale])) == [UInt8](hex: "02 04 05 b4 01 03 03 07"))
    #expect(
      encoded(options([.maximumSegmentSize, .timestamps])) == [UInt8](hex: "02 04 05 b4 01 01 \(timestamps)"))
    #expect(encoded(options(.maximumSegmentSize)) == [UInt8](hex: "02 04 05 b4"))
    #expect(encoded(options(.timestamps)) == [UInt8](hex: "01 01 \(timestamps)"))
    #expect(
      encoded(options([.timestamps, .sack], blocks: 1))
        == [UInt8](hex: "01 01 \(timestamps) 01 01 05 0a 00 00 00 00 00 00 00 05"))
    #expect(encoded(options([.timestamps, .sack], blocks: 0)) == [UInt8](hex: "01 01 \(timestamps)"))
    #expect(encoded(options([.sack], blocks: 4)).count == 36)
    #expect(encoded(options([])) == [])
  }

  @Test("SACK blocks give way until 40 octets are enough", .proves("2018-06"))
  func sackCut() throws {
    #expect(options([.timestamps, .sack], blocks: 4).encodedSACKCount == 3)
    #expect(encoded(options([.timestamps, .sack], blocks: 4)).count == 40)
    #expect(options([.timestamps, .sack, .userTimeout], blocks: 4).encodedSACKCount == 2)
    #expect(options([.timestamps, .sack, .userTimeout, .accurateECN], blocks: 4).encodedLength <= 40)
    var wild = options([.sack], blocks: 255)
    #expect(wild.encodedSACKCount == 4)
    wild.fastOpenCookie.count = 255
    wild.present = TCPOptions.Presence(rawValue: 0xFFFF)
    #expect(wild.encodedLength <= 40)
    #expect(encoded(wild, .syn).count == wild.encodedLength)
  }

  @Test("What comes behind the end of the list does not count, and we send nothing there", .proves("9293-MUST-69"))
  func afterTheEnd() throws {
    #expect(try parse("02 04 05 b4 00 08 0a 01 02 03 04 05 06 07 08 ff").present == .maximumSegmentSize)
    var generator = SeededGenerator(41)
    for _ in 0..<300 {
      let octets = encoded(.random(using: &generator, isSYN: true), .syn)
      var position = 0
      while position < octets.count, octets[position] != 0 {
        position += octets[position] == 1 ? 1 : Int(octets[position + 1])
      }
      #expect(octets[min(position, octets.count)...].allSatisfy { $0 == 0 })
    }
  }
}
