/// The nine control bits of a TCP header (RFC 9293 section 3.1, and AE of RFC 9768), in the order of the wire.
@frozen
public struct TCPFlags: OptionSet, Equatable, Sendable {
  public let rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  public static let fin = TCPFlags(rawValue: 0x001)
  public static let syn = TCPFlags(rawValue: 0x002)
  public static let rst = TCPFlags(rawValue: 0x004)
  public static let psh = TCPFlags(rawValue: 0x008)
  public static let ack = TCPFlags(rawValue: 0x010)
  public static let urg = TCPFlags(rawValue: 0x020)
  public static let ece = TCPFlags(rawValue: 0x040)
  public static let cwr = TCPFlags(rawValue: 0x080)
  public static let ae = TCPFlags(rawValue: 0x100)
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
  public static let minimumLength = 20
  /// The octets of the longest header.
  public static let maximumLength = 60

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
