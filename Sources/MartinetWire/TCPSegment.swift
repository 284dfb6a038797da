/// The nine control bits of a TCP header (RFC 9293 section 3.1, and AE of RFC 9768), in the order of the wire.
@frozen
public struct TCPFlags: OptionSet, Equatable, Sendable {
  public let rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  @inlinable public static var fin: TCPFlags { TCPFlags(rawValue: 0x001) }
  @inlinable public static var syn: TCPFlags { TCPFlags(rawValue: 0x002) }
  @inlinable public static var rst: TCPFlags { TCPFlags(rawValue: 0x004) }
  @inlinable public static var psh: TCPFlags { TCPFlags(rawValue: 0x008) }
  @inlinable public static var ack: TCPFlags { TCPFlags(rawValue: 0x010) }
  @inlinable public static var urg: TCPFlags { TCPFlags(rawValue: 0x020) }
  @inlinable public static var ece: TCPFlags { TCPFlags(rawValue: 0x040) }
  @inlinable public static var cwr: TCPFlags { TCPFlags(rawValue: 0x080) }
  @inlinable public static var ae: TCPFlags { TCPFlags(rawValue: 0x100) }
}

/// A TCP header as values (RFC 9293 section 3.1).
///
/// The checksum is not among them: it is checked before there is a header, and written after.
public struct TCPHeader: Sendable {
  public var sourcePort: UInt16
  public var destinationPort: UInt16
  /// SEG.SEQ
  public var sequence: SequenceNumber
  /// SEG.ACK, meaningful when ``flags`` has ACK.
  public var acknowledgement: SequenceNumber
  public var flags: TCPFlags
  /// SEG.WND as it stands in the header, not scaled.
  public var window: UInt16
  /// SEG.UP as it stands in the header, meaningful when ``flags`` has URG.
  public var urgentPointer: UInt16
  public var options: TCPOptions

  /// The octets of a header without options.
  @inlinable public static var minimumLength: Int { 20 }
  /// The octets of the longest header.
  @inlinable public static var maximumLength: Int { 60 }

  public init(
    sourcePort: UInt16, destinationPort: UInt16, sequence: SequenceNumber, acknowledgement: SequenceNumber,
    flags: TCPFlags, window: UInt16, urgentPointer: UInt16 = 0, options: TCPOptions = TCPOptions()
  ) {
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.sequence = sequence
    self.acknowledgement = acknowledgement
    self.flags = flags
    self.window = window
    self.urgentPointer = urgentPointer
    self.options = options
  }

  @inlinable public var isSYN: Bool { flags.contains(.syn) }
  @inlinable public var isACK: Bool { flags.contains(.ack) }
  @inlinable public var isRST: Bool { flags.contains(.rst) }
  @inlinable public var isFIN: Bool { flags.contains(.fin) }

  /// SEG.LEN: the octets of sequence space that the segment takes, SYN and FIN counted (RFC 9293 section 3.4).
  @inlinable
  public func sequenceLength(payload: Int) -> Int {
    payload + (isSYN ? 1 : 0) + (isFIN ? 1 : 0)
  }
}
