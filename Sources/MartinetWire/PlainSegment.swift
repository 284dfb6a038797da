/// The header of a segment of the shape that nearly all have: ACK, perhaps PSH or FIN, and no option or the timestamps alone where everybody puts them.
///
/// It is a tenth of a ``TCPHeader``, which has room for all options: what goes the short way is handed on as this.
@frozen
public struct PlainSegment: BitwiseCopyable, Sendable {
  /// SEG.SEQ and SEG.ACK
  public let sequence: SequenceNumber
  public let acknowledgement: SequenceNumber
  /// Zeros without ``hasTimestamps``.
  public let timestamps: TCPTimestamps
  /// SEG.WND as it stands in the header, not scaled.
  public let window: UInt16
  public var isPushed: Bool
  /// FIN: the last segment that a stream has. Expected segments have none.
  public let isFinal: Bool
  public let hasTimestamps: Bool

  /// The flags that may stand beside ACK.
  @inlinable public static var optionalFlags: TCPFlags { TCPFlags(rawValue: 0x009) }

  /// An acknowledgement of nothing.
  public init() {
    (sequence, acknowledgement) = (SequenceNumber(0), SequenceNumber(0))
    timestamps = TCPTimestamps(value: 0, echo: 0)
    (window, isPushed, isFinal, hasTimestamps) = (0, false, false, false)
  }

  /// A segment that nothing was said of yet.
  @inlinable
  public init(
    sequence: SequenceNumber, acknowledgement: SequenceNumber, window: UInt16, timestamps: TCPTimestamps?,
    isPushed: Bool, isFinal: Bool = false
  ) {
    self.sequence = sequence
    self.acknowledgement = acknowledgement
    self.timestamps = timestamps ?? TCPTimestamps(value: 0, echo: 0)
    self.window = window
    self.isPushed = isPushed
    self.isFinal = isFinal
    hasTimestamps = timestamps != nil
  }

  /// The header that `bytes` have at `position`; nil if it has another shape or is not all there.
  @inlinable @inline(__always)
  public init?(_ bytes: RawSpan, at position: Int) {
    guard position >= 0, bytes.byteCount >= position &+ 20 else { return nil }
    // The reserved bits are ignored (RFC 9293 section 3.1).
    let offsetAndFlags = bytes.uint16(at: position &+ 12) & 0xF1FF
    switch offsetAndFlags & ~PlainSegment.optionalFlags.rawValue {
    case 0x5010:
      hasTimestamps = false
      timestamps = TCPTimestamps(value: 0, echo: 0)
    case 0x8010:
      guard bytes.byteCount >= position &+ 32, bytes.uint32(at: position &+ 20) == 0x0101_080A else { return nil }
      hasTimestamps = true
      timestamps = TCPTimestamps(value: bytes.uint32(at: position &+ 24), echo: bytes.uint32(at: position &+ 28))
    default:
      return nil
    }
    sequence = SequenceNumber(bytes.uint32(at: position &+ 4))
    acknowledgement = SequenceNumber(bytes.uint32(at: position &+ 8))
    window = bytes.uint16(at: position &+ 14)
    isPushed = offsetAndFlags & 0x0008 != 0
    isFinal = offsetAndFlags & 0x0001 != 0
  }

  /// The plain form of `header`; nil if it has another shape.
  public init?(_ header: TCPHeader) {
    guard header.flags.subtracting(PlainSegment.optionalFlags) == .ack, header.options.present.isSubset(of: .timestamps)
    else { return nil }
    hasTimestamps = header.options.has(.timestamps)
    timestamps = hasTimestamps ? header.options.timestamps : TCPTimestamps(value: 0, echo: 0)
    sequence = header.sequence
    acknowledgement = header.acknowledgement
    window = header.window
    isPushed = header.flags.contains(.psh)
    isFinal = header.flags.contains(.fin)
  }

  /// ACK, and which of the others are set.
  @inlinable public var flags: TCPFlags {
    TCPFlags(rawValue: 0x010 | (isPushed ? 0x008 : 0) | (isFinal ? 0x001 : 0))
  }

  /// The octets of the header.
  @inlinable public var headerLength: Int { hasTimestamps ? 32 : 20 }

  /// Writes the header where the transport header of `departure` belongs, with a checksum field of zero.
  @inlinable @inline(__always)
  public func encode(into departure: inout Departure, sourcePort: UInt16, destinationPort: UInt16) {
    let start = Departure.transportStart
    departure.withHeaderBytes { target in
      target.store(UInt32(sourcePort) << 16 | UInt32(destinationPort), at: start)
      target.store(sequence.rawValue, at: start &+ 4)
      target.store(acknowledgement.rawValue, at: start &+ 8)
      let offset: UInt32 = hasTimestamps ? 0x8010_0000 : 0x5010_0000
      let flags: UInt32 = (isPushed ? 0x0008_0000 : 0) | (isFinal ? 0x0001_0000 : 0)
      target.store(offset | flags | UInt32(window), at: start &+ 12)
      target.store(UInt32(0), at: start &+ 16)
      if hasTimestamps {
        target.store(0x0101_080A as UInt32, at: start &+ 20)
        target.store(timestamps.value, at: start &+ 24)
        target.store(timestamps.echo, at: start &+ 28)
      }
    }
    departure.headerStart = start
    departure.headerEnd = start &+ headerLength
  }
}

extension TCPHeader {
  /// The header that has the plain form `segment`.
  public init(_ segment: PlainSegment, sourcePort: UInt16, destinationPort: UInt16) {
    self.init(
      sourcePort: sourcePort, destinationPort: destinationPort, sequence: segment.sequence,
      acknowledgement: segment.acknowledgement, flags: segment.flags, window: segment.window)
    if segment.hasTimestamps {
      options.present = .timestamps
      options.timestamps = segment.timestamps
    }
  }
}
