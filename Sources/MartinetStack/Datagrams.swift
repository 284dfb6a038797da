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
}
