// The messages of neighbour discovery (RFC 4861 section 4). What their validity needs of the IP header, the hop limit of 255
// above all, is the host's to check.

/// Who has this address? (RFC 4861 section 4.3)
public struct NeighbourSolicitation: Sendable {
  public var target: IPv6Address
  public var options: NeighbourOptions

  public init(target: IPv6Address, options: NeighbourOptions = NeighbourOptions()) {
    self.target = target
    self.options = options
  }

  static func parse(_ bytes: RawSpan) throws(WireError) -> NeighbourSolicitation {
    NeighbourSolicitation(target: try bytes.neighbourTarget(), options: try NeighbourOptions.parse(bytes, from: 24))
  }

  func encodeBody(into target: inout MutableRawSpan, at position: Int) -> Int {
    target.store(self.target, at: position)
    return options.encode(into: &target, at: position + 16)
  }
}

/// This address is mine (RFC 4861 section 4.4).
public struct NeighbourAdvertisement: Sendable {
  public var target: IPv6Address
  public var isRouter: Bool
  public var isSolicited: Bool
  /// Whether the link-layer address replaces what the receiver knew.
  public var overrides: Bool
  public var options: NeighbourOptions

  public init(
    target: IPv6Address, isRouter: Bool = false, isSolicited: Bool, overrides: Bool,
    options: NeighbourOptions = NeighbourOptions()
  ) {
    self.target = target
    self.isRouter = isRouter
    self.isSolicited = isSolicited
    self.overrides = overrides
    self.options = options
  }

  var flagsWord: UInt32 {
    (isRouter ? 0x8000_0000 : 0) | (isSolicited ? 0x4000_0000 : 0) | (overrides ? 0x2000_0000 : 0)
  }

  static func parse(_ bytes: RawSpan) throws(WireError) -> NeighbourAdvertisement {
    let target = try bytes.neighbourTarget()
    let flags = bytes.uint8(at: 4)
    return NeighbourAdvertisement(
      target: target, isRouter: flags & 0x80 != 0, isSolicited: flags & 0x40 != 0, overrides: flags & 0x20 != 0,
      options: try NeighbourOptions.parse(bytes, from: 24))
  }

  func encodeBody(into target: inout MutableRawSpan, at position: Int) -> Int {
    target.store(self.target, at: position)
    return options.encode(into: &target, at: position + 16)
  }
}

/// What a router tells its link (RFC 4861 section 4.2).
public struct RouterAdvertisement: Sendable {
  /// 0: unspecified by this router.
  public var hopLimit: UInt8
  public var hasManagedAddresses: Bool
  public var hasOtherConfiguration: Bool
  /// In seconds; 0: no default router.
  public var routerLifetime: UInt16
  /// In milliseconds; 0: unspecified.
  public var reachableTime: UInt32
  /// In milliseconds; 0: unspecified.
  public var retransmissionTimer: UInt32
  public var options: NeighbourOptions

  public init(
    hopLimit: UInt8 = 0, hasManagedAddresses: Bool = false, hasOtherConfiguration: Bool = false,
    routerLifetime: UInt16, reachableTime: UInt32 = 0, retransmissionTimer: UInt32 = 0,
    options: NeighbourOptions = NeighbourOptions()
  ) {
    self.hopLimit = hopLimit
    self.hasManagedAddresses = hasManagedAddresses
    self.hasOtherConfiguration = hasOtherConfiguration
    self.routerLifetime = routerLifetime
    self.reachableTime = reachableTime
    self.retransmissionTimer = retransmissionTimer
    self.options = options
  }

  var flagsWord: UInt32 {
    let flags: UInt32 = (hasManagedAddresses ? 0x80 : 0) | (hasOtherConfiguration ? 0x40 : 0)
    return UInt32(hopLimit) << 24 | flags << 16 | UInt32(routerLifetime)
  }

  static func parse(_ bytes: RawSpan) throws(WireError) -> RouterAdvertisement {
    guard bytes.byteCount >= 16 else { throw .truncated }
    let flags = bytes.uint8(at: 5)
    return RouterAdvertisement(
      hopLimit: bytes.uint8(at: 4), hasManagedAddresses: flags & 0x80 != 0, hasOtherConfiguration: flags & 0x40 != 0,
      routerLifetime: bytes.uint16(at: 6), reachableTime: bytes.uint32(at: 8),
      retransmissionTimer: bytes.uint32(at: 12), options: try NeighbourOptions.parse(bytes, from: 16))
  }

  func encodeBody(into target: inout MutableRawSpan, at position: Int) -> Int {
    target.store(reachableTime, at: position)
    target.store(retransmissionTimer, at: position + 4)
    return options.encode(into: &target, at: position + 8)
  }
}

/// A router knows a better first hop (RFC 4861 section 4.5). The redirected packet among the options is skipped.
public struct NeighbourRedirect: Sendable {
  /// The better first hop; the destination itself if it is on the link.
  public var target: IPv6Address
  public var destination: IPv6Address
  public var options: NeighbourOptions

  public init(target: IPv6Address, destination: IPv6Address, options: NeighbourOptions = NeighbourOptions()) {
    self.target = target
    self.destination = destination
    self.options = options
  }

  static func parse(_ bytes: RawSpan) throws(WireError) -> NeighbourRedirect {
    guard bytes.byteCount >= 40 else { throw .truncated }
    let destination = bytes.ipv6Address(at: 24)
    guard !destination.isMulticast else { throw .address }
    return NeighbourRedirect(
      target: bytes.ipv6Address(at: 8), destination: destination, options: try NeighbourOptions.parse(bytes, from: 40))
  }

  func encodeBody(into target: inout MutableRawSpan, at position: Int) -> Int {
    target.store(self.target, at: position)
    target.store(destination, at: position + 16)
    return options.encode(into: &target, at: position + 32)
  }
}

extension RawSpan {
  func ipv6Address(at offset: Int) -> IPv6Address {
    IPv6Address(high: uint64(at: offset), low: uint64(at: offset + 8))
  }

  /// The target of a solicitation or advertisement, which is never a group (RFC 4861 sections 7.1.1 and 7.1.2).
  fileprivate func neighbourTarget() throws(WireError) -> IPv6Address {
    guard byteCount >= 24 else { throw .truncated }
    let target = ipv6Address(at: 8)
    guard !target.isMulticast else { throw .address }
    return target
  }
}

extension MutableRawSpan {
  mutating func store(_ address: IPv6Address, at offset: Int) {
    store(address.high, at: offset)
    store(address.low, at: offset + 8)
  }
}
