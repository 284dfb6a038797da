/// A prefix that a router announces (RFC 4861 section 4.6.2). Lifetimes are in seconds; all ones mean for ever.
public struct PrefixInformation: Equatable, Sendable {
  public var prefix: IPv6Address
  /// 0 to 128.
  public var length: UInt8
  public var isOnLink: Bool
  /// Whether hosts may make addresses of it (RFC 4862).
  public var isAutonomous: Bool
  public var validLifetime: UInt32
  public var preferredLifetime: UInt32

  public init(
    prefix: IPv6Address, length: UInt8, isOnLink: Bool = true, isAutonomous: Bool = true,
    validLifetime: UInt32 = UInt32.max, preferredLifetime: UInt32 = UInt32.max
  ) {
    self.prefix = prefix
    self.length = length
    self.isOnLink = isOnLink
    self.isAutonomous = isAutonomous
    self.validLifetime = validLifetime
    self.preferredLifetime = preferredLifetime
  }
}

/// The options of a message of neighbour discovery (RFC 4861 section 4.6), in a struct of fixed size.
public struct NeighbourOptions: Sendable {
  /// The most prefixes that are kept of one message; more are skipped.
  public static let prefixCapacity = 4

  public var sourceLinkLayer: MACAddress?
  public var targetLinkLayer: MACAddress?
  public var mtu: UInt32?
  public private(set) var prefixes = InlineArray<4, PrefixInformation>(
    repeating: PrefixInformation(prefix: .any, length: 0))
  public private(set) var prefixCount = 0

  public init(sourceLinkLayer: MACAddress? = nil, targetLinkLayer: MACAddress? = nil, mtu: UInt32? = nil) {
    self.sourceLinkLayer = sourceLinkLayer
    self.targetLinkLayer = targetLinkLayer
    self.mtu = mtu
  }

  /// Adds a prefix; false if there is no room.
  @discardableResult
  public mutating func append(_ prefix: PrefixInformation) -> Bool {
    guard prefixCount < NeighbourOptions.prefixCapacity else { return false }
    prefixes[prefixCount] = prefix
    prefixCount += 1
    return true
  }

  /// Reads the options from `start` to the end. Unknown ones are skipped, and so are known ones of a length that is not
  /// Ethernet's or not theirs.
  /// - Throws: `option` if a length is zero or goes beyond the end (RFC 4861 section 4.6).
  static func parse(_ bytes: RawSpan, from start: Int) throws(WireError) -> NeighbourOptions {
    var options = NeighbourOptions()
    var position = start
    while position < bytes.byteCount {
      guard position + 1 < bytes.byteCount else { throw .option }
      let length = Int(bytes.uint8(at: position + 1)) * 8
      guard length > 0 && length <= bytes.byteCount - position else { throw .option }
      options.parseOption(bytes.uint8(at: position), bytes, at: position, length: length)
      position += length
    }
    return options
  }

  private mutating func parseOption(_ type: UInt8, _ bytes: RawSpan, at position: Int, length: Int) {
    switch (type, length) {
    case (1, 8): sourceLinkLayer = bytes.macAddress(at: position + 2)
    case (2, 8): targetLinkLayer = bytes.macAddress(at: position + 2)
    case (5, 8): mtu = bytes.uint32(at: position + 4)
    case (3, 32):
      let prefixLength = bytes.uint8(at: position + 2)
      guard prefixLength <= 128 else { return }
      let flags = bytes.uint8(at: position + 3)
      append(
        PrefixInformation(
          prefix: IPv6Address(high: bytes.uint64(at: position + 16), low: bytes.uint64(at: position + 24)),
          length: prefixLength, isOnLink: flags & 0x80 != 0, isAutonomous: flags & 0x40 != 0,
          validLifetime: bytes.uint32(at: position + 4), preferredLifetime: bytes.uint32(at: position + 8)))
    default: break
    }
  }

  /// Writes the options at `position` and returns where they end. Of the prefixes only the first is written: hosts do not
  /// announce any, and a departure has no room for more.
  func encode(into target: inout MutableRawSpan, at position: Int) -> Int {
    var position = position
    if let sourceLinkLayer { encode(1, sourceLinkLayer, into: &target, at: &position) }
    if let targetLinkLayer { encode(2, targetLinkLayer, into: &target, at: &position) }
    if let mtu {
      target.store(0x0501_0000 as UInt32, at: position)
      target.store(mtu, at: position + 4)
      position += 8
    }
    if prefixCount > 0 {
      let prefix = prefixes[0]
      let flags: UInt8 = (prefix.isOnLink ? 0x80 : 0) | (prefix.isAutonomous ? 0x40 : 0)
      target.store(0x0304_0000 | UInt32(prefix.length) << 8 | UInt32(flags), at: position)
      target.store(prefix.validLifetime, at: position + 4)
      target.store(prefix.preferredLifetime, at: position + 8)
      target.store(UInt32(0), at: position + 12)
      target.store(prefix.prefix.high, at: position + 16)
      target.store(prefix.prefix.low, at: position + 24)
      position += 32
    }
    return position
  }

  private func encode(_ type: UInt8, _ address: MACAddress, into target: inout MutableRawSpan, at position: inout Int) {
    target.store(type, at: position)
    target.store(UInt8(1), at: position + 1)
    target.store(address, at: position + 2)
    position += 8
  }
}
