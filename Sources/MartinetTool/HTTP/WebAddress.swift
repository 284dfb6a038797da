import ArgumentParser
import MartinetWire

/// An `http` URL as far as a request needs it (RFC 9110 section 4.2.1, RFC 3986).
package struct WebAddress: Equatable, Sendable, CustomStringConvertible {
  package let host: String
  package let port: UInt16
  /// Path and query, with their percent-encoding as it was.
  package let target: String

  /// Takes `text` apart; a fragment is not part of a request and falls away.
  /// - Throws: `ValidationError` that says what is wrong.
  package init(_ text: String) throws {
    guard let colon = text.firstIndex(of: ":"), text[text.index(after: colon)...].hasPrefix("//") else {
      throw ValidationError("a URL begins with http://")
    }
    switch text[..<colon].lowercased() {
    case "http": break
    case "https": throw ValidationError("https is not spoken here, there is no TLS: an http URL is wanted")
    default: throw ValidationError("only http is spoken here: an http URL is wanted")
    }
    guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw ValidationError("a URL has no blanks, controls or letters beyond ASCII: they are percent-encoded")
    }
    let rest = text[text.index(colon, offsetBy: 3)...].prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@") else { throw ValidationError("a user name or password in a URL is not supported") }
    let port = try WebAddress.port(of: authority)
    let host = port.map { authority.dropLast($0.utf8.count + 1) } ?? authority
    guard let destination = HostPort(argument: "\(host):\(port.flatMap { $0.isEmpty ? nil : $0 } ?? "80")") else {
      throw ValidationError("\"\(authority)\" is no host, or not with a port from 1 to 65535")
    }
    self.host = destination.host
    self.port = destination.port
    let target = rest.dropFirst(authority.count)
    self.target = target.hasPrefix("/") ? String(target) : "/" + target
  }

  /// What stands behind the colon of `authority`, which may be nothing; nil without a colon. The colons of an IPv6 address stand in brackets.
  private static func port(of authority: Substring) throws -> Substring? {
    let start = authority.lastIndex(of: "]") ?? authority.startIndex
    return authority[start...].lastIndex(of: ":").map { authority[authority.index(after: $0)...] }
  }

  /// The host and, where it is not 80, the port: the value of the Host field (RFC 9110 section 7.2).
  package var authority: String {
    let shown = host.contains(":") ? "[\(host)]" : host
    return port == 80 ? shown : "\(shown):\(port)"
  }

  package var description: String { "http://\(authority)\(target)" }
}
