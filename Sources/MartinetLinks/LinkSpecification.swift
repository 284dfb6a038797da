import MartinetWire

/// Which link is wanted, as the command line says it: `tun:NAME`, `tap:NAME`, `hub:HOST:PORT` or `udp:HOST:PORT`, each with an optional `,mtu=N`, devices with
/// an optional `,offload=on` or `,offload=off`, too.
public struct LinkSpecification: Hashable, Sendable {
  public enum Medium: Hashable, Sendable {
    /// A TUN device: bare IP packets from and to the kernel.
    case tun(name: String)
    /// A TAP device: Ethernet frames from and to the kernel.
    case tap(name: String)
    /// The listening end of a UDP tunnel, for any number of peers; port 0 lets the system choose.
    case hub(host: String, port: UInt16)
    /// A UDP tunnel to a hub.
    case join(host: String, port: UInt16)
  }

  public var medium: Medium
  /// The largest IP packet in octets; nil leaves the medium's own.
  public var mtu: Int?

  /// Whether a device's kernel and the host leave checksums and segmentation to each other; nil: where the kernel offers it.
  public var offload: Bool?

  /// The MTU of a UDP tunnel when none is given: with the outer headers it fits through what carries 1500 octets, and most of what carries less.
  public static let tunnelMTU = 1400

  public init(_ medium: Medium, mtu: Int? = nil, offload: Bool? = nil) {
    self.medium = medium
    self.mtu = mtu
    self.offload = offload
  }

  /// Reads the text form.
  /// - Throws: ``LinkError/malformed(_:reason:)``.
  public init(parsing text: String) throws(LinkError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard let colon = parts[0].firstIndex(of: ":") else {
      throw .malformed(
        text, reason: "it is tun:NAME, tap:NAME, hub:HOST:PORT or udp:HOST:PORT, with an optional ,mtu=N")
    }
    let rest = parts[0][parts[0].index(after: colon)...]
    do throws(Flaw) {
      switch parts[0][..<colon] {
      case "tun": medium = .tun(name: try LinkSpecification.deviceName(rest))
      case "tap": medium = .tap(name: try LinkSpecification.deviceName(rest))
      case "hub":
        let (host, port) = try LinkSpecification.hostAndPort(rest)
        medium = .hub(host: host, port: port)
      case "udp":
        let (host, port) = try LinkSpecification.hostAndPort(rest)
        guard port != 0 else { throw Flaw("a port to join is from 1 to 65535") }
        medium = .join(host: host, port: port)
      default: throw Flaw("\"\(parts[0][..<colon])\" is none of tun, tap, hub, udp")
      }
      for option in parts.dropFirst() { try readOption(option) }
    } catch {
      throw .malformed(text, reason: error.reason)
    }
  }

  private mutating func readOption(_ option: Substring) throws(Flaw) {
    if option.hasPrefix("mtu="), mtu == nil {
      mtu = try LinkSpecification.readMTU(option.dropFirst(4))
    } else if ["offload=on", "offload=off"].contains(option), offload == nil {
      switch medium {
      case .tun, .tap: offload = option == "offload=on"
      case .hub, .join: throw Flaw("only devices have offload")
      }
    } else {
      throw Flaw("\",\(option)\" is not ,mtu=N, ,offload=on or ,offload=off")
    }
  }

  private struct Flaw: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// The kernel's rules for the name of a device: 1 to 15 octets, no slash, no colon, no white space.
  private static func deviceName(_ text: Substring) throws(Flaw) -> String {
    guard (1...15).contains(text.utf8.count) else { throw Flaw("a device name has 1 to 15 octets") }
    guard text != "." && text != "..", text.utf8.allSatisfy({ (33...126).contains($0) && !"/:%".utf8.contains($0) })
    else { throw Flaw("\"\(text)\" is not the name of a device") }
    return String(text)
  }

  private static func hostAndPort(_ text: Substring) throws(Flaw) -> (String, UInt16) {
    guard let colon = text.lastIndex(of: ":") else { throw Flaw("the port is missing") }
    var host = text[..<colon]
    let digits = text[text.index(after: colon)...]
    guard let port = UInt16(digits), digits.utf8.first != UInt8(ascii: "+") else {
      throw Flaw("\"\(digits)\" is not a port (0 to 65535)")
    }
    if host.hasPrefix("[") && host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw Flaw("an IPv6 address stands in brackets, as in [::1]:7707")
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else { throw Flaw("the host is missing") }
    return (String(host), port)
  }

  private static func readMTU(_ digits: Substring) throws(Flaw) -> Int {
    // RFC 791: every link carries 68 octets, and no packet is larger than 65,535.
    guard let number = UInt16(digits), number >= 68, digits.utf8.first != UInt8(ascii: "+") else {
      throw Flaw("an MTU is from 68 to 65535")
    }
    return Int(number)
  }
}

extension LinkSpecification: CustomStringConvertible {
  /// The text form.
  public var description: String {
    let options = (mtu.map { ",mtu=\($0)" } ?? "") + (offload.map { ",offload=\($0 ? "on" : "off")" } ?? "")
    switch medium {
    case .tun(let name): return "tun:\(name)\(options)"
    case .tap(let name): return "tap:\(name)\(options)"
    case .hub(let host, let port): return "hub:\(LinkSpecification.bracketed(host)):\(port)\(options)"
    case .join(let host, let port): return "udp:\(LinkSpecification.bracketed(host)):\(port)\(options)"
    }
  }

  private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}

extension LinkSpecification {
  /// Opens the link; ``Link/attach(_:)`` completes it.
  public func open() throws(LinkError) -> any Link {
    switch medium {
    case .tun(let name): try DeviceLink(.tun, name: name, mtu: mtu, offload: offload)
    case .tap(let name): try DeviceLink(.tap, name: name, mtu: mtu, offload: offload)
    case .hub(let host, let port): try HubLink(host: host, port: port, mtu: mtu ?? LinkSpecification.tunnelMTU)
    case .join(let host, let port): try TunnelLink(host: host, port: port, mtu: mtu ?? LinkSpecification.tunnelMTU)
    }
  }

  /// Opens the link with several queues, one for each shard of a stack.
  /// - Throws: ``LinkError/queuesNotOffered(_:_:)`` for more than one queue of a UDP tunnel, and others.
  public func open(queues: Int) throws(LinkError) -> [any Link] {
    switch medium {
    case .tun(let name): return try DeviceLink.queues(.tun, name: name, mtu: mtu, offload: offload, count: queues)
    case .tap(let name): return try DeviceLink.queues(.tap, name: name, mtu: mtu, offload: offload, count: queues)
    case .hub, .join:
      guard queues == 1 else { throw .queuesNotOffered("\(self)", queues) }
      return [try open()]
    }
  }
}
