import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Capture files")
struct PcapngTests {
  /// A block of a file, read back.
  struct Block {
    var type: UInt32
    var body: [UInt8]

    func number(at offset: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(body[offset + $1]) << UInt32(8 * $1) }
    }

    /// Codes and values of the options from `start` to the end of the block.
    func options(from start: Int) -> [(code: UInt16, value: [UInt8])] {
      var options: [(UInt16, [UInt8])] = []
      var position = start
      while position < body.count {
        let word = number(at: position)
        let count = Int(word >> 16)
        options.append((UInt16(word & 0xFFFF), Array(body[position + 4..<position + 4 + count])))
        position += 4 + (count + 3) / 4 * 4
      }
      return options
    }
  }

  /// The blocks of `file`, each with the same length at both of its ends and on a word boundary.
  private func blocks(_ file: [UInt8]) -> [Block] {
    var blocks: [Block] = []
    var position = 0
    while position + 12 <= file.count {
      let outer = Block(type: 0, body: file)
      let length = Int(outer.number(at: position + 4))
      guard length >= 12, length % 4 == 0, position + length <= file.count else { break }
      #expect(Int(outer.number(at: position + length - 4)) == length)
      blocks.append(
        Block(type: outer.number(at: position), body: Array(file[position + 8..<position + length - 4])))
      position += length
    }
    #expect(position == file.count)
    return blocks
  }

  @Test("A file begins with a section and its interfaces, times in nanoseconds")
  func beginning() {
    var file: [UInt8] = []
    Pcapng.appendSectionHeader(to: &file)
    Pcapng.appendInterface(.ip, name: "mt0", to: &file)
    Pcapng.appendInterface(.ethernet, snapLength: 65535, to: &file)
    let blocks = blocks(file)
    #expect(blocks.map(\.type) == [0x0A0D_0D0A, 1, 1])
    #expect(blocks[0].body == [UInt8](hex: "4d 3c 2b 1a 01 00 00 00 ff ff ff ff ff ff ff ff"))
    #expect(blocks[1].number(at: 0) == 101 && blocks[1].number(at: 4) == 0)
    let options = blocks[1].options(from: 8)
    #expect(options.map(\.code) == [2, 9, 0])
    #expect(options[0].value == Array("mt0".utf8) && options[1].value == [9])
    #expect(blocks[2].number(at: 0) == 1 && blocks[2].number(at: 4) == 65535)
    #expect(blocks[2].options(from: 8).map(\.code) == [9, 0])
  }

  @Test("A packet has its time, its direction, its comment and its octets", arguments: 0..<9)
  func packets(count: Int) {
    var generator = SeededGenerator(80)
    let packet = generator.octets(count)
    var file: [UInt8] = []
    let note = Pcapng.PacketNote(
      interface: 3, time: 0x0102_0304_0506_0708, direction: .outbound, comment: "lost à 50 %")
    packet.withOctets(0..<count) { Pcapng.append($0, note, to: &file) }
    packet.withOctets(0..<count) { Pcapng.append($0, Pcapng.PacketNote(time: 5), to: &file) }
    let blocks = blocks(file)
    #expect(blocks.count == 2 && blocks.allSatisfy { $0.type == 6 })
    #expect(
      (0..<5).map { blocks[0].number(at: 4 * $0) } == [3, 0x0102_0304, 0x0506_0708, UInt32(count), UInt32(count)])
    #expect(Array(blocks[0].body[20..<20 + count]) == packet)
    let options = blocks[0].options(from: 20 + (count + 3) / 4 * 4)
    #expect(options.map(\.code) == [1, 2, 0])
    #expect(options[0].value == Array("lost à 50 %".utf8) && options[1].value == [2, 0, 0, 0])
    #expect(blocks[1].body.count == 20 + (count + 3) / 4 * 4)
  }

  @Test("A comment is cut at a whole character")
  func longComment() {
    var file: [UInt8] = []
    let note = Pcapng.PacketNote(time: 0, comment: String(repeating: "é", count: 4000) + "x")
    [].withOctets(0..<0) { Pcapng.append($0, note, to: &file) }
    let odd = Pcapng.PacketNote(time: 0, comment: "x" + String(repeating: "é", count: 4000))
    [].withOctets(0..<0) { Pcapng.append($0, odd, to: &file) }
    let blocks = blocks(file)
    #expect(blocks[0].options(from: 20)[0].value.count == Pcapng.maximumComment)
    let value = blocks[1].options(from: 20)[0].value
    #expect(value.count == Pcapng.maximumComment - 1 && String(validating: value, as: UTF8.self) != nil)
  }

  @Test("A departure is captured with the checksum that its link still owes")
  func departure() {
    var pool = PagePool(limit: 32)
    guard let page = pool.allocate() else {
      Issue.record("an empty pool has no page")
      return
    }
    let source = IPv4Address(10, 0, 0, 1)
    func fill(_ departure: inout Departure, in pool: inout PagePool) {
      _ = departure.append(page: page, offset: 0, count: 5, in: &pool)
      TCPHeader(
        sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(3), acknowledgement: SequenceNumber(4), flags: .ack,
        window: 5
      ).encode(into: &departure)
      IPv4Header(protocolNumber: 6, source: source, destination: source).encode(into: &departure)
    }
    [1, 2, 3, 4, 5].withOctets(0..<5) { pool.write($0, to: page, at: 0) }
    var full = Departure()
    var partial = Departure()
    fill(&full, in: &pool)
    fill(&partial, in: &pool)
    full.completeTransportChecksum(source: .v4(source), destination: .v4(source), protocolNumber: 6)
    partial.deferTransportChecksum(source: .v4(source), destination: .v4(source), protocolNumber: 6)
    let ethernet = EthernetHeader(destination: .broadcast, source: MACAddress(1), etherType: EtherType.ipv4)
    ethernet.encode(into: &full)
    ethernet.encode(into: &partial)
    var one: [UInt8] = []
    var other: [UInt8] = []
    Pcapng.append(full, Pcapng.PacketNote(time: 1), to: &one)
    Pcapng.append(partial, Pcapng.PacketNote(time: 1), to: &other)
    #expect(one == other)
    #expect(Array(blocks(one)[0].body[20..<20 + 59]) == full.octets)
    full.release(to: &pool)
    partial.release(to: &pool)
    pool.unpin(page)
  }

  @Test("A chain is captured as its octets in one piece")
  func chain() {
    var generator = SeededGenerator(81)
    var pool = PagePool(limit: 32)
    let octets = generator.octets(5000)
    let chain = pool.filledChain(octets)
    var one: [UInt8] = []
    var other: [UInt8] = []
    let note = Pcapng.PacketNote(time: 1, direction: .inbound)
    Pcapng.append(chain, in: pool, note, to: &one)
    octets.withOctets(0..<5000) { Pcapng.append($0, note, to: &other) }
    #expect(one == other)
    pool.release(chain)
  }
}
