import MartinetWire

/// An interface of a host, by number, in the order they were added.
public struct InterfaceID: Equatable, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }
}

/// The name of an interface: up to 16 octets of UTF-8.
public struct InterfaceName: Sendable {
  var bytes = InlineArray<16, UInt8>(repeating: 0)
  var count = 0

  /// A name of the first 16 octets of `text`.
  public init(_ text: String) {
    for octet in text.utf8 {
      guard count < 16 else { break }
      bytes[count] = octet
      count += 1
    }
  }

  /// The name as text.
  public var text: String {
    var octets: [UInt8] = []
    for index in 0..<count { octets.append(bytes[index]) }
    return String(decoding: octets, as: UTF8.self)
  }
}

/// What a link offers to the host above it.
public struct LinkDescription: Sendable {
  /// What the link carries.
  public enum Kind: Equatable, Sendable {
    /// Bare IP packets.
    case ip
    /// Ethernet II frames; the address is ours.
    case ethernet(MACAddress)
  }

  public var name: InterfaceName
  /// The largest IP packet that the link carries, in octets: at least 68 for IPv4 and 1280 for IPv6.
  public var mtu: Int
  public var kind: Kind
  /// Whether arriving packets may carry ``ChecksumTrust/vouched``.
  public var vouchesForChecksums = false
  /// Whether departures may leave their transport checksum to the link.
  public var completesChecksums = false
  /// The most payload octets of a train that the link cuts into segments; 0 if it can't. Counts only for a link that ``completesChecksums``.
  public var maximumTrain = 0
  /// Whether packets larger than the MTU may arrive: trains that the link has put together, or that nobody has cut yet.
  public var bringsTrains = false
  /// Whether there is one neighbour only, so that no address has to be resolved.
  public var isPointToPoint = false

  public init(name: InterfaceName, mtu: Int, kind: Kind = .ip) {
    self.name = name
    self.mtu = mtu
    self.kind = kind
  }
}
