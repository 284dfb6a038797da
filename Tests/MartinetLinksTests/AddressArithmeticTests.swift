import MartinetLinks
import MartinetWire
import Testing

@Suite("The kernel's address on a device")
struct AddressArithmeticTests {
  static let rows: [(prefix: String, kernels: String?)] = [
    ("10.77.0.2/24", "10.77.0.1"), ("10.77.0.1/24", "10.77.0.2"), ("10.77.3.9/16", "10.77.0.1"),
    ("10.0.0.1/30", "10.0.0.2"), ("10.0.0.2/30", "10.0.0.1"), ("10.0.0.4/31", "10.0.0.5"), ("10.0.0.5/31", "10.0.0.4"),
    ("10.0.0.4/32", nil), ("1.2.3.4/0", "0.0.0.1"),
    ("fd77::2/64", "fd77::1"), ("fd77::1/64", "fd77::2"), ("fd77::1:2:3:4/64", "fd77::1"), ("fd77::8/127", "fd77::9"),
    ("fd77::9/127", "fd77::8"), ("fd77::9/128", nil), ("fd77::ffff:ffff:ffff:ffff/63", "fd77::1"),
  ]

  @Test("is the first host address of the prefix that is not ours", arguments: rows)
  func firstHost(prefix: String, kernels: String?) throws {
    let prefix = try #require(IPPrefix(parsing: prefix))
    #expect(prefix.firstHost(otherThan: [prefix.address])?.description == kernels)
  }

  @Test("avoids every address of ours")
  func several() throws {
    let prefix = try #require(IPPrefix(parsing: "10.0.0.1/29"))
    let ours = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].compactMap { IPAddress(parsing: $0) }
    #expect(prefix.firstHost(otherThan: ours)?.description == "10.0.0.4")
    let all = (1...6).compactMap { IPAddress(parsing: "10.0.0.\($0)") }
    #expect(prefix.firstHost(otherThan: all) == nil)
  }
}
