import MartinetSimulation
import MartinetWire

/// Random numbers from a seed: what a test found once it finds again.
struct SeededGenerator: RandomNumberGenerator {
  private var stream: RandomStream

  init(_ seed: UInt64) {
    stream = RandomStream(seed: seed, purpose: .payload, index: 0)
  }

  mutating func next() -> UInt64 { stream.next() }

  mutating func octets(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }

  mutating func number<Number: FixedWidthInteger & UnsignedInteger>() -> Number {
    Number.random(in: .min ... .max, using: &self)
  }

  mutating func sequence() -> SequenceNumber { SequenceNumber(number()) }
}

extension [UInt8] {
  /// Octets written as pairs of hexadecimal digits.
  init(hex text: String) {
    self = text.split(whereSeparator: \.isWhitespace).map { UInt8($0, radix: 16) ?? 0 }
  }

  /// Reads all of the octets.
  func parsed<Result>(_ body: (RawSpan) throws(WireError) -> Result) throws(WireError) -> Result {
    try withOctets(0..<count, body)
  }

  /// The error with which all of the octets are refused; nil if they are taken.
  func refused<Result>(_ body: (RawSpan) throws(WireError) -> Result) -> WireError? {
    do throws(WireError) {
      _ = try parsed(body)
      return nil
    } catch {
      return error
    }
  }

  /// `count` octets that `body` has written.
  init(written count: Int, _ body: (inout MutableRawSpan) -> Void) {
    self = [UInt8](repeating: 0xEE, count: count)
    withMutableOctets(0..<count) { body(&$0) }
  }
}

extension Departure {
  /// The octets of the packet, in one piece.
  var octets: [UInt8] {
    [UInt8](written: count) { copy(into: &$0) }
  }
}

/// The sum of RFC 1071, octet by octet: what the fast one is compared with.
func referenceChecksum(_ octets: [UInt8]) -> UInt16 {
  var sum = 0
  for (index, octet) in octets.enumerated() {
    sum += index % 2 == 0 ? Int(octet) << 8 : Int(octet)
    if sum > 0xFFFF { sum -= 0xFFFF }
  }
  return ~UInt16(sum)
}

/// The pseudo-header in front of what it covers.
func withPseudoHeader(_ source: IPAddress, _ destination: IPAddress, _ number: UInt8, _ segment: [UInt8]) -> [UInt8] {
  var octets: [UInt8] = []
  for address in [source, destination] {
    switch address {
    case .v4(let address): octets += [UInt8](written: 4) { $0.store(address.rawValue, at: 0) }
    case .v6(let address):
      octets += [UInt8](written: 16) {
        $0.store(address.high, at: 0)
        $0.store(address.low, at: 8)
      }
    }
  }
  if source.isIPv4 {
    octets += [0, number, UInt8(segment.count >> 8), UInt8(segment.count & 0xFF)]
  } else {
    octets += [UInt8](written: 8) {
      $0.store(UInt32(segment.count), at: 0)
      $0.store(UInt32(number), at: 4)
    }
  }
  return octets + segment
}

/// Addresses of both families to send between.
let families: [(source: IPAddress, destination: IPAddress)] = [
  (.v4(IPv4Address(10, 77, 0, 1)), .v4(IPv4Address(192, 0, 2, 255))),
  (.v6(IPv6Address(high: 0xFD77_0000_0000_0001, low: 0xFFFF_FFFF_0000_0001)), .v6(IPv6Address(high: 1 << 63, low: 2))),
]

extension PagePool {
  /// A chain that holds a copy of `octets`; empty if the pool has no room.
  mutating func filledChain(_ octets: [UInt8]) -> PageChain {
    if let chain = octets.withOctets(0..<octets.count, { chain(copying: $0) }) { return chain }
    return PageChain()
  }

  /// All octets of `chain`.
  func octets(of chain: borrowing PageChain) -> [UInt8] {
    let count = chain.count
    var octets = [UInt8](repeating: 0, count: count)
    let copied = octets.withMutableOctets(0..<count) { copy(chain, from: 0, into: &$0) }
    return Array(octets.prefix(copied))
  }
}
