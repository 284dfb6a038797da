import MartinetTCP
import MartinetWire

/// What the layers above IP need to know of a packet that arrived whole.
struct PacketFacts {
  var source: IPAddress
  var destination: IPAddress
  /// The protocol of the transport.
  var protocolNumber: UInt8
  /// DSCP and ECN.
  var trafficClass: UInt8
  var hopLimit: UInt8
  /// The octets before the transport header.
  var headerLength: Int
  /// The interface it came in by.
  var interface: UInt16
  /// Whether it was sent to more than one host: by its IP destination or by its frame.
  var isGroup: Bool
  var trust: ChecksumTrust
  /// The payload octets of each segment of a train; 0 for a single segment.
  var segmentSize: UInt16
  /// Where the number of the transport's protocol stands: what an IPv6 parameter problem points at.
  var nextHeaderPosition = 6
}

/// What the link says of a packet.
struct ArrivalInfo {
  var interface: UInt16
  /// Whether the frame was sent to a group of stations (RFC 1122 section 2.4).
  var isLinkGroup: Bool
  var trust: ChecksumTrust
  var segmentSize: UInt16
}

extension PacketFacts {
  /// The ECN field (RFC 3168 section 5).
  var ecn: ECNCodepoint { ECNCodepoint(rawValue: trafficClass & 3) ?? .notECT }
}
