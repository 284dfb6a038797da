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

/// A value on the command line that can say what it may be. It is no `ExpressibleByArgument`, whose refusals give no reason: ``parse(_:)`` is the transform
/// of every argument that has one.
package protocol ArgumentValue: Equatable, Sendable {
  init?(argument: String)
  /// What is allowed: "a port from 1 to 65535".
  static var allowed: String { get }
  /// Why `text` is refused.
  static func refusal(of text: String) -> String
}

extension ArgumentValue {
  package static func refusal(of text: String) -> String { "it must be \(allowed)" }

  static func parse(_ text: String) throws -> Self {
    guard let value = Self(argument: text) else { throw ValidationError(refusal(of: text)) }
    return value
  }
}

/// Whole numbers on the command line: transforms with their bounds.
enum Whole {
  static func number<Number: FixedWidthInteger & Sendable>(
    _ range: ClosedRange<Number>, of unit: String = ""
  ) -> @Sendable (String) throws -> Number {
    { text in
      guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Number(text), range.contains(number) else {
        throw ValidationError("it must be a whole number\(unit) from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
  }
}

/// A number of octets: "8MiB", "200MB", "1.5GiB", "4096".
package struct ByteSize: ArgumentValue {
  package let count: Int
  package static let allowed = "a size up to 4TiB, such as 4096, 200MB or 1.5GiB"

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
  }
}

/// Milliseconds with decimals, 0 to an hour.
package struct Milliseconds: ArgumentValue {
  package let interval: Interval
  package static let allowed = "a number of milliseconds from 0 to 3600000 with at most six decimals"

  package init?(argument: String) {
    guard let nanoseconds = Decimal.scaled(argument, places: 6), nanoseconds <= 3_600_000_000_000 else { return nil }
    interval = Interval(nanoseconds: nanoseconds)
  }
}

/// Megabits per second with decimals: 0.001 to a million.
package struct Megabits: ArgumentValue {
  package let bitsPerSecond: UInt64
  package static let allowed = "a rate from 0.001 to 1000000 Mbit/s with at most six decimals"

  package init?(argument: String) {
    guard let bits = Decimal.scaled(argument, places: 6), bits >= 1000, bits <= 1_000_000_000_000 else { return nil }
    bitsPerSecond = UInt64(bits)
  }
}

/// Whole seconds, 0 to a year; 0 stands for no limit.
package struct Seconds: ArgumentValue {
  package let limit: Duration?
  package static let allowed = "a number of seconds from 0 to 31622400 with at most three decimals"

  package init?(argument: String) {
    guard let milliseconds = Decimal.scaled(argument, places: 3), milliseconds <= 366 * 86_400_000 else { return nil }
    limit = milliseconds == 0 ? nil : .milliseconds(milliseconds)
  }
}

/// A port that can be named: 1 to 65535.
package struct Port: ArgumentValue {
  package let number: UInt16
  package static let allowed = "a port from 1 to 65535"

  package init?(argument: String) {
    guard argument.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(argument), number > 0 else {
      return nil
    }
    self.number = number
  }
}

/// Where to connect: "10.77.0.1:9000", "[fd77::1]:9000", "name:9000".
package struct HostPort: ArgumentValue {
  package let host: String
  package let port: UInt16
  package static let allowed = "HOST:PORT, as in 10.77.0.1:9000, [fd77::1]:9000 or example.org:80"

  package init?(argument: String) {
    guard let parts = HostPort.parts(of: argument), let port = Port(argument: String(parts.port)) else { return nil }
    var host = parts.host
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard case .v6? = IPAddress(parsing: String(host)) else { return nil }
    } else {
      guard !host.isEmpty, !host.contains(":"), HostPort.isName(host) else { return nil }
    }
    self.host = String(host)
    self.port = port.number
  }

  /// What stands before the last colon and behind it; nil without one.
  private static func parts(of text: String) -> (host: Substring, port: Substring)? {
    text.lastIndex(of: ":").map { (text[..<$0], text[text.index(after: $0)...]) }
  }

  /// Which part is missing or wrong.
  package static func refusal(of text: String) -> String {
    if IPAddress(parsing: text) != nil || text.hasSuffix("]") || !text.contains(":") {
      return "the port is missing: it must be \(allowed)"
    }
    guard let (host, port) = parts(of: text), !host.isEmpty else { return "the host is missing: it must be \(allowed)" }
    if Port(argument: String(port)) == nil { return "what follows the last colon must be \(Port.allowed)" }
    if host.contains(":") { return "an IPv6 address stands in brackets: it must be \(allowed)" }
    return "the host is neither an address nor a name: it must be \(allowed)"
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
