import MartinetTCP
import MartinetWire

/// The number that stands for the way from the host to itself.
let loopbackInterface = UInt16.max

/// An interface: its link, and the addresses that the host has there.
struct Interface {
  var link: LinkDescription
  var addresses: [IPPrefix] = []

  /// Ours on the link; nil on links without addresses.
  var hardwareAddress: MACAddress? {
    if case .ethernet(let address) = link.kind { address } else { nil }
  }

  /// The address to send from to `destination`: of the same scope, in the same network if there is one, else the one that
  /// shares the most leading bits (RFC 6724 section 5, rules 2 and 8).
  func source(for destination: IPAddress) -> IPAddress? {
    var best: IPAddress?
    var bestScore = -1
    for prefix in addresses where prefix.address.isIPv4 == destination.isIPv4 {
      var score = prefix.address.commonPrefixLength(with: destination)
      if prefix.contains(destination) { score += 256 }
      if prefix.address.isLinkLocal == destination.isLinkLocal { score += 512 }
      if score > bestScore {
        best = prefix.address
        bestScore = score
      }
    }
    return best
  }
}

/// What a destination address means to this host.
enum DestinationKind {
  case ours
  case broadcast
  case multicast
  case foreign
}

/// The interfaces of a host and everything that follows from their addresses.
struct Interfaces: ~Copyable {
  /// What holds tables is large: it is used where it stands.
  private let anchor = Anchor()
  private(set) var all: [Interface] = []
  /// Ours, with the number of the interface.
  private var ours: Table<AddressKey>
  /// The directed broadcast addresses of our networks.
  private var broadcasts: Table<AddressKey>
  /// The multicast groups that our addresses make us a member of.
  private var groups: Table<AddressKey>
  /// A bit for each address that means something to this host, by a few of its bits: a source has none of them nearly always, and needs no search.
  private var marks: UInt64 = 0
  /// Changes with every address, so that what was concluded from them can be concluded again.
  private(set) var epoch: UInt32 = 0

  init(secret: SipKey) {
    ours = Table(secret: secret)
    broadcasts = Table(secret: secret)
    groups = Table(secret: secret)
    groups.set(0, for: AddressKey(address: .v4(.allHosts)))
    groups.set(0, for: AddressKey(address: .v6(.allNodes)))
  }

  /// The payload octets that fit into an IP packet behind the longest headers.
  static var longestTrain: Int { 65535 - IPv6Header.encodedLength - TCPHeader.maximumLength }

  mutating func add(_ link: LinkDescription) -> UInt16? {
    guard all.count < Int(loopbackInterface) else { return nil }
    var link = link
    // A packet has a length field of 16 bits, and every link carries 68 octets (RFC 791 section 3.2).
    link.mtu = min(max(link.mtu, 68), 65535)
    // So have trains, with the longest headers before them.
    link.maximumTrain = min(max(link.maximumTrain, 0), Interfaces.longestTrain)
    // No checksum of a train can be complete before it is cut.
    if !link.completesChecksums { link.maximumTrain = 0 }
    all.append(Interface(link: link))
    return UInt16(all.count - 1)
  }

  mutating func add(_ prefix: IPPrefix, to interface: UInt16) {
    let key = AddressKey(address: prefix.address)
    guard ours.slot(of: key) == nil else { return }
    epoch &+= 1
    all[Int(interface)].addresses.append(prefix)
    ours.set(UInt32(interface), for: key)
    marks |= mark(of: prefix.address)
    if let broadcast = prefix.broadcast {
      marks |= mark(of: .v4(broadcast)) | mark(of: prefix.network.address)
      broadcasts.set(UInt32(interface), for: AddressKey(address: .v4(broadcast)))
      // Network and all zeros: the old form of broadcast (RFC 1122 section 3.3.6).
      broadcasts.set(UInt32(interface), for: AddressKey(address: prefix.network.address))
    }
    if case .v6(let address) = prefix.address {
      groups.set(UInt32(interface), for: AddressKey(address: .v6(address.solicitedNode)))
    }
  }

  private func mark(of address: IPAddress) -> UInt64 {
    switch address {
    case .v4(let address): 1 << UInt64(address.rawValue & 63)
    case .v6(let address): 1 << (address.low & 63)
    }
  }

  /// The interface that `address` belongs to, if it is ours.
  func interface(of address: IPAddress) -> UInt16? {
    ours.slot(of: AddressKey(address: address)).map { UInt16(truncatingIfNeeded: $0) }
  }

  func isOurs(_ address: IPAddress) -> Bool {
    marks & mark(of: address) != 0 && ours.slot(of: AddressKey(address: address)) != nil
  }

  func isBroadcast(_ address: IPAddress) -> Bool {
    if address == .v4(.limitedBroadcast) { return true }
    return marks & mark(of: address) != 0 && broadcasts.slot(of: AddressKey(address: address)) != nil
  }

  /// What `address` means when it stands in the destination field of a packet that came in by `interface`.
  func kind(of address: IPAddress, on interface: UInt16) -> DestinationKind {
    // It nearly always is the first address of the interface that the packet came in by.
    if Int(interface) < all.count, let first = all[Int(interface)].addresses.first, first.address == address {
      return .ours
    }
    if isOurs(address) || address.isLoopback { return .ours }
    if address.isMulticast { return groups.slot(of: AddressKey(address: address)) == nil ? .foreign : .multicast }
    return isBroadcast(address) ? .broadcast : .foreign
  }
}
