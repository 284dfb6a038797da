import MartinetTestSupport
import MartinetWire
import Testing

@Suite("The Internet checksum")
struct ChecksumTests {
  private func checksum(_ octets: [UInt8]) -> UInt16 {
    octets.withOctets(0..<octets.count) { Checksum.of($0) }
  }

  @Test("The example of RFC 1071 sums to ddf2, and its complement is 220d", .proves("1071-01"))
  func example() {
    let octets = [UInt8](hex: "00 01 f2 03 f4 f5 f6 f7")
    var sum = Checksum()
    octets.withOctets(0..<8) { sum.add($0) }
    #expect(sum.folded == 0xDDF2)
    #expect(sum.finish() == 0x220D)
  }

  @Test("An odd number of octets is padded with zero", .proves("1071-01"))
  func odd() {
    #expect(checksum([0x12]) == checksum([0x12, 0]))
    #expect(checksum([0x12, 0x34, 0x56]) == ~UInt16(0x1234 + 0x5600))
    #expect(checksum([]) == 0xFFFF)
  }

  @Test("Words in the other byte order make the sum in the other byte order", .proves("1071-01"))
  func byteOrder() {
    var generator = SeededGenerator(1)
    for _ in 0..<100 {
      let octets = generator.octets(2 * Int.random(in: 1...40, using: &generator))
      let swapped = (0..<octets.count).map { octets[$0 ^ 1] }
      #expect(checksum(swapped) == checksum(octets).byteSwapped)
    }
  }

  @Test(
    "The sum over pieces is the sum over the whole, odd pieces included", .proves("1071-02"),
    arguments: 0..<40 as Range<UInt64>)
  func pieces(seed: UInt64) {
    var generator = SeededGenerator(seed)
    let octets = generator.octets(Int.random(in: 0...300, using: &generator))
    var sum = Checksum()
    var position = 0
    while position < octets.count {
      let end = min(octets.count, position + Int.random(in: 0...9, using: &generator))
      octets.withOctets(position..<end) { sum.add($0) }
      position = end
    }
    #expect(sum.finish() == referenceChecksum(octets))
  }

  @Test("The wide sum equals the octet-wise one at every length and alignment", .proves("1071-03"))
  func everyAlignment() {
    var generator = SeededGenerator(3)
    let octets = generator.octets(700)
    for start in 0..<16 {
      for count in 0..<150 {
        let expected = referenceChecksum(Array(octets[start..<start + count]))
        #expect(octets.withOctets(start..<start + count) { Checksum.of($0) } == expected)
      }
    }
  }

  @Test("The wide sum equals the octet-wise one up to 65535 octets", .proves("1071-03"))
  func longest() {
    var generator = SeededGenerator(4)
    let ones = [UInt8](repeating: 0xFF, count: 65535)
    #expect(checksum(ones) == referenceChecksum(ones))
    let octets = generator.octets(65535)
    for _ in 0..<12 {
      let start = Int.random(in: 0...65535, using: &generator)
      let count = Int.random(in: 0...(65535 - start), using: &generator)
      let expected = referenceChecksum(Array(octets[start..<start + count]))
      #expect(octets.withOctets(start..<start + count) { Checksum.of($0) } == expected)
    }
    #expect(checksum(octets) == referenceChecksum(octets))
  }

  @Test("The example of RFC 1624 becomes 0000 and not ffff", .proves("1624-01"))
  func incrementalExample() {
    #expect(Checksum.update(0xDD2F, replacing: 0x5555, with: 0x3285) == 0x0000)
  }

  @Test("A checksum that is brought up to date is the one of the changed octets", .proves("1624-01"))
  func incremental() {
    var generator = SeededGenerator(5)
    for _ in 0..<2000 {
      var octets = generator.octets(20)
      let before = checksum(octets)
      let index = 2 * Int.random(in: 0..<10, using: &generator)
      let old = UInt16(octets[index]) << 8 | UInt16(octets[index + 1])
      let new: UInt16 = [0, 0xFFFF, generator.number()].randomElement(using: &generator) ?? 0
      octets[index] = UInt8(new >> 8)
      octets[index + 1] = UInt8(new & 0xFF)
      #expect(Checksum.update(before, replacing: old, with: new) == checksum(octets))
    }
  }

  @Test("The header of a well-known IPv4 packet has the checksum b861")
  func knownHeader() {
    #expect(checksum([UInt8](hex: "45 00 00 73 00 00 40 00 40 11 00 00 c0 a8 00 01 c0 a8 00 c7")) == 0xB861)
  }

  @Test("The pseudo-header counts as if it stood before the segment", arguments: 0..<2)
  func pseudoHeader(family: Int) {
    let (source, destination) = families[family]
    var generator = SeededGenerator(6)
    for count in [0, 1, 20, 1459] {
      let segment = generator.octets(count)
      var sum = Checksum()
      sum.addPseudoHeader(source: source, destination: destination, protocolNumber: 6, length: count)
      segment.withOctets(0..<count) { sum.add($0) }
      #expect(sum.finish() == referenceChecksum(withPseudoHeader(source, destination, 6, segment)))
    }
  }

  @Test("A chain of odd runs sums like its octets in one piece", .proves("1071-02"))
  func chains() {
    var generator = SeededGenerator(7)
    var pool = PagePool(limit: 64)
    var chain = PageChain()
    var octets: [UInt8] = []
    for count in [1, 3, 700, 1, 2047, 513, 5] {
      let piece = generator.octets(count)
      pool.append(pool.filledChain(piece), to: &chain)
      octets += piece
    }
    for (offset, count) in [(0, octets.count), (1, 2), (2, 5000), (701, 2049), (octets.count, 1)] {
      var sum = Checksum()
      sum.add(chain, from: offset, count: count, in: pool)
      let expected = referenceChecksum(Array(octets[offset..<min(octets.count, offset + count)]))
      #expect(sum.finish() == expected)
    }
    pool.release(chain)
    #expect(pool.pagesInUse == 0)
  }
}
