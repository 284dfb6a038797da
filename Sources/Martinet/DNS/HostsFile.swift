import MartinetWire

/// A table of names, in the form of /etc/hosts: an address and its names on each line, `#` begins a comment.
public struct HostsFile: Sendable {
  /// The most names that are kept; those beyond are ignored.
  public static let largestCount = 65_536
  /// The most addresses of one name.
  static let mostAddresses = 16

  private var table: [DNSName: [IPAddress]] = [:]

  /// An empty table.
  public init() {}

  /// Reads a table. Lines that are no such line are ignored, as every system does.
  public init(parsing text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      // A link-local address may name its device, which is not this stack's.
      guard let first = words.first, let address = IPAddress(parsing: String(first.prefix { $0 != "%" })) else {
        continue
      }
      for word in words.dropFirst() {
        if let name = DNSName(word) { add(address, to: name) }
      }
    }
  }

  private mutating func add(_ address: IPAddress, to name: DNSName) {
    var known = table[name] ?? []
    guard !known.contains(address), known.count < HostsFile.mostAddresses,
      !known.isEmpty || table.count < HostsFile.largestCount
    else { return }
    known.append(address)
    table[name] = known
  }

  /// The addresses of a name; nil if the table does not have it.
  package func addresses(of name: DNSName) -> [IPAddress]? { table[name] }
}
