import MartinetLinks
import Testing

@Suite("The text of a link")
struct LinkSpecificationTests {
  @Test(
    "Every medium has a text form that reads back",
    arguments: [
      ("tun:mt0", LinkSpecification(.tun(name: "mt0"))),
      ("tap:mt1,mtu=9000", LinkSpecification(.tap(name: "mt1"), mtu: 9000)),
      ("tun:mt0,offload=off", LinkSpecification(.tun(name: "mt0"), offload: false)),
      ("tap:mt0,mtu=1280,offload=on", LinkSpecification(.tap(name: "mt0"), mtu: 1280, offload: true)),
      ("hub:127.0.0.1:7707", LinkSpecification(.hub(host: "127.0.0.1", port: 7707))),
      ("hub:[::]:0", LinkSpecification(.hub(host: "::", port: 0))),
      ("udp:example.org:7707,mtu=1280", LinkSpecification(.join(host: "example.org", port: 7707), mtu: 1280)),
      ("udp:[fe80::1%eth0]:1", LinkSpecification(.join(host: "fe80::1%eth0", port: 1))),
    ])
  func roundTrip(text: String, specification: LinkSpecification) throws {
    #expect(try LinkSpecification(parsing: text) == specification)
    #expect(specification.description == text)
  }

  @Test(
    "What is no link is refused with one line that says why",
    arguments: [
      "", "tun", "tun:", "mt0", "tun:a/b", "tun:a b", "tun:..", "tun:0123456789abcdef", "tun:mt%d", "eth:mt0", "hub:",
      "hub:7707",
      "hub::7707", "hub:127.0.0.1", "hub:127.0.0.1:", "hub:127.0.0.1:65536", "hub:127.0.0.1:+1", "hub:127.0.0.1:-1",
      "udp:127.0.0.1:0", "hub:::1:7707", "udp:[]:1", "tun:mt0,", "tun:mt0,mtu", "tun:mt0,mtu=", "tun:mt0,mtu=67",
      "tun:mt0,mtu=65536",
      "tun:mt0,mtu=1500,mtu=1500", "tun:mt0,mut=1500", "tun:mt0,offload=", "tun:mt0,offload=yes",
      "tap:mt0,offload=on,offload=on",
      "hub:127.0.0.1:7707,offload=on", "tun:mt0,mtu=+99", ":", ",", "tun:ü",
    ])
  func refused(text: String) {
    let error = #expect(throws: LinkError.self) { try LinkSpecification(parsing: text) }
    guard case .malformed(text, let reason) = error else {
      Issue.record("\(text) is refused with \(String(describing: error))")
      return
    }
    #expect(!reason.isEmpty)
    #expect(error?.description.contains("\n") == false)
  }
}
