import MartinetTCP

/// Numbers as people read them.
package enum Figures {
  /// `value` with exactly `places` decimals, rounded half away from zero; values that no integer holds become "∞".
  package static func fixed(_ value: Double, places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard let whole = Int64(exactly: scaled) else { return "∞" }
    let unit = Int64(scale)
    let sign = value < 0 && whole != 0 ? "-" : ""
    if places == 0 { return sign + String(whole) }
    let decimals = String(whole % unit)
    return sign + String(whole / unit) + "." + String(repeating: "0", count: places - decimals.count) + decimals
  }

  /// Seconds with six decimals: the time margin.
  package static func clock(_ instant: Instant) -> String {
    fixed(Double(instant.nanoseconds) / 1e9, places: 6)
  }

  /// A span of time in the unit that suits it.
  package static func span(_ interval: Interval) -> String {
    let nanoseconds = Double(interval.nanoseconds)
    switch nanoseconds.magnitude {
    case 60e9...: return fixed(nanoseconds / 1e9, places: 1) + " s"
    case 1e9...: return fixed(nanoseconds / 1e9, places: 3) + " s"
    case 1e6...: return fixed(nanoseconds / 1e6, places: 1) + " ms"
    case 1...: return fixed(nanoseconds / 1e3, places: 1) + " µs"
    default: return "0 s"
    }
  }

  /// Octets in binary units: "512 B", "8.0 MiB".
  package static func octets(_ count: Int) -> String {
    scaled(Double(count), step: 1024, units: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
  }

  /// Bits per second in decimal units: "93.4 Mbit/s".
  package static func rate(_ bitsPerSecond: Double) -> String {
    scaled(bitsPerSecond, step: 1000, units: ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"])
  }

  private static func scaled(_ value: Double, step: Double, units: [String]) -> String {
    var value = value
    var unit = 0
    while value.magnitude >= step && unit + 1 < units.count {
      value /= step
      unit += 1
    }
    return fixed(value, places: unit == 0 ? 0 : 1) + " " + units[unit]
  }

  /// A count with its thousands apart: "8 388 608".
  package static func grouped(_ count: Int) -> String {
    var rest = String(count.magnitude)
    var groups: [String] = []
    while rest.count > 3 {
      groups.insert(String(rest.suffix(3)), at: 0)
      rest = String(rest.dropLast(3))
    }
    groups.insert(rest, at: 0)
    return (count < 0 ? "-" : "") + groups.joined(separator: " ")
  }

  /// "1 segment", "2 segments".
  package static func counted(_ count: Int, _ noun: String) -> String {
    grouped(count) + " " + noun + (count == 1 ? "" : "s")
  }
}
