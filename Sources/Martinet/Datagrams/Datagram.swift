import MartinetStack
import MartinetWire

/// A UDP datagram that arrived.
public struct Datagram: Hashable, Sendable {
  /// The octets that were taken.
  public var bytes: [UInt8]
  /// The octets that the datagram had: more than ``bytes`` if the caller took fewer.
  public var length: Int
  /// Who sent it.
  public var remote: Endpoint
  /// Where it was sent to: one of this host's addresses, or a broadcast address.
  public var local: Endpoint
  /// The traffic class or type of service that it came with: DSCP and ECN.
  public var trafficClass: UInt8
  /// The hop limit or time to live that it came with.
  public var hopLimit: UInt8

  /// Whether octets are missing at the end.
  public var isTruncated: Bool { bytes.count < length }

  init(_ bytes: [UInt8], _ received: ReceivedDatagram) {
    self.bytes = bytes
    length = received.length
    remote = received.remote
    local = received.local
    trafficClass = received.trafficClass
    hopLimit = received.hopLimit
  }
}
