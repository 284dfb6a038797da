import MartinetWire

/// What a host decides for a connection before it exists.
public struct OpenParameters: Sendable {
  public var id: ConnectionID
  public var local: Endpoint
  public var remote: Endpoint
  /// ISS, by RFC 6528.
  public var initialSequence: SequenceNumber
  /// What is added to the millisecond clock to make TSval (RFC 7323 section 7.1); one per pair of addresses.
  public var timestampOffset: UInt32
  /// The largest IP packet that the path is known to take, in octets.
  public var pathMTU: Int
  /// The largest IP packet that the local link takes: what the offered MSS is made of (RFC 9293 section 3.7.1).
  public var linkMTU: Int
  public var options: ConnectionOptions
  /// What the SYN or SYN,ACK has to do with Fast Open (RFC 7413); nil: nothing.
  public var fastOpen: FastOpen?
  /// Whether a SYN may ask for ECN, if the options want it: not where one that did is known to get no answer (RFC 9768 section 3.1.4.1).
  public var mayAskForNotification = true

  public init(
    id: ConnectionID, local: Endpoint, remote: Endpoint, initialSequence: SequenceNumber, timestampOffset: UInt32,
    pathMTU: Int, linkMTU: Int, options: ConnectionOptions, fastOpen: FastOpen? = nil
  ) {
    self.id = id
    self.local = local
    self.remote = remote
    self.initialSequence = initialSequence
    self.timestampOffset = timestampOffset
    self.pathMTU = pathMTU
    self.linkMTU = linkMTU
    self.options = options
    self.fastOpen = fastOpen
  }
}

/// The two ECN bits of an IP header (RFC 3168 section 5).
public enum ECNCodepoint: UInt8, Sendable {
  case notECT = 0
  case ect1 = 1
  case ect0 = 2
  case congestionExperienced = 3
}

/// What the IP layer knows of an arriving segment.
public struct ArrivalFacts: Sendable {
  public var ecn: ECNCodepoint
  /// The payload octets of each segment of a train; 0 for a single segment.
  public var segmentSize: Int
  public init(ecn: ECNCodepoint = .notECT, segmentSize: Int = 0) {
    self.ecn = ecn
    self.segmentSize = segmentSize
  }
}

/// What the IP layer needs besides the bytes to send a segment.
public struct SegmentEnvelope: Sendable {
  /// DSCP and ECN.
  public var trafficClass: UInt8
  public var hopLimit: UInt8
  public var reason: TransmissionReason
}
