import MartinetWire
import Testing

@Suite("Addresses as text")
struct AddressTextTests {
  @Test(
    "An IPv6 address has one text, that of RFC 5952",
    arguments: [
      ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:0:0:0:0:0:1", "::1"), ("fd77::1", "fd77::1"),
      ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
      ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
      ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
      ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("0:0:3::", "0:0:3::"),
      ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("fe80::0204:61ff:254.157.241.86", "fe80::204:61ff:fe9d:f156"),
    ])
  func canonicalIPv6(_ text: String, _ canonical: String) throws {
    let address = try #require(IPv6Address(parsing: text))
    #expect(address.description == canonical)
    #expect(IPv6Address(parsing: canonical) == address)
    #expect(IPAddress(parsing: text) == .v6(address))
  }

  @Test(
    "What is no address is refused",
    arguments: [
      "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:", ":1:2:3:4:5:6:7:8", "1::2::3",
      "12345::", "g::", "::1:", "1:2:3:4:5:6:7:8::", "::1.2.3", "::1.2.3.4.5", "::256.0.0.1", "1:2:3:4:5:6:7:1.2.3.4",
      "fe80::1%eth0", " ::1", "::1 ", "1.2.3.4", "01.2.3.4", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1..2.3", "1.2.3.4 ",
      "١.2.3.4", "0x1.2.3.4", "99999999999.1.1.1",
    ])
  func refused(_ text: String) {
    #expect(IPv6Address(parsing: text) == nil)
    if text != "1.2.3.4" { #expect(IPAddress(parsing: text) == nil) }
  }

  @Test("Endpoints carry a port, IPv6 in brackets")
  func endpoints() throws {
    #expect(Endpoint(parsing: "10.0.0.1:80") == Endpoint(.v4(IPv4Address(10, 0, 0, 1)), 80))
    let six = try #require(Endpoint(parsing: "[fd77::1]:9000"))
    #expect(six == Endpoint(.v6(IPv6Address(high: 0xfd77 << 48, low: 1)), 9000))
    #expect(six.description == "[fd77::1]:9000")
    #expect(Endpoint(parsing: "255.255.255.255:65535")?.description == "255.255.255.255:65535")
    for text in [
      "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:080", "fd77::1:80", "[fd77::1]", "[10.0.0.1]:1", ":1",
    ] {
      #expect(Endpoint(parsing: text) == nil, "\(text)")
    }
  }

  @Test("Prefixes have a length of their family")
  func prefixes() {
    #expect(IPPrefix(parsing: "10.77.0.1/16") == IPPrefix(.v4(IPv4Address(10, 77, 0, 1)), 16))
    #expect(IPPrefix(parsing: "fd77::1/64")?.description == "fd77::1/64")
    #expect(IPPrefix(parsing: "::/0")?.length == 0)
    for text in ["10.0.0.1/33", "10.0.0.1/", "10.0.0.1", "::/129", "::/-1", "/24"] {
      #expect(IPPrefix(parsing: text) == nil, "\(text)")
    }
  }
}
