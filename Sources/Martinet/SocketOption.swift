import MartinetTCP

/// An option by itself: its name and its place among ``SocketOptions``. What java.net calls a SocketOption.
public struct SocketOption<Value: Sendable>: Sendable {
  /// The option's name.
  public let name: String
  let path: (any WritableKeyPath<SocketOptions, Value> & Sendable)?

  init(_ name: String, _ path: any WritableKeyPath<SocketOptions, Value> & Sendable) {
    self.name = name
    self.path = path
  }

  /// An option of that name that some other system has. No socket of Martinet's supports it: to ask for it or to set it fails.
  public init(named name: String) {
    self.name = name
    path = nil
  }
}

extension SocketOption<Bool> {
  public static var noDelay: Self { Self("noDelay", \.noDelay) }
  public static var keepAlive: Self { Self("keepAlive", \.keepAlive) }
  public static var quickAcknowledgement: Self { Self("quickAcknowledgement", \.quickAcknowledgement) }
  public static var pacing: Self { Self("pacing", \.pacing) }
  public static var acceptsPeerUserTimeout: Self { Self("acceptsPeerUserTimeout", \.acceptsPeerUserTimeout) }
  public static var fastOpen: Self { Self("fastOpen", \.fastOpen) }
  public static var urgentInline: Self { Self("urgentInline", \.urgentInline) }
  public static var reuseAddress: Self { Self("reuseAddress", \.reuseAddress) }
}

extension SocketOption<Duration> {
  public static var keepAliveIdle: Self { Self("keepAliveIdle", \.keepAliveIdle) }
  public static var keepAliveInterval: Self { Self("keepAliveInterval", \.keepAliveInterval) }
}

extension SocketOption<Duration?> {
  public static var userTimeout: Self { Self("userTimeout", \.userTimeout) }
  public static var advertisedUserTimeout: Self { Self("advertisedUserTimeout", \.advertisedUserTimeout) }
  public static var deadPeerBound: Self { Self("deadPeerBound", \.deadPeerBound) }
  public static var linger: Self { Self("linger", \.linger) }
  public static var readTimeout: Self { Self("readTimeout", \.readTimeout) }
}

extension SocketOption<Int> {
  public static var keepAliveCount: Self { Self("keepAliveCount", \.keepAliveCount) }
  public static var receiveBufferSize: Self { Self("receiveBufferSize", \.receiveBufferSize) }
  public static var sendBufferSize: Self { Self("sendBufferSize", \.sendBufferSize) }
}

extension SocketOption<Int?> {
  public static var notSentLowWater: Self { Self("notSentLowWater", \.notSentLowWater) }
  public static var maximumSegmentSize: Self { Self("maximumSegmentSize", \.maximumSegmentSize) }
}

extension SocketOption<CongestionAlgorithm?> {
  public static var congestion: Self { Self("congestion", \.congestion) }
}

extension SocketOption<ECNPreference?> {
  public static var ecn: Self { Self("ecn", \.ecn) }
}

extension SocketOption<PathMTUDiscovery?> {
  public static var pathMTUDiscovery: Self { Self("pathMTUDiscovery", \.pathMTUDiscovery) }
}

extension SocketOption<UInt8> {
  public static var trafficClass: Self { Self("trafficClass", \.trafficClass) }
}
