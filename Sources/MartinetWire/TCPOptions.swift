/// One block of a selective acknowledgement: octets that the receiver holds (RFC 2018 section 3).
public typealias SACKBlock = SequenceRange

/// The two values of a timestamps option (RFC 7323 section 3.2).
@frozen
public struct TCPTimestamps: Equatable, Sendable {
  /// TSval, the sender's clock.
  public var value: UInt32
  /// TSecr, the clock value that is echoed.
  public var echo: UInt32

  @inlinable
  public init(value: UInt32, echo: UInt32) {
    self.value = value
    self.echo = echo
  }
}

/// A Fast Open cookie (RFC 7413 section 4.1.1): empty to ask for one, else 4 to 16 octets.
public struct FastOpenCookie: Sendable {
  // Written out: repeating takes a loop, for each header that is made.
  public var bytes: InlineArray<16, UInt8> = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  public var count: UInt8 = 0
  public init() {}
}

/// The counters of an accurate ECN option (RFC 9768 section 3.2.3), 24 bits each; absent ones are nil.
public struct AccurateECNCounters: Equatable, Sendable {
  public var ect0Bytes: UInt32?
  public var ceBytes: UInt32?
  public var ect1Bytes: UInt32?
  /// Whether the option is kind 174 (ECT(1) first) rather than 172.
  public var startsWithECT1: Bool

  public init(ect0Bytes: UInt32? = nil, ceBytes: UInt32? = nil, ect1Bytes: UInt32? = nil, startsWithECT1: Bool = false)
  {
    self.ect0Bytes = ect0Bytes
    self.ceBytes = ceBytes
    self.ect1Bytes = ect1Bytes
    self.startsWithECT1 = startsWithECT1
  }
}

/// The user timeout of RFC 5482: a granularity bit and 15 bits of minutes or seconds.
@frozen
public struct UserTimeoutOption: Equatable, Sendable {
  public var inMinutes: Bool
  /// 1 to 32767; 0 is reserved and ignored (RFC 5482 section 3.3).
  public var value: UInt16

  @inlinable
  public init(inMinutes: Bool, value: UInt16) {
    self.inMinutes = inMinutes
    self.value = value
  }
}

/// The options of one TCP header, in a struct of fixed size.
public struct TCPOptions: Sendable {
  /// Which options are there.
  @frozen
  public struct Presence: OptionSet, Equatable, Sendable {
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
    @inlinable public static var maximumSegmentSize: Presence { Presence(rawValue: 1) }
    @inlinable public static var windowScale: Presence { Presence(rawValue: 2) }
    @inlinable public static var sackPermitted: Presence { Presence(rawValue: 4) }
    @inlinable public static var sack: Presence { Presence(rawValue: 8) }
    @inlinable public static var timestamps: Presence { Presence(rawValue: 16) }
    @inlinable public static var userTimeout: Presence { Presence(rawValue: 32) }
    @inlinable public static var fastOpen: Presence { Presence(rawValue: 64) }
    @inlinable public static var accurateECN: Presence { Presence(rawValue: 128) }
  }

  public var present: Presence = []
  /// The number of SACK blocks, 0 to 4.
  public var sackCount: UInt8 = 0
  /// Kind 2, meaningful when present (RFC 9293 section 3.7.1).
  public var maximumSegmentSize: UInt16 = 0
  /// Kind 3, clamped to 14 (RFC 7323 section 2.3).
  public var windowScale = WindowScale.none
  /// Kind 28 (RFC 5482).
  public var userTimeout = UserTimeoutOption(inMinutes: false, value: 0)
  /// Kind 8 (RFC 7323 section 3.2).
  public var timestamps = TCPTimestamps(value: 0, echo: 0)
  /// Kind 5 (RFC 2018): the first ``sackCount`` elements count.
  public var sackBlocks: InlineArray<4, SACKBlock> = [noBlock, noBlock, noBlock, noBlock]
  private static var noBlock: SACKBlock { SACKBlock(from: SequenceNumber(0), upTo: SequenceNumber(0)) }
  /// Kind 34 (RFC 7413).
  public var fastOpenCookie = FastOpenCookie()
  /// Kinds 172 and 174 (RFC 9768).
  public var accurateECN = AccurateECNCounters()

  public init() {}

  @inlinable public func has(_ option: Presence) -> Bool { present.contains(option) }

  /// The first block, if it says that something came twice (RFC 2883 section 4): it is below the acknowledgement, or part of the second block.
  public func duplicateReport(acknowledgement: SequenceNumber) -> SACKBlock? {
    guard has(.sack), sackCount > 0 else { return nil }
    let block = sackBlocks[0]
    if !block.upper.isAfter(acknowledgement) { return block }
    guard sackCount > 1 else { return nil }
    let outer = sackBlocks[1]
    return outer.contains(block.lower) && outer.containsOrEnds(at: block.upper) ? block : nil
  }
}
