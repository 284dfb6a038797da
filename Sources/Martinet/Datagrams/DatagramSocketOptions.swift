import MartinetStack

/// What a program can set on a UDP socket.
public struct DatagramSocketOptions: Hashable, Sendable {
  /// The traffic class or type of service of what is sent: DSCP, and ECN in the lower two bits.
  public var trafficClass: UInt8 = 0
  /// The hop limit or time to live of what is sent; nil: the stack's. At least 1.
  public var hopLimit: UInt8?
  /// Whether datagrams may be sent to broadcast addresses. On by default, as in java.net.
  public var broadcast = true
  /// Whether a datagram larger than the path takes is refused instead of fragmented. Off by default.
  public var dontFragment = false
  /// The octets that may wait to be read, headers counted, each datagram charged by whole pages of 2,048 octets; nil: the stack's
  /// (``HostConfiguration/datagramBytes``). What arrives beyond that is lost. More than zero.
  public var receiveBufferSize: Int?
  /// Whether a socket at one address may share its port with one at every address, which does so, too; the one at the address gets what is for it. Off by
  /// default; counts at the moment of binding. Two sockets never share address and port.
  public var reuseAddress = false
  /// How long receiving may block; nil (and zero, as in java.net) for ever. Not negative.
  public var readTimeout: Duration?

  public init() {}
}

extension DatagramSocketOptions {
  /// Throws if a value is out of its bounds.
  func check(_ operation: SocketError.Operation) throws(SocketError) {
    func demand(_ condition: Bool, _ text: String) throws(SocketError) {
      if !condition { throw SocketError(operation, nil, .invalidArgument(text)) }
    }
    try demand(hopLimit != 0, "a hop limit is from 1 to 255")
    try demand(receiveBufferSize.map { $0 > 0 } ?? true, "the receive buffer size is more than zero")
    try demand(readTimeout.map { $0 >= .zero } ?? true, "the read timeout is not negative")
  }

  /// The options as the host has them.
  func hostOptions(over configuration: HostConfiguration) -> DatagramOptions {
    var options = DatagramOptions()
    options.trafficClass = trafficClass
    options.hopLimit = hopLimit ?? configuration.hopLimit
    options.mayBroadcast = broadcast
    options.dontFragment = dontFragment
    options.receiveBufferSize = receiveBufferSize
    return options
  }
}
