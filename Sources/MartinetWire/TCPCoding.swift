extension TCPHeader {
  /// The octets of the header with its options: 20 to 60, a multiple of 4.
  public var encodedLength: Int {
    TCPHeader.minimumLength + options.encodedLength
  }

  /// Reads the header at the beginning of a segment (RFC 9293 section 3.1), and how many octets it takes.
  ///
  /// The reserved bits are ignored, and so is the urgent pointer without URG. Options are read up to the first that is
  /// malformed. The checksum is not looked at.
  /// - Throws: `truncated` below 20 octets, `headerLength` if the data offset is less than 5 or goes beyond `bytes`.
  public static func parse(_ bytes: RawSpan) throws(WireError) -> (header: TCPHeader, length: Int) {
    var header = TCPHeader()
    let length = try header.read(bytes)
    return (header, length)
  }

  /// A header of zeros, for ``read(_:)``.
  public init() {
    self.init(
      sourcePort: 0, destinationPort: 0, sequence: SequenceNumber(0), acknowledgement: SequenceNumber(0), flags: [],
      window: 0)
  }

  /// Does the same where the header stands, which has no options before: it has room for all, and is not copied for nothing.
  public mutating func read(_ bytes: RawSpan) throws(WireError) -> Int {
    let count = bytes.byteCount
    guard count >= TCPHeader.minimumLength else { throw .truncated }
    let offsetAndFlags = bytes.uint16(at: 12)
    let length = Int(offsetAndFlags >> 12) &* 4
    guard length >= TCPHeader.minimumLength && length <= count else { throw .headerLength }
    flags = TCPFlags(rawValue: offsetAndFlags & 0x1FF)
    (sourcePort, destinationPort) = (bytes.uint16(at: 0), bytes.uint16(at: 2))
    (sequence, acknowledgement) = (SequenceNumber(bytes.uint32(at: 4)), SequenceNumber(bytes.uint32(at: 8)))
    window = bytes.uint16(at: 14)
    urgentPointer = flags.contains(.urg) ? bytes.uint16(at: 18) : 0
    if length > TCPHeader.minimumLength {
      options.parse(bytes, from: TCPHeader.minimumLength, to: length, isSYN: isSYN)
    }
    return length
  }

  /// Writes the header with a checksum field of zero at `position`, where ``encodedLength`` octets must be inside; returns how
  /// many octets it wrote.
  @discardableResult
  public func encode(into target: inout MutableRawSpan, at position: Int) -> Int {
    let layout = TCPOptionLayout(options)
    let length = TCPHeader.minimumLength &+ layout.length
    let ports = UInt64(sourcePort) << 48 | UInt64(destinationPort) << 32
    let offsetAndFlags = UInt16(truncatingIfNeeded: length << 10) | (flags.rawValue & 0x1FF)
    target.store(ports | UInt64(sequence.rawValue), at: position)
    target.store(
      UInt64(acknowledgement.rawValue) << 32 | UInt64(offsetAndFlags) << 16 | UInt64(window), at: position &+ 8)
    target.store(flags.contains(.urg) ? UInt32(urgentPointer) : 0, at: position &+ 16)
    if layout.length > 0 {
      options.encode(layout, into: &target, at: position &+ TCPHeader.minimumLength)
    }
    return length
  }

  /// Writes the header where the transport header of `departure` belongs, with a checksum field of zero.
  public func encode(into departure: inout Departure) {
    let length = departure.withHeaderBytes { encode(into: &$0, at: Departure.transportStart) }
    departure.headerStart = Departure.transportStart
    departure.headerEnd = Departure.transportStart + length
  }
}
