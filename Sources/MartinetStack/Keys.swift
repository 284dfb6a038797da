import MartinetWire

extension SipHash {
  /// Takes in an address; addresses of different families differ even where their bits agree.
  @inline(__always)
  mutating func add(_ address: IPAddress) {
    switch address {
    case .v4(let address):
      add(UInt64(address.rawValue) | 4 << 32)
    case .v6(let address):
      add(address.high)
      add(address.low)
    }
  }
}

/// The two ends of a flow as this host sees them. A remote end of port 0 stands for any.
package struct FlowKey: TableKey, Sendable {
  package var local: Endpoint
  package var remote: Endpoint

  package init(local: Endpoint, remote: Endpoint) {
    self.local = local
    self.remote = remote
  }

  /// What is bound to `local` and hears everybody.
  init(bound local: Endpoint) {
    self.init(local: local, remote: Endpoint(local.address.anyOfFamily, 0))
  }

  @inline(__always)
  package func feed(_ hash: inout SipHash) {
    let ports = UInt64(local.port) << 16 | UInt64(remote.port)
    if case .v4(let near) = local.address, case .v4(let far) = remote.address {
      hash.add(UInt64(near.rawValue) << 32 | UInt64(far.rawValue))
      hash.add(ports | 4 << 32)
    } else {
      hash.add(local.address)
      hash.add(remote.address)
      hash.add(ports)
    }
  }
}

/// An address on an interface: the key of a neighbour.
struct NeighbourKey: TableKey {
  var interface: UInt16
  var address: IPAddress

  @inline(__always)
  func feed(_ hash: inout SipHash) {
    hash.add(address)
    hash.add(UInt64(interface))
  }
}

/// An address alone: the key of a path and of what is ours.
struct AddressKey: TableKey {
  var address: IPAddress

  @inline(__always)
  func feed(_ hash: inout SipHash) { hash.add(address) }
}

/// What the fragments of one datagram have in common (RFC 791 section 3.2, RFC 8200 section 4.5). The protocol is 0 for IPv6,
/// where it is no part of the key.
struct DatagramKey: TableKey {
  var source: IPAddress
  var destination: IPAddress
  var identification: UInt32
  var protocolNumber: UInt8

  @inline(__always)
  func feed(_ hash: inout SipHash) {
    hash.add(source)
    hash.add(destination)
    hash.add(UInt64(identification) << 8 | UInt64(protocolNumber))
  }
}

/// A network: an address whose bits beyond the length are zero.
struct PrefixKey: TableKey {
  var network: IPAddress
  var length: UInt8

  init(_ prefix: IPPrefix) {
    network = prefix.network.address
    length = prefix.length
  }

  @inline(__always)
  func feed(_ hash: inout SipHash) {
    hash.add(network)
    hash.add(UInt64(length))
  }
}

/// A port of one of the two transports.
struct PortKey: TableKey {
  var port: UInt16
  var isDatagram: Bool

  @inline(__always)
  func feed(_ hash: inout SipHash) { hash.add(UInt64(port) << 1 | (isDatagram ? 1 : 0)) }
}

/// How many listeners or endpoints have each port.
struct PortUsers {
  private var table: Table<PortKey>
  private let isDatagram: Bool

  init(secret: SipKey, isDatagram: Bool) {
    table = Table(secret: secret)
    self.isDatagram = isDatagram
  }

  func isUsed(_ port: UInt16) -> Bool { table.slot(of: PortKey(port: port, isDatagram: isDatagram)) != nil }

  mutating func add(_ port: UInt16) {
    let key = PortKey(port: port, isDatagram: isDatagram)
    table.set((table.slot(of: key) ?? 0) + 1, for: key)
  }

  mutating func remove(_ port: UInt16) {
    let key = PortKey(port: port, isDatagram: isDatagram)
    guard let users = table.slot(of: key) else { return }
    if users <= 1 { table.remove(key) } else { table.set(users - 1, for: key) }
  }
}
