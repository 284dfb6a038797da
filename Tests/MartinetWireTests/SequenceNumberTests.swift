import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Sequence numbers on their circle")
struct SequenceNumberTests {
  @Test("Arithmetic goes round the circle", .proves("9293-P-37"))
  func wrapping() {
    let last = SequenceNumber(UInt32.max)
    #expect(last + 1 == SequenceNumber(0))
    #expect(SequenceNumber(0) - 1 == last)
    #expect((last + 1).distance(from: last) == 1)
    #expect(last.distance(from: SequenceNumber(0)) == -1)
    var number = SequenceNumber(UInt32.max - 1)
    number += 5
    #expect(number == SequenceNumber(3))
    #expect(number - 5 == SequenceNumber(UInt32.max - 1))
  }

  @Test("Comparison is by the signed difference, wherever on the circle", .proves("9293-P-37"))
  func comparison() {
    var generator = SeededGenerator(20)
    for _ in 0..<2000 {
      let origin = generator.sequence()
      let way = Int.random(in: 1...0x7FFF_FFFF, using: &generator)
      let later = origin + way
      #expect(later.distance(from: origin) == way)
      #expect(origin.distance(from: later) == -way)
      #expect(later.isAfter(origin) && later.isAtOrAfter(origin) && !later.isBefore(origin))
      #expect(origin.isBefore(later) && !origin.isAfter(later) && !origin.isAtOrAfter(later))
      #expect(SequenceNumber.later(origin, later) == later && SequenceNumber.earlier(later, origin) == origin)
    }
    let number = SequenceNumber(5)
    #expect(number.isAtOrAfter(number) && !number.isAfter(number) && !number.isBefore(number))
  }

  @Test("A range holds its lower end and not its upper, also across zero", .proves("9293-P-37"))
  func ranges() {
    let range = SequenceRange(from: SequenceNumber(UInt32.max - 2), count: 6)
    #expect(range.upper == SequenceNumber(3))
    #expect(range.count == 6)
    for offset in 0..<6 { #expect(range.contains(range.lower + offset)) }
    #expect(!range.contains(range.upper) && range.containsOrEnds(at: range.upper))
    #expect(!range.contains(range.lower - 1) && !range.containsOrEnds(at: range.upper + 1))
    #expect(!range.advances(to: range.lower) && range.advances(to: range.lower + 1) && range.advances(to: range.upper))
    let empty = SequenceRange(from: range.lower, upTo: range.lower)
    #expect(empty.isEmpty && !empty.contains(range.lower) && empty.containsOrEnds(at: range.lower))
  }

  @Test("A range agrees with counting from its lower end", .proves("9293-P-37"))
  func rangesByCounting() {
    var generator = SeededGenerator(21)
    for _ in 0..<2000 {
      let lower = generator.sequence()
      let count: UInt32 = generator.number()
      let range = SequenceRange(from: lower, upTo: SequenceNumber(lower.rawValue &+ count))
      let offset: UInt32 = generator.number()
      let number = SequenceNumber(lower.rawValue &+ offset)
      #expect(range.contains(number) == (offset < count))
      #expect(range.containsOrEnds(at: number) == (offset <= count))
      #expect(range.count == Int(count))
    }
  }

  @Test(
    "A window is never negative: 65535 octets stand for 65535", .proves("9293-MUST-1"),
    arguments: [0x8000, 0xFFFF] as [UInt16])
  func unsignedWindow(window: UInt16) throws {
    let start = SequenceNumber(UInt32.max - 100)
    let header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: start, acknowledgement: start, flags: .ack, window: window)
    let octets = [UInt8](written: 20) { header.encode(into: &$0, at: 0) }
    let parsed = try octets.parsed { (bytes) throws(WireError) in try TCPHeader.parse(bytes).header }
    let allowed = SequenceRange(from: start, count: Int(parsed.window))
    #expect(allowed.count == Int(window))
    #expect(allowed.contains(start + (Int(window) - 1)) && !allowed.contains(start + Int(window)))
  }

  @Test("A window scale is at most 14", .proves("7323-04"))
  func windowScale() {
    for shift in UInt8.min ... .max { #expect(WindowScale(clamping: shift).shift == min(shift, 14)) }
    #expect(WindowScale(for: 0xFFFF).shift == 0)
    #expect(WindowScale(for: 0x10000).shift == 1)
    #expect(WindowScale(for: 1 << 30).shift == 14)
    #expect(WindowScale(for: Int.max).shift == 14)
  }
}
