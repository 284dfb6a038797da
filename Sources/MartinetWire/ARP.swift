/// An ARP packet for IPv4 over Ethernet (RFC 826).
@frozen
public struct ARPPacket: Equatable, Sendable {
  public enum Operation: UInt16, Sendable {
    case request = 1
    case reply = 2
  }

  public var operation: Operation
  public var senderHardware: MACAddress
  public var sender: IPv4Address
  public var targetHardware: MACAddress
  public var target: IPv4Address

  /// The octets of a packet.
  public static let encodedLength = 28

  @inlinable
  public init(
    _ operation: Operation, senderHardware: MACAddress, sender: IPv4Address,
    targetHardware: MACAddress = .none, target: IPv4Address
  ) {
    self.operation = operation
    self.senderHardware = senderHardware
    self.sender = sender
    self.targetHardware = targetHardware
    self.target = target
  }

  /// Reads the packet at the beginning of `bytes`; what is behind it is padding.
  /// - Throws: `truncated`; `frameType` if it is not about IPv4 over Ethernet, or neither request nor reply; `address` if the
  ///   sender's hardware address is one of a group.
  public static func parse(_ bytes: RawSpan) throws(WireError) -> ARPPacket {
    guard bytes.byteCount >= encodedLength else { throw .truncated }
    guard bytes.uint32(at: 0) == 0x0001_0800 && bytes.uint16(at: 4) == 0x0604,
      let operation = Operation(rawValue: bytes.uint16(at: 6))
    else { throw .frameType }
    let packet = ARPPacket(
      operation, senderHardware: bytes.macAddress(at: 8), sender: IPv4Address(bytes.uint32(at: 14)),
      targetHardware: bytes.macAddress(at: 18), target: IPv4Address(bytes.uint32(at: 24)))
    guard !packet.senderHardware.isGroup else { throw .address }
    return packet
  }

  /// Writes the packet at `position`, where 28 octets must be inside.
  public func encode(into target: inout MutableRawSpan, at position: Int) {
    target.store(0x0001_0800 as UInt32, at: position)
    target.store(0x0604 as UInt16, at: position + 4)
    target.store(operation.rawValue, at: position + 6)
    target.store(senderHardware, at: position + 8)
    target.store(sender.rawValue, at: position + 14)
    target.store(targetHardware, at: position + 18)
    target.store(self.target.rawValue, at: position + 24)
  }

  /// Writes the packet where the transport header of `departure` belongs.
  public func encode(into departure: inout Departure) {
    departure.withHeaderBytes { encode(into: &$0, at: Departure.transportStart) }
    departure.headerStart = Departure.transportStart
    departure.headerEnd = Departure.transportStart + ARPPacket.encodedLength
  }
}
