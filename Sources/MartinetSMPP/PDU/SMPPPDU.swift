/// A protocol data unit of SMPP 3.4: a header of sixteen octets and a body (section 3.2).
public struct SMPPPDU: Hashable, Sendable {
  /// The octets of the header.
  public static let headerLength = 16

  public var body: SMPPBody
  /// ``SMPPStatus/ok`` in a request.
  public var status: SMPPStatus
  /// 1 to 0x7FFFFFFF; a response has its request's.
  public var sequence: UInt32

  public init(_ body: SMPPBody, status: SMPPStatus = .ok, sequence: UInt32) {
    self.body = body
    self.status = status
    self.sequence = sequence
  }

  /// Reads the octets of one whole PDU.
  public init(_ octets: [UInt8]) throws(SMPPFormatError) {
    var framer = SMPPFramer(limit: Int(Int32.max))
    framer.append(octets)
    guard let frame = try framer.next(), framer.isBetweenPDUs else {
      throw .commandLength(UInt32(clamping: octets.count), limit: octets.count)
    }
    self = try frame.decoded()
  }

  public var command: SMPPCommand { body.command }

  /// The PDU as octets.
  ///
  /// - Parameter limit: the most octets of the whole PDU.
  public func octets(limit: Int = Int(Int32.max)) throws(SMPPFormatError) -> [UInt8] {
    var fields = FieldWriter()
    try body.encode(to: &fields)
    let length = SMPPPDU.headerLength + fields.octets.count
    guard length <= limit else { throw .commandLength(UInt32(clamping: length), limit: limit) }
    var header = FieldWriter()
    for var word in [UInt32(length), command.rawValue, status.rawValue, sequence] { header.word(&word, .parameters) }
    return header.octets + fields.octets
  }
}

/// A PDU whose end is known and whose fields nobody has looked at.
struct SMPPFrame {
  var command: UInt32
  var status: SMPPStatus
  var sequence: UInt32
  var body: ArraySlice<UInt8>

  /// The PDU that it is.
  func decoded() throws(SMPPFormatError) -> SMPPPDU {
    guard let known = SMPPCommand(rawValue: command) else { throw .unknownCommand(command) }
    return SMPPPDU(try SMPPBody(known, status: status, body), status: status, sequence: sequence)
  }
}

/// Cuts a stream of octets into PDUs. It holds less than a PDU of the largest size, and what it was given last.
struct SMPPFramer {
  let limit: Int
  private var octets: [UInt8] = []
  private var start = 0

  init(limit: Int) { self.limit = limit }

  /// Whether the stream may end here.
  var isBetweenPDUs: Bool { start == octets.count }

  mutating func append(_ more: [UInt8]) {
    if start > 0 {
      octets.removeFirst(start)
      start = 0
    }
    octets += more
  }

  /// The next PDU that is there as a whole.
  /// - Throws: ``SMPPFormatError/commandLength(_:limit:)``: the rest of the stream can't be cut.
  mutating func next() throws(SMPPFormatError) -> SMPPFrame? {
    guard let length = word(0) else { return nil }
    guard (SMPPPDU.headerLength...max(limit, SMPPPDU.headerLength)).contains(Int(length)) else {
      throw .commandLength(length, limit: limit)
    }
    let end = start + Int(length)
    guard end <= octets.count, let command = word(1), let status = word(2), let sequence = word(3) else { return nil }
    defer { start = end }
    return SMPPFrame(
      command: command, status: SMPPStatus(rawValue: status), sequence: sequence,
      body: octets[(start + SMPPPDU.headerLength)..<end])
  }

  /// The sequence number of the PDU that begins here, as far as it has come.
  var sequence: UInt32? { word(3) }

  private func word(_ index: Int) -> UInt32? {
    let place = start + 4 * index
    guard place + 4 <= octets.count else { return nil }
    return octets[place..<(place + 4)].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
