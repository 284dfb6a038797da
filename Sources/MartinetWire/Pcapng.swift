/// Blocks of a pcapng capture file, always little-endian. Nothing of the machine, the program or the date is in them, so that the
/// same packets at the same times make the same file.
public enum Pcapng {
  /// What the packets of an interface begin with.
  public enum LinkType: UInt16, Sendable {
    case ethernet = 1
    /// A bare IPv4 or IPv6 packet.
    case ip = 101
  }

  /// Which way a packet went, as its flags say it.
  public enum Direction: UInt32, Sendable {
    case unknown = 0
    case inbound = 1
    case outbound = 2
  }

  /// What a packet block says besides the packet.
  public struct PacketNote: Sendable {
    /// The number of the interface: how many were described before it.
    public var interface: UInt32
    /// Nanoseconds since 1970, or since the beginning of virtual time.
    public var time: UInt64
    public var direction: Direction
    /// Text that a reader shows with the packet; empty for none.
    public var comment: String

    public init(interface: UInt32 = 0, time: UInt64, direction: Direction = .unknown, comment: String = "") {
      self.interface = interface
      self.time = time
      self.direction = direction
      self.comment = comment
    }
  }

  /// The octets of the longest comment; what is longer is cut.
  public static let maximumComment = 4096

  /// Appends the block that begins a file.
  public static func appendSectionHeader(to file: inout [UInt8]) {
    let start = beginBlock(0x0A0D_0D0A, in: &file)
    file.append(little: 0x1A2B_3C4D as UInt32)
    file.append(little: 1 as UInt16)
    file.append(little: 0 as UInt16)
    file.append(little: UInt64.max)
    endBlock(startingAt: start, in: &file)
  }

  /// Appends the description of an interface with times in nanoseconds; `snapLength` 0 means that packets are whole.
  public static func appendInterface(
    _ type: LinkType, snapLength: UInt32 = 0, name: String = "", to file: inout [UInt8]
  ) {
    let start = beginBlock(1, in: &file)
    file.append(little: type.rawValue)
    file.append(little: 0 as UInt16)
    file.append(little: snapLength)
    if !name.isEmpty { appendOption(2, text: name, to: &file) }
    file.append(little: 9 as UInt16)
    file.append(little: 1 as UInt16)
    file.append(little: 9 as UInt32)
    file.append(little: 0 as UInt32)
    endBlock(startingAt: start, in: &file)
  }

  /// Appends a packet.
  public static func append(_ packet: RawSpan, _ note: PacketNote, to file: inout [UInt8]) {
    let start = beginPacket(note, count: packet.byteCount, in: &file)
    file.append(packet)
    endPacket(note, count: packet.byteCount, startingAt: start, in: &file)
  }

  /// Appends the packet that `chain` holds.
  public static func append(
    _ chain: borrowing PageChain, in pool: borrowing PagePool, _ note: PacketNote, to file: inout [UInt8]
  ) {
    let count = chain.count
    let start = beginPacket(note, count: count, in: &file)
    pool.forEachRun(of: chain, from: 0, count: count) { file.append($0) }
    endPacket(note, count: count, startingAt: start, in: &file)
  }

  /// Appends a departure, with the checksum that is left to the link in place.
  public static func append(_ departure: borrowing Departure, _ note: PacketNote, to file: inout [UInt8]) {
    let count = departure.count
    let start = beginPacket(note, count: count, in: &file)
    let packetStart = file.count
    for index in departure.headerStart..<departure.headerEnd { file.append(departure.header[index]) }
    departure.forEachPayloadRun { file.append($0) }
    if case .partial(_, let offset) = departure.duty {
      let transport = packetStart + Departure.transportStart - departure.headerStart
      completeChecksum(in: &file, from: transport, offset: offset)
    }
    endPacket(note, count: count, startingAt: start, in: &file)
  }

  private static func completeChecksum(in file: inout [UInt8], from transport: Int, offset: Int) {
    guard offset >= 0, offset <= file.count - transport - 2 else { return }
    var sum = Checksum()
    sum.add(file, from: transport)
    let field = Checksum.field(sum.finish(), offset: offset)
    file[transport + offset] = UInt8(truncatingIfNeeded: field >> 8)
    file[transport + offset + 1] = UInt8(truncatingIfNeeded: field)
  }

  private static func beginPacket(_ note: PacketNote, count: Int, in file: inout [UInt8]) -> Int {
    let start = beginBlock(6, in: &file)
    file.append(little: note.interface)
    file.append(little: UInt32(truncatingIfNeeded: note.time >> 32))
    file.append(little: UInt32(truncatingIfNeeded: note.time))
    file.append(little: UInt32(truncatingIfNeeded: count))
    file.append(little: UInt32(truncatingIfNeeded: count))
    return start
  }

  private static func endPacket(_ note: PacketNote, count: Int, startingAt start: Int, in file: inout [UInt8]) {
    pad(&file, after: count)
    if note.direction != .unknown || !note.comment.isEmpty {
      if !note.comment.isEmpty { appendOption(1, text: note.comment, to: &file) }
      if note.direction != .unknown {
        file.append(little: 2 as UInt16)
        file.append(little: 4 as UInt16)
        file.append(little: note.direction.rawValue)
      }
      file.append(little: 0 as UInt32)
    }
    endBlock(startingAt: start, in: &file)
  }

  /// Appends type and room for the length; returns where the block begins.
  private static func beginBlock(_ type: UInt32, in file: inout [UInt8]) -> Int {
    let start = file.count
    file.append(little: type)
    file.append(little: 0 as UInt32)
    return start
  }

  /// Writes the length of the block at both of its ends.
  private static func endBlock(startingAt start: Int, in file: inout [UInt8]) {
    let length = UInt32(truncatingIfNeeded: file.count - start + 4)
    for index in 0..<4 {
      file[start + 4 + index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index))
    }
    file.append(little: length)
  }

  /// Appends a text option, cut at the last whole character that fits.
  private static func appendOption(_ code: UInt16, text: String, to file: inout [UInt8]) {
    var bytes = Array(text.utf8)
    if bytes.count > maximumComment {
      var end = maximumComment
      while end > 0 && bytes[end] & 0xC0 == 0x80 { end -= 1 }
      bytes.removeSubrange(end...)
    }
    file.append(little: code)
    file.append(little: UInt16(truncatingIfNeeded: bytes.count))
    file.append(contentsOf: bytes)
    pad(&file, after: bytes.count)
  }

  private static func pad(_ file: inout [UInt8], after count: Int) {
    for _ in 0..<(-count & 3) { file.append(0) }
  }
}

extension [UInt8] {
  fileprivate mutating func append<Number: FixedWidthInteger>(little number: Number) {
    for index in 0..<(Number.bitWidth / 8) {
      append(UInt8(truncatingIfNeeded: number >> Number(8 * index)))
    }
  }
}
