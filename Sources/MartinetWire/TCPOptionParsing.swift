extension TCPOptions {
  /// Reads the options in `bytes[start ..< end]` (RFC 9293 section 3.1). They may stand at any octet (MUST-64) and in any order;
  /// of two of a kind the last counts. Unknown kinds are skipped by their length (MUST-6). At a length that is impossible, or
  /// wrong for its kind, the rest is ignored (MUST-7), and so is all behind the end of the list (MUST-69).
  mutating func parse(_ bytes: RawSpan, from start: Int, to end: Int, isSYN: Bool) {
    // The shape of nearly every segment: two no-operations and the timestamps.
    if end &- start == 12 && bytes.uint32(at: start) == 0x0101_080A {
      timestamps = TCPTimestamps(value: bytes.uint32(at: start &+ 4), echo: bytes.uint32(at: start &+ 8))
      present = .timestamps
      return
    }
    if end &- start == 20 && parseUsualOfSYN(bytes, at: start) { return }
    var position = start
    while position < end {
      let kind = bytes.uint8(at: position)
      if kind == TCPOptionKind.endOfList { return }
      if kind == TCPOptionKind.noOperation {
        position &+= 1
        continue
      }
      guard position &+ 1 < end else { return }
      let length = Int(bytes.uint8(at: position &+ 1))
      guard length >= 2 && length <= end &- position else { return }
      guard parseOption(kind, bytes, at: position &+ 2, count: length &- 2, isSYN: isSYN) else { return }
      position &+= length
    }
  }

  /// Reads the options of a SYN if they are those, and stand as those, of most systems that one meets: segment size, SACK permitted, timestamps, and a
  /// window scale behind a no-operation; false, with nothing read, if they are others.
  private mutating func parseUsualOfSYN(_ bytes: RawSpan, at start: Int) -> Bool {
    let (size, scale) = (bytes.uint32(at: start), bytes.uint32(at: start &+ 16))
    guard size >> 16 == 0x0204, bytes.uint32(at: start &+ 4) == 0x0402_080A, scale >> 8 == 0x01_0303 else {
      return false
    }
    maximumSegmentSize = UInt16(truncatingIfNeeded: size)
    timestamps = TCPTimestamps(value: bytes.uint32(at: start &+ 8), echo: bytes.uint32(at: start &+ 12))
    windowScale = WindowScale(clamping: UInt8(truncatingIfNeeded: scale))
    present = Presence(
      rawValue: Presence.maximumSegmentSize.rawValue | Presence.sackPermitted.rawValue | Presence.timestamps.rawValue
        | Presence.windowScale.rawValue)
    return true
  }

  /// Reads one option from the `count` octets behind its length; false if that length is wrong for its kind.
  private mutating func parseOption(_ kind: UInt8, _ bytes: RawSpan, at position: Int, count: Int, isSYN: Bool) -> Bool
  {
    switch kind {
    case TCPOptionKind.maximumSegmentSize:
      guard count == 2 else { return false }
      maximumSegmentSize = bytes.uint16(at: position)
      present.insert(.maximumSegmentSize)
    case TCPOptionKind.windowScale:
      guard count == 1 else { return false }
      windowScale = WindowScale(clamping: bytes.uint8(at: position))
      present.insert(.windowScale)
    case TCPOptionKind.sackPermitted:
      guard count == 0 else { return false }
      present.insert(.sackPermitted)
    case TCPOptionKind.sack:
      return parseSACK(bytes, at: position, count: count)
    case TCPOptionKind.timestamps:
      guard count == 8 else { return false }
      timestamps = TCPTimestamps(value: bytes.uint32(at: position), echo: bytes.uint32(at: position &+ 4))
      present.insert(.timestamps)
    case TCPOptionKind.userTimeout:
      guard count == 2 else { return false }
      parseUserTimeout(bytes.uint16(at: position))
    case TCPOptionKind.fastOpen:
      if isSYN { parseFastOpen(bytes, at: position, count: count) }
    case TCPOptionKind.accurateECN0, TCPOptionKind.accurateECN1:
      parseAccurateECN(bytes, at: position, count: count, startsWithECT1: kind == TCPOptionKind.accurateECN1)
    default:
      break
    }
    return true
  }

  /// RFC 2018 section 3: one to four blocks of a left and a right edge.
  private mutating func parseSACK(_ bytes: RawSpan, at position: Int, count: Int) -> Bool {
    guard count > 0 && count & 7 == 0 && count <= 32 else { return false }
    let blocks = count >> 3
    for index in 0..<blocks {
      let left = bytes.uint32(at: position &+ index &* 8)
      let right = bytes.uint32(at: position &+ index &* 8 &+ 4)
      sackBlocks[index] = SACKBlock(from: SequenceNumber(left), upTo: SequenceNumber(right))
    }
    sackCount = UInt8(truncatingIfNeeded: blocks)
    present.insert(.sack)
    return true
  }

  /// RFC 5482 section 3: a granularity bit and 15 bits, of which zero is reserved and ignored.
  private mutating func parseUserTimeout(_ field: UInt16) {
    guard field & 0x7FFF != 0 else { return }
    userTimeout = UserTimeoutOption(inMinutes: field & 0x8000 != 0, value: field & 0x7FFF)
    present.insert(.userTimeout)
  }

  /// RFC 7413 section 4.1.1: an empty cookie asks for one; else an even number of octets, 4 to 16. Anything else is ignored.
  private mutating func parseFastOpen(_ bytes: RawSpan, at position: Int, count: Int) {
    guard count == 0 || (count >= 4 && count <= 16 && count & 1 == 0) else { return }
    fastOpenCookie = FastOpenCookie()
    fastOpenCookie.count = UInt8(truncatingIfNeeded: count)
    for index in 0..<count {
      fastOpenCookie.bytes[index] = bytes.uint8(at: position &+ index)
    }
    present.insert(.fastOpen)
  }

  /// RFC 9768 section 3.2.3: up to three counters of 24 bits; of an odd length the whole ones are used.
  private mutating func parseAccurateECN(_ bytes: RawSpan, at position: Int, count: Int, startsWithECT1: Bool) {
    var counters = AccurateECNCounters(startsWithECT1: startsWithECT1)
    if count >= 3 {
      let first = bytes.uint24(at: position)
      if startsWithECT1 { counters.ect1Bytes = first } else { counters.ect0Bytes = first }
    }
    if count >= 6 { counters.ceBytes = bytes.uint24(at: position &+ 3) }
    if count >= 9 {
      let last = bytes.uint24(at: position &+ 6)
      if startsWithECT1 { counters.ect0Bytes = last } else { counters.ect1Bytes = last }
    }
    accurateECN = counters
    present.insert(.accurateECN)
  }
}

extension RawSpan {
  fileprivate func uint24(at offset: Int) -> UInt32 {
    UInt32(uint8(at: offset)) << 16 | UInt32(uint16(at: offset + 1))
  }
}
