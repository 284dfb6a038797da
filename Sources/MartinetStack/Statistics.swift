/// Why the host discarded a packet (RFC 1122 section 1.2.3: whatever is discarded is counted).
public enum DiscardReason: UInt8, Sendable, CaseIterable {
  case noSuchInterface
  case truncatedFrame
  case frameForAnother
  case unknownEtherType
  case malformedHeader
  case badHeaderChecksum
  case badTransportChecksum
  case martianSource
  case martianDestination
  case notForUs
  case sourceRouted
  case unknownProtocol
  case malformedExtensionHeader
  case malformedFragment
  case overlappingFragment
  /// Fragments of which one met congestion and another could not have (RFC 3168 section 5.3).
  case contradictoryMarks
  case fragmentLimit
  case reassemblyTimeout
  case malformedTransport
  case noMemory
  case landAttack
  case synToGroup
  case synQueueFull
  case acceptQueueFull
  case connectionLimit
  case noConnection
  case noListener
  case noEndpoint
  case datagramQueueFull
  case icmpIgnored
  case icmpMalformed
  case icmpQuoteUnknown
  case arpIgnored
  case neighbourMessageInvalid
  case neighbourUnresolved
  case neighbourLimit
  case unresolvedQueueFull
  case outgoingQueueFull
  case rateLimited
  case noRoute
  /// A packet that was put together from fragments and that another shard owns, where too many wait to be handed over; or a segment of another shard's flow.
  case foreignFlow
}

/// What a host counts.
public struct HostStatistics: Sendable {
  public var packetsReceived: UInt64 = 0
  public var packetsSent: UInt64 = 0
  public var datagramsReassembled: UInt64 = 0
  public var icmpErrorsSent: UInt64 = 0
  public var echoRepliesSent: UInt64 = 0
  public var resetsSent: UInt64 = 0
  public var connectionsOpened: UInt64 = 0
  public var connectionsAccepted: UInt64 = 0
  public var halfOpenRecycled: UInt64 = 0
  /// SYNs that were answered with a cookie, and connections that came of it.
  public var synCookiesSent: UInt64 = 0
  public var synCookiesAccepted: UInt64 = 0
  /// SYNs whose Fast Open cookie was valid, SYNs whose text was not taken, and cookies that were given out (RFC 7413).
  public var fastOpensAccepted: UInt64 = 0
  public var fastOpensRefused: UInt64 = 0
  public var fastOpenCookiesSent: UInt64 = 0
  /// Connections in TIME-WAIT that were forgotten because there were too many, and those that gave their ends to the next connection.
  public var timeWaitRecycled: UInt64 = 0
  public var timeWaitReused: UInt64 = 0
  /// Connections without a program that were reset because there were too many.
  public var orphansReset: UInt64 = 0
  /// How often the page pool had to refuse.
  public var poolRefusals: UInt64 = 0
  /// The reasons that there is a counter for.
  package static let reasonCapacity = 48
  private var discards = InlineArray<48, UInt64>(repeating: 0)

  /// The packets that were discarded for `reason`.
  public func discarded(_ reason: DiscardReason) -> UInt64 { discards[Int(reason.rawValue)] }

  /// All packets that were discarded.
  public var allDiscarded: UInt64 {
    var sum: UInt64 = 0
    for index in 0..<discards.count { sum &+= discards[index] }
    return sum
  }

  /// Adds what another host has counted.
  package mutating func add(_ other: HostStatistics) {
    packetsReceived &+= other.packetsReceived
    packetsSent &+= other.packetsSent
    datagramsReassembled &+= other.datagramsReassembled
    icmpErrorsSent &+= other.icmpErrorsSent
    echoRepliesSent &+= other.echoRepliesSent
    resetsSent &+= other.resetsSent
    connectionsOpened &+= other.connectionsOpened
    connectionsAccepted &+= other.connectionsAccepted
    halfOpenRecycled &+= other.halfOpenRecycled
    synCookiesSent &+= other.synCookiesSent
    synCookiesAccepted &+= other.synCookiesAccepted
    fastOpensAccepted &+= other.fastOpensAccepted
    fastOpensRefused &+= other.fastOpensRefused
    fastOpenCookiesSent &+= other.fastOpenCookiesSent
    timeWaitRecycled &+= other.timeWaitRecycled
    timeWaitReused &+= other.timeWaitReused
    orphansReset &+= other.orphansReset
    poolRefusals &+= other.poolRefusals
    for index in 0..<discards.count { discards[index] &+= other.discards[index] }
  }

  mutating func count(_ reason: DiscardReason) { discards[Int(reason.rawValue)] &+= 1 }
}
