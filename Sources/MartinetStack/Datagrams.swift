import MartinetTCP
import MartinetWire

/// A datagram that waits to be read.
struct ArrivedDatagram: ~Copyable {
  var chain: PageChain
  var remote: Endpoint
  var local: Endpoint
  var trafficClass: UInt8
  var hopLimit: UInt8

  /// The memory that it takes: whole pages.
  var charge: Int { max(1, (chain.count + PagePool.pageSize - 1) / PagePool.pageSize) * PagePool.pageSize }
}

/// A UDP endpoint.
struct DatagramEndpoint {
  /// What it was opened on; the address is unspecified for a wildcard.
  var bound: Endpoint
  /// Whether the IPv6 wildcard that it is opened on stands for that of IPv4 as well.
  var hearsBothFamilies: Bool
  /// Whether another endpoint that is as liberal may have the same port, one at an address and one at every address.
  var sharesPort: Bool
  /// The same while it is connected, with the address that the route asks for.
  var local: Endpoint
  /// The only endpoint that it hears, if it is connected.
  var remote: Endpoint?
  var options: DatagramOptions
  /// What waits to be read, oldest first.
  var queue = SlotList()
  /// The memory of the queue.
  var charge = 0
  /// The last error that the network reported.
  var error: DatagramError?

  /// What the table of endpoints knows it by.
  var key: FlowKey {
    if let remote { FlowKey(local: local, remote: remote) } else { FlowKey(bound: bound) }
  }

  /// The same for the other family, if it hears both.
  var secondKey: FlowKey? {
    hearsBothFamilies && remote == nil ? FlowKey(bound: Endpoint(.v4(.any), bound.port)) : nil
  }

  func hears(familyOf address: IPAddress) -> Bool {
    hearsBothFamilies || bound.address.isIPv4 == address.isIPv4
  }
}
