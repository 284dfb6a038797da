/// An IPv4 header (RFC 791 section 3.1). Options are checked and skipped.
public struct IPv4Header: Equatable, Sendable {
  /// DSCP and ECN.
  public var trafficClass: UInt8
  /// The octets of the packet, header included. Encoding into a departure takes the departure's.
  public var totalLength: Int
  public var identification: UInt16
  public var doesNotFragment: Bool
  public var hasMoreFragments: Bool
  /// Where the payload belongs in the datagram, in octets: a multiple of 8.
  public var fragmentOffset: Int
  public var timeToLive: UInt8
  public var protocolNumber: UInt8
  public var source: IPv4Address
  public var destination: IPv4Address
  /// The octets of the header that was read: 20 to 60. Headers are written without options.
  @inlinable public var headerLength: Int { lengthRead }
  @usableFromInline var lengthRead: Int
  /// Whether an option asks for source routing (RFC 791 section 3.1), which hosts do well to refuse.
  public internal(set) var hasSourceRoute = false

  /// The octets of a header without options.
  @inlinable public static var minimumLength: Int { 20 }

  @inlinable
  public init(
    trafficClass: UInt8 = 0, totalLength: Int = 20, identification: UInt16 = 0, doesNotFragment: Bool = true,
    hasMoreFragments: Bool = false, fragmentOffset: Int = 0, timeToLive: UInt8 = 64, protocolNumber: UInt8,
    source: IPv4Address, destination: IPv4Address
  ) {
    self.trafficClass = trafficClass
    self.totalLength = totalLength
    self.identification = identification
    self.doesNotFragment = doesNotFragment
    self.hasMoreFragments = hasMoreFragments
    self.fragmentOffset = fragmentOffset
    self.timeToLive = timeToLive
    self.protocolNumber = protocolNumber
    self.source = source
    self.destination = destination
    lengthRead = IPv4Header.minimumLength
  }

  @inlinable public var isFragment: Bool { hasMoreFragments || fragmentOffset != 0 }
  /// The octets behind the header.
  @inlinable public var payloadLength: Int { totalLength - headerLength }

  /// Reads the header of a packet of `count` octets that begins with `bytes`; what is beyond ``totalLength`` is padding.
  /// - Throws: `truncated`, `version`, `headerLength`, `totalLength`, `checksum`, `option`, or `fragment` if a fragment is empty,
  ///   or is not the last and has a payload that is not a multiple of 8 octets.
  public static func parse(_ bytes: RawSpan, of count: Int) throws(WireError) -> IPv4Header {
    var header = try parseFields(bytes)
    guard header.totalLength >= header.headerLength && header.totalLength <= count else { throw .totalLength }
    let headerBytes = bytes.extracting(0..<header.headerLength)
    guard header.headerLength == minimumLength ? hasRightChecksum(bytes) : Checksum.of(headerBytes) == 0 else {
      throw .checksum
    }
    if header.headerLength > minimumLength {
      header.hasSourceRoute = try IPv4Options.check(headerBytes)
    }
    if header.isFragment {
      guard header.payloadLength > 0, !header.hasMoreFragments || header.payloadLength & 7 == 0 else { throw .fragment }
    }
    return header
  }

  /// Whether the checksum of a header without options is right, with which `bytes` begin.
  @inlinable
  @inline(__always)
  public static func hasRightChecksum(_ bytes: RawSpan) -> Bool {
    var sum = Checksum()
    sum.add(quadWord: bytes.uint64(at: 0))
    sum.add(quadWord: bytes.uint64(at: 8))
    sum.add(doubleWord: bytes.uint32(at: 16))
    return sum.finish() == 0
  }

  /// Whether the checksum of the transport is right in a packet of `count` octets whose header has no options; false as well if it is not all in `bytes`.
  ///
  /// The addresses of the pseudo-header stand right before the transport, so that they are part of one sum (RFC 9293 section 3.1).
  public static func hasRightTransportChecksum(_ bytes: RawSpan, of count: Int) -> Bool {
    guard count >= minimumLength, count <= bytes.byteCount else { return false }
    var sum = Checksum()
    sum.add(bytes.extracting(12..<count))
    sum.add(word: UInt16(bytes.uint8(at: 9)))
    sum.add(word: UInt16(truncatingIfNeeded: count &- minimumLength))
    return sum.finish() == 0
  }

  /// Reads the header of a packet that is in `bytes` as a whole.
  public static func parse(_ bytes: RawSpan) throws(WireError) -> IPv4Header {
    try parse(bytes, of: bytes.byteCount)
  }

  /// Reads a header that an ICMP error quotes: its length fields may promise more than there is, and its checksum need not be
  /// right, since routers change headers.
  /// - Throws: `truncated`, `version`, `headerLength`.
  public static func parseQuoted(_ bytes: RawSpan) throws(WireError) -> IPv4Header {
    try parseFields(bytes)
  }

  private static func parseFields(_ bytes: RawSpan) throws(WireError) -> IPv4Header {
    guard bytes.byteCount >= minimumLength else { throw .truncated }
    let first = bytes.uint8(at: 0)
    guard first >> 4 == 4 else { throw .version }
    let headerLength = Int(first & 0xF) &* 4
    guard headerLength >= minimumLength && headerLength <= bytes.byteCount else { throw .headerLength }
    let fragmentField = bytes.uint16(at: 6)
    var header = IPv4Header(
      trafficClass: bytes.uint8(at: 1), totalLength: Int(bytes.uint16(at: 2)), identification: bytes.uint16(at: 4),
      doesNotFragment: fragmentField & 0x4000 != 0, hasMoreFragments: fragmentField & 0x2000 != 0,
      fragmentOffset: Int(fragmentField & 0x1FFF) &* 8, timeToLive: bytes.uint8(at: 8),
      protocolNumber: bytes.uint8(at: 9), source: IPv4Address(bytes.uint32(at: 12)),
      destination: IPv4Address(bytes.uint32(at: 16)))
    header.lengthRead = headerLength
    return header
  }

  /// Writes 20 octets with their checksum at `position`, where they must be inside.
  public func encode(into target: inout MutableRawSpan, at position: Int) {
    encode(into: &target, at: position, totalLength: totalLength)
  }

  @inlinable @inline(__always)
  func encode(into target: inout MutableRawSpan, at position: Int, totalLength: Int) {
    let flags: UInt16 = (doesNotFragment ? 0x4000 : 0) | (hasMoreFragments ? 0x2000 : 0)
    let lengths = 0x4500_0000 | UInt32(trafficClass) << 16 | UInt32(UInt16(clamping: totalLength))
    let fragment =
      UInt32(identification) << 16 | UInt32(flags | UInt16(truncatingIfNeeded: fragmentOffset >> 3) & 0x1FFF)
    let transport = UInt32(timeToLive) << 24 | UInt32(protocolNumber) << 16
    let words = (UInt64(lengths) << 32 | UInt64(fragment), UInt64(transport) << 32 | UInt64(source.rawValue))
    var sum = Checksum()
    sum.add(quadWord: words.0)
    sum.add(quadWord: words.1)
    sum.add(doubleWord: destination.rawValue)
    target.store(words.0, at: position)
    target.store(words.1 | UInt64(sum.finish()) << 32, at: position &+ 8)
    target.store(destination.rawValue, at: position &+ 16)
  }

  /// Puts the header before what `departure` holds, with the total length that results.
  @inlinable @inline(__always)
  public func encode(into departure: inout Departure) {
    let totalLength = departure.count + IPv4Header.minimumLength
    let position = departure.headerStart - IPv4Header.minimumLength
    departure.withHeaderBytes { encode(into: &$0, at: position, totalLength: totalLength) }
    departure.headerStart = position
  }
}
