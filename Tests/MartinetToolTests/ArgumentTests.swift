import MartinetTCP
import MartinetTool
import Testing

@Suite("Arguments")
struct ArgumentTests {
  @Test(
    "A size has binary and decimal units",
    arguments: [
      ("0", 0), ("1", 1), ("4096", 4096), ("8MiB", 8 << 20), ("8mib", 8 << 20), ("200MB", 200_000_000),
      ("1.5GiB", 3 << 29), ("1KB", 1000), ("1KiB", 1024), ("64K", 65536), ("3B", 3), ("0.5KiB", 512),
    ])
  func sizes(text: String, count: Int) {
    #expect(ByteSize(argument: text)?.count == count)
  }

  @Test(
    "What is no size is refused",
    arguments: [
      "", "MiB", "-1", "1.2.3", "1.5", "0.1KiB", "99999999999999999999", "1e6", "8 MiB", "8MiBB", "٣", "5TiB",
    ])
  func wrongSizes(text: String) {
    #expect(ByteSize(argument: text) == nil)
  }

  @Test(
    "Milliseconds may have decimals",
    arguments: [("10", 10_000_000), ("0.25", 250_000), ("0", 0), ("3600000", 3_600_000_000_000)])
  func milliseconds(text: String, nanoseconds: Int64) {
    #expect(Milliseconds(argument: text)?.interval == Interval(nanoseconds: nanoseconds))
  }

  @Test("What is no delay is refused", arguments: ["", "-1", "ten", "3600001", "0.0000001", "."])
  func wrongMilliseconds(text: String) {
    #expect(Milliseconds(argument: text) == nil)
  }

  @Test("A rate is in Mbit/s", arguments: [("100", 100_000_000), ("0.064", 64_000), ("2.5", 2_500_000)])
  func rates(text: String, bits: UInt64) {
    #expect(Megabits(argument: text)?.bitsPerSecond == bits)
  }

  @Test("What is no rate is refused", arguments: ["0", "-5", "0.0001", "fast", "1000001"])
  func wrongRates(text: String) {
    #expect(Megabits(argument: text) == nil)
  }

  @Test("Zero seconds are no limit")
  func seconds() {
    #expect(Seconds(argument: "0")?.limit == .some(nil))
    #expect(Seconds(argument: "1.5")?.limit == .milliseconds(1500))
    #expect(Seconds(argument: "-1") == nil)
  }

  @Test("A port is from 1 to 65535", arguments: ["0", "65536", "-1", "+9", "9000x", "", "99999999999"])
  func wrongPorts(text: String) {
    #expect(Port(argument: text) == nil)
    #expect(Port(argument: "65535")?.number == 65535)
  }

  @Test(
    "A destination is an address or a name with a port",
    arguments: [
      ("10.77.0.1:9000", "10.77.0.1", 9000), ("[fd77::1]:9000", "fd77::1", 9000), ("example.org:80", "example.org", 80),
      ("my_host-2:1", "my_host-2", 1),
    ])
  func destinations(text: String, host: String, port: UInt16) throws {
    let destination = try #require(HostPort(argument: text))
    #expect(destination.host == host)
    #expect(destination.port == port)
  }

  @Test(
    "What is no destination is refused",
    arguments: [
      "", ":", "10.77.0.1", "10.77.0.1:", ":9000", "10.77.0.1:0", "10.77.0.1:65536", "10.77.0.256:80", "1.2.3:80",
      "fd77::1:9000", "[fd77::1]", "[fd77::1:9000", "[10.0.0.1]:80", "a b:80", "[]:80", "ho/st:1",
    ])
  func wrongDestinations(text: String) {
    #expect(HostPort(argument: text) == nil)
  }
}
