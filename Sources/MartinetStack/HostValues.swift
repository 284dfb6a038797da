import MartinetTCP
import MartinetWire

/// A connection of a host: slot and generation.
public typealias ConnectionHandle = ConnectionID

/// A listener of a host: slot and generation.
public struct ListenerHandle: Equatable, Sendable {
  public let slot: UInt32
  public let generation: UInt32
}

/// A UDP endpoint of a host: slot and generation.
public struct DatagramHandle: Equatable, Sendable {
  public let slot: UInt32
  public let generation: UInt32
}

/// What a handle is ready for at this moment.
public struct Readiness: OptionSet, Equatable, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// A receive call would bring octets, a datagram, the end of the stream, or an error.
  public static let readable = Readiness(rawValue: 1)
  /// A send call would accept at least one octet.
  public static let writable = Readiness(rawValue: 2)
  /// The handshake is complete.
  public static let connected = Readiness(rawValue: 4)
  /// An accept call would bring a connection.
  public static let acceptable = Readiness(rawValue: 8)
  /// Urgent data are ahead of what was read.
  public static let urgent = Readiness(rawValue: 16)
  /// The connection is over.
  public static let ended = Readiness(rawValue: 32)
}

/// Something that a program may wait for has happened.
public enum HostEvent: Sendable {
  case connection(ConnectionHandle, ConnectionEvents)
  /// There is a connection to accept.
  case listener(ListenerHandle)
  /// There is a datagram to read, or an error to poll.
  case datagram(DatagramHandle)
}

/// Why a call on a host failed.
public enum HostError: Error, Equatable, Sendable {
  /// Another endpoint holds that address and port.
  case addressInUse
  /// The local address is none of the host's.
  case addressNotAvailable
  /// Local and remote address are of different families.
  case familiesDiffer
  /// No route leads to the remote address, or no local address fits it.
  case noRoute
  /// The remote address is unspecified, broadcast or multicast, or its port is 0 (RFC 9293 section 3.9.2.3).
  case invalidRemote
  /// Every ephemeral port is taken.
  case noPorts
  /// A bound of the configuration is reached: connections, listeners, endpoints, routes.
  case limitReached
  /// The page pool is exhausted.
  case noMemory
  /// The handle belongs to nothing any more.
  case doesNotExist
  /// The datagram is larger than UDP or the path (where fragmenting is forbidden) can take.
  case messageTooLong
  /// The endpoint has no default remote endpoint to send to.
  case notConnected
  /// The connection refused the call.
  case call(CallError)
}

/// A datagram that was read.
public struct ReceivedDatagram: Sendable {
  /// The octets that were copied; what did not fit is lost.
  public var count: Int
  /// The octets that the datagram had.
  public var length: Int
  public var remote: Endpoint
  /// The address that the sender wrote to (RFC 1122 section 4.1.3.5).
  public var local: Endpoint
  public var trafficClass: UInt8
  public var hopLimit: UInt8
}

/// An ICMP error that was reported for a datagram.
public struct DatagramError: Equatable, Sendable {
  public var cause: UnreachableCause
  /// Where the datagram was sent to.
  public var remote: Endpoint
}

/// What a program can set on one UDP endpoint.
public struct DatagramOptions: Equatable, Sendable {
  /// DSCP and ECN.
  public var trafficClass: UInt8 = 0
  /// TTL or hop limit, 1 to 255.
  public var hopLimit: UInt8 = 64
  /// Whether datagrams may go to broadcast addresses.
  public var mayBroadcast = false
  /// Whether datagrams larger than the path MTU are refused instead of fragmented.
  public var dontFragment = false
  /// The most octets that wait to be read, headers counted; nil: ``HostConfiguration/datagramBytes``. A datagram is charged by whole pages of 2,048 octets.
  public var receiveBufferSize: Int?
  public init() {}
}
