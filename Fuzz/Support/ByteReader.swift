/// Takes an input apart; where it ends, zeros follow.
struct ByteReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  mutating func byte() -> UInt8 {
    guard position < bytes.count else { return 0 }
    let value = bytes[position]
    position += 1
    return value
  }

  mutating func word() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

  mutating func doubleWord() -> UInt32 { UInt32(word()) << 16 | UInt32(word()) }

  /// A signed distance: mostly small, sometimes anything.
  mutating func distance() -> Int {
    let first = byte()
    switch first & 3 {
    case 0: return Int(Int8(bitPattern: byte()))
    case 1: return Int(Int16(bitPattern: word()))
    case 2: return Int(first >> 2)
    default: return Int(Int32(bitPattern: doubleWord()))
    }
  }

  /// The octets that are left.
  mutating func rest() -> [UInt8] {
    var rest: [UInt8] = []
    while !isAtEnd { rest.append(byte()) }
    return rest
  }
}
