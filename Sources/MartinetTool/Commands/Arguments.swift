import ArgumentParser
import MartinetTCP
import MartinetWire

/// Decimal numbers without floating point, as far as arguments need them.
enum Decimal {
  /// `text` times 10^`places`: digits with an optional decimal point, nothing else; more decimals than `places` must be zero.
  /// Nil for anything else, and for what no Int64 holds.
  static func scaled(_ text: some StringProtocol, places: Int) -> Int64? {
    var number: Int64 = 0
    var decimals: Int?
    var digits = 0
    for octet in text.utf8 {
      if octet == UInt8(ascii: "."), decimals == nil {
        decimals = 0
        continue
      }
      guard octet >= UInt8(ascii: "0"), octet <= UInt8(ascii: "9") else { return nil }
      digits += 1
      if let count = decimals, count >= places {
        guard octet == UInt8(ascii: "0") else { return nil }
        continue
      }
      if decimals != nil { decimals! += 1 }
      guard let next = append(octet - UInt8(ascii: "0"), to: number) else { return nil }
      number = next
    }
    guard digits > 0 else { return nil }
    for _ in (decimals ?? 0)..<places {
      guard let next = append(0, to: number) else { return nil }
      number = next
    }
    return number
  }

  private static func append(_ digit: UInt8, to number: Int64) -> Int64? {
    let (product, overflow) = number.multipliedReportingOverflow(by: 10)
    let (sum, carry) = product.addingReportingOverflow(Int64(digit))
    return overflow || carry ? nil : sum
  }
}

/// A number of octets: "8MiB", "200MB", "1.5GiB", "4096".
package struct ByteSize: ExpressibleByArgument, Equatable, Sendable {
  package let count: Int
  package let defaultValueDescription: String

  package init?(argument: String) {
    let units: [(String, Int64)] = [
      ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("TIB", 1 << 40), ("KB", 1000), ("MB", 1_000_000),
      ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("B", 1),
    ]
    let upper = argument.uppercased()
    let unit = units.first { upper.hasSuffix($0.0) } ?? ("", 1)
    guard let thousandths = Decimal.scaled(upper.dropLast(unit.0.utf8.count), places: 3) else { return nil }
    let (product, overflow) = thousandths.multipliedReportingOverflow(by: unit.1)
    guard !overflow, product % 1000 == 0, product / 1000 <= 1 << 42 else { return nil }
    count = Int(product / 1000)
    defaultValueDescription = argument
  }
}

/// Milliseconds with decimals, 0 to an hour.
package struct Milliseconds: ExpressibleByArgument, Equatable, Sendable {
  package let interval: Interval
  package let defaultValueDescription: String

  package init?(argument: String) {
    guard let nanoseconds = Decimal.scaled(argument, places: 6), nanoseconds <= 3_600_000_000_000 else { return nil }
    interval = Interval(nanoseconds: nanoseconds)
    defaultValueDescription = argument
  }
}

/// Megabits per second with decimals: 0.001 to a million.
package struct Megabits: ExpressibleByArgument, Equatable, Sendable {
  package let bitsPerSecond: UInt64
  package let defaultValueDescription: String

  package init?(argument: String) {
    guard let bits = Decimal.scaled(argument, places: 6), bits >= 1000, bits <= 1_000_000_000_000 else { return nil }
    bitsPerSecond = UInt64(bits)
    defaultValueDescription = argument
  }
}

/// Whole seconds, 0 to a year; 0 stands for no limit.
package struct Seconds: ExpressibleByArgument, Equatable, Sendable {
  package let limit: Duration?
  package let defaultValueDescription: String

  package init?(argument: String) {
    guard let milliseconds = Decimal.scaled(argument, places: 3), milliseconds <= 366 * 86_400_000 else { return nil }
    limit = milliseconds == 0 ? nil : .milliseconds(milliseconds)
    defaultValueDescription = argument
  }
}

/// A port that can be named: 1 to 65535.
package struct Port: ExpressibleByArgument, Equatable, Sendable {
  package let number: UInt16
  package var defaultValueDescription: String { String(number) }

  package init?(argument: String) {
    guard argument.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(argument), number > 0 else {
      return nil
    }
    self.number = number
  }
}

/// Where to connect: "10.77.0.1:9000", "[fd77::1]:9000", "name:9000".
package struct HostPort: ExpressibleByArgument, Equatable, Sendable {
  package let host: String
  package let port: UInt16

  package init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":"),
      let port = Port(argument: String(argument[argument.index(after: colon)...]))
    else { return nil }
    var host = argument[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard case .v6? = IPAddress(parsing: String(host)) else { return nil }
    } else {
      guard !host.isEmpty, !host.contains(":"), HostPort.isName(host) else { return nil }
    }
    self.host = String(host)
    self.port = port.number
  }

  /// Letters, digits, hyphens and dots; what consists of digits and dots only must be an address.
  private static func isName(_ host: Substring) -> Bool {
    let isNumeric = host.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
    if isNumeric { return IPv4Address(parsing: String(host)) != nil }
    return host.utf8.count <= 255
      && host.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0 & 0xDF) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
          || $0 == UInt8(ascii: "_")
      }
  }
}

/// A congestion control by its name in the engine.
struct CongestionName: ExpressibleByArgument, Equatable, Sendable {
  let algorithm: CongestionAlgorithm

  init?(argument: String) {
    guard let algorithm = CongestionAlgorithm.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self.algorithm = algorithm
  }

  static var allValueStrings: [String] { CongestionAlgorithm.allCases.map { "\($0)" } }
  static var list: String { allValueStrings.joined(separator: ", ") }
  var defaultValueDescription: String { "\(algorithm)" }
}
