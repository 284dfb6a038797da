import MartinetRuntime
import MartinetStack
import Synchronization

// The options of a UDP socket, one by one. A closed socket has none.
extension DatagramSocket {
  /// All options at once.
  public var options: DatagramSocketOptions {
    get throws(SocketError) {
      try state.withLock { state throws(SocketError) in
        try state.checkOpen(.getOption)
        return state.options
      }
    }
  }

  /// Sets all options at once.
  /// - Throws: ``SocketError/Reason/invalidArgument(_:)`` for an option out of its bounds; then none is changed.
  public func setOptions(_ options: DatagramSocketOptions) throws(SocketError) {
    try options.check(.setOption)
    try state.withLock { state throws(SocketError) in
      try state.checkOpen(.setOption)
      if let handle = state.handle {
        do throws(HostError) {
          try stack.core.setOptions(options.hostOptions(over: stack.configuration), of: handle)
        } catch {
          throw SocketError(.setOption, state.local, from: error)
        }
      }
      state.options = options
    }
  }

  private func change(_ body: (inout DatagramSocketOptions) -> Void) throws(SocketError) {
    var changed = try options
    body(&changed)
    try setOptions(changed)
  }

  /// The traffic class or type of service of what is sent, 0 to 255.
  public var trafficClass: UInt8 { get throws(SocketError) { try options.trafficClass } }
  public func setTrafficClass(_ value: Int) throws(SocketError) {
    guard let value = UInt8(exactly: value) else {
      throw SocketError(.setOption, nil, .invalidArgument("a traffic class is from 0 to 255, not \(value)"))
    }
    try change { $0.trafficClass = value }
  }

  /// The hop limit or time to live of what is sent, 1 to 255.
  public var hopLimit: UInt8 {
    get throws(SocketError) { try options.hopLimit ?? stack.configuration.hopLimit }
  }
  public func setHopLimit(_ value: Int) throws(SocketError) {
    guard let value = UInt8(exactly: value), value > 0 else {
      throw SocketError(.setOption, nil, .invalidArgument("a hop limit is from 1 to 255, not \(value)"))
    }
    try change { $0.hopLimit = value }
  }

  /// Whether datagrams may be sent to broadcast addresses. True by default.
  public var broadcast: Bool { get throws(SocketError) { try options.broadcast } }
  public func setBroadcast(_ on: Bool) throws(SocketError) { try change { $0.broadcast = on } }

  /// Whether a datagram larger than the path takes is refused instead of fragmented. False by default.
  public var dontFragment: Bool { get throws(SocketError) { try options.dontFragment } }
  public func setDontFragment(_ on: Bool) throws(SocketError) { try change { $0.dontFragment = on } }

  /// The octets that may wait to be read, headers counted. More than zero.
  public var receiveBufferSize: Int {
    get throws(SocketError) { try options.receiveBufferSize ?? stack.configuration.datagramBytes }
  }
  public func setReceiveBufferSize(_ size: Int) throws(SocketError) { try change { $0.receiveBufferSize = size } }

  /// Whether a socket at one address may share its port with one at every address. False by default; counts at the moment of binding.
  public var reuseAddress: Bool { get throws(SocketError) { try options.reuseAddress } }
  public func setReuseAddress(_ on: Bool) throws(SocketError) { try change { $0.reuseAddress = on } }

  /// How long receiving may block; nil (and zero) for ever. Takes effect for later calls; not negative.
  public var readTimeout: Duration? { get throws(SocketError) { try options.readTimeout } }
  public func setReadTimeout(_ timeout: Duration?) throws(SocketError) { try change { $0.readTimeout = timeout } }
}
