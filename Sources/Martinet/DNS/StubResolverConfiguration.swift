import MartinetRuntime
import MartinetStack
import MartinetWire

/// The knobs of a ``StubResolver``.
public struct StubResolverConfiguration: Sendable {
  /// The servers to ask, in this order. At most ``mostServers`` of them are.
  public var servers: [Endpoint] = []
  /// The domains that a name with few dots is looked for in; at most ``mostSearchDomains`` are.
  public var searchDomains: [String] = []
  /// The dots from which on a name is first looked for as it is.
  public var dots = 1
  /// How long a server may take to answer before the next one is asked: 2 s by default; at least 1 ms.
  public var timeout = Duration.seconds(2)
  /// How often each server is asked: 3 times by default; at least once.
  public var attempts = 3
  /// The names that nobody is asked about.
  public var hosts = HostsFile()
  /// The most findings that are remembered; 0: none.
  public var cacheCapacity = 1024

  /// The port of a name server (RFC 1035 section 4.2).
  public static let port: UInt16 = 53
  public static let mostServers = 8
  public static let mostSearchDomains = 6

  public init() {}

  /// The knobs in the text of a resolv.conf: `nameserver`, `search`, `domain`, `options` with `ndots:`, `timeout:` and `attempts:`. What else stands there is
  /// ignored, as every system does.
  public init(parsing text: String, hosts: HostsFile = HostsFile()) {
    self.hosts = hosts
    for line in text.split(whereSeparator: \.isNewline) {
      if let first = line.first, first == "#" || first == ";" { continue }
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let keyword = words.first else { continue }
      let values = words.dropFirst()
      switch keyword {
      case "nameserver":
        guard let address = values.first.flatMap({ IPAddress(parsing: String($0)) }) else { continue }
        servers.append(Endpoint(address, StubResolverConfiguration.port))
      case "search": searchDomains = values.map(String.init)
      case "domain": searchDomains = values.prefix(1).map(String.init)
      case "options": for value in values { take(option: value) }
      default: continue
      }
    }
    servers = Array(servers.prefix(StubResolverConfiguration.mostServers))
    searchDomains = Array(searchDomains.prefix(StubResolverConfiguration.mostSearchDomains))
  }

  private mutating func take(option: Substring) {
    let parts = option.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, let number = Int(parts[1]), number >= 0 else { return }
    switch parts[0] {
    case "ndots": dots = min(number, 15)
    case "timeout": timeout = .seconds(max(1, min(number, 30)))
    case "attempts": attempts = max(1, min(number, 5))
    default: return
    }
  }

  /// The knobs that the operating system has in /etc/resolv.conf, with the names of its /etc/hosts. A file that is not there counts as empty; with no server
  /// in it the system's own host is asked, as every system does.
  /// - Throws: if a file is there and can't be read.
  public static func system() throws(SocketError) -> StubResolverConfiguration {
    let hosts = HostsFile(parsing: try text(of: "/etc/hosts"))
    var configuration = StubResolverConfiguration(parsing: try text(of: "/etc/resolv.conf"), hosts: hosts)
    if configuration.servers.isEmpty { configuration.servers = [Endpoint(.v4(.loopback), port)] }
    return configuration
  }

  private static func text(of path: String) throws(SocketError) -> String {
    do throws(SystemFileError) {
      return String(decoding: try SystemFiles.contents(of: path) ?? [], as: UTF8.self)
    } catch {
      throw SocketError(.open, nil, .invalidArgument("\(path): \(error)"))
    }
  }

  /// Throws if a value is out of its bounds.
  func check() throws(SocketError) {
    func demand(_ condition: Bool, _ text: String) throws(SocketError) {
      if !condition { throw SocketError(.open, nil, .invalidArgument(text)) }
    }
    try demand(servers.count <= StubResolverConfiguration.mostServers, "at most 8 name servers are asked")
    try demand(
      servers.allSatisfy { $0.port != 0 && !$0.address.isUnspecified }, "a name server has an address and a port")
    try demand(
      searchDomains.count <= StubResolverConfiguration.mostSearchDomains, "at most 6 domains are searched")
    try demand(searchDomains.allSatisfy { DNSName($0) != nil }, "a search domain is a domain name")
    try demand(dots >= 0, "the number of dots is not negative")
    try demand(timeout >= .milliseconds(1), "the timeout of a name server is at least 1 ms")
    try demand((1...100).contains(attempts), "a name server is asked 1 to 100 times")
    try demand(cacheCapacity >= 0, "the capacity of the cache is not negative")
  }
}
