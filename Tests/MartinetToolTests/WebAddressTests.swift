import MartinetTool
import Testing

@Suite("An http URL")
struct WebAddressTests {
  @Test(
    "has a host, a port and a target",
    arguments: [
      ("http://example.org", "example.org", 80, "/", "example.org"),
      ("HTTP://example.org:8080/a/b?c=d#e", "example.org", 8080, "/a/b?c=d", "example.org:8080"),
      ("http://example.org:/x", "example.org", 80, "/x", "example.org"),
      ("http://example.org?q=1:2", "example.org", 80, "/?q=1:2", "example.org"),
      ("http://10.99.0.1/%20", "10.99.0.1", 80, "/%20", "10.99.0.1"),
      ("http://[fd99::1]:81/@", "fd99::1", 81, "/@", "[fd99::1]:81"),
      ("http://[fd99::1]/", "fd99::1", 80, "/", "[fd99::1]"),
    ])
  func parts(text: String, host: String, port: UInt16, target: String, authority: String) throws {
    let address = try WebAddress(text)
    #expect(address.host == host)
    #expect(address.port == port)
    #expect(address.target == target)
    #expect(address.authority == authority)
  }

  @Test(
    "must be one",
    arguments: [
      "", "http", "http:", "http:/a", "//a", "http://", "http:///x", "http://:80/", "http://a:65536", "http://a:x/",
      "http://a:-1", "http://fd99::1/", "http://[fd99::1", "http://[10.0.0.1]/", "http://a b/", "http://é/",
      "http://a/é",
      "http://a/\r\nX: y", "http://a%20b/", "http://u:p@a/", "https://a/", "gopher://a/", "http://1.2.3/",
    ])
  func wrong(text: String) {
    #expect(throws: (any Error).self) { try WebAddress(text) }
  }
}
