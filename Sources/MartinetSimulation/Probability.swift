/// A probability in whole parts per billion, from 0 to 1: exact, and the same in every process.
public struct Probability: Equatable, Sendable {
  /// 0 to 1,000,000,000.
  public let partsPerBillion: UInt32

  static let whole: UInt32 = 1_000_000_000

  /// So many parts in a billion; more than a billion is certainty.
  public init(partsPerBillion: UInt32) {
    self.partsPerBillion = min(partsPerBillion, Probability.whole)
  }

  public static let never = Probability(partsPerBillion: 0)
  public static let always = Probability(partsPerBillion: whole)

  /// So many percent, 0 to 100.
  public static func percent(_ count: UInt32) -> Probability {
    Probability(partsPerBillion: min(count, 100) * 10_000_000)
  }

  /// So many in a thousand, 0 to 1000.
  public static func perMille(_ count: UInt32) -> Probability {
    Probability(partsPerBillion: min(count, 1000) * 1_000_000)
  }

  public var isNever: Bool { partsPerBillion == 0 }

  /// Whether a number drawn uniformly from all 64-bit numbers falls within the probability.
  func isHit(by number: UInt64) -> Bool {
    UInt32(truncatingIfNeeded: number.multipliedFullWidth(by: UInt64(Probability.whole)).high) < partsPerBillion
  }
}

extension Probability {
  /// The percentage that `octets` spell in ASCII: digits with an optional decimal point, 0 to 100, at most seven
  /// decimals that count ("5", "0.1", "12.5"). Nil for anything else.
  public init?(percentText octets: some Sequence<UInt8>) {
    var parts: UInt64 = 0
    var unit: UInt64 = 10_000_000
    var digits = 0
    var isBehindPoint = false
    for octet in octets {
      if octet == UInt8(ascii: ".") && !isBehindPoint {
        isBehindPoint = true
        continue
      }
      guard octet >= UInt8(ascii: "0"), octet <= UInt8(ascii: "9") else { return nil }
      let digit = UInt64(octet - UInt8(ascii: "0"))
      digits += 1
      if isBehindPoint {
        unit /= 10
        guard unit > 0 || digit == 0 else { return nil }
        parts += digit * unit
      } else {
        parts = parts * 10 + digit * unit
      }
      guard parts <= UInt64(Probability.whole) else { return nil }
    }
    guard digits > 0 else { return nil }
    self.init(partsPerBillion: UInt32(parts))
  }
}
