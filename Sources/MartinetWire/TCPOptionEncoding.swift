/// Which options of a header go out, and how many octets they take: what does not fit into 40 is left out.
struct TCPOptionLayout {
  /// A multiple of 4, 0 to 40.
  private(set) var length: Int
  private(set) var sackCount = 0
  private(set) var hasUserTimeout = false
  private(set) var hasFastOpen = false
  private(set) var accurateECNFields = -1

  /// The room for options that a data offset of 15 leaves (RFC 9293 section 3.1).
  static let capacity = 40

  init(_ options: TCPOptions) {
    let present = options.present
    if present == .timestamps {
      length = 12
      return
    }
    length = 0
    if present.isEmpty { return }
    if present.contains(.maximumSegmentSize) { length &+= 4 }
    // SACK-permitted takes the place of the two no-operations before the timestamps.
    if present.contains(.timestamps) {
      length &+= 12
    } else if present.contains(.sackPermitted) {
      length &+= 4
    }
    if present.contains(.windowScale) { length &+= 4 }
    if present.contains(.userTimeout) && options.userTimeout.value & 0x7FFF != 0 {
      hasUserTimeout = reserve(4)
    }
    if present.contains(.fastOpen) {
      hasFastOpen = reserve(2 &+ Int(min(options.fastOpenCookie.count, 16)))
    }
    if present.contains(.accurateECN) {
      let fields = options.accurateECN.leadingFields
      if reserve(2 &+ 3 &* fields) { accurateECNFields = fields }
    }
    if present.contains(.sack) {
      sackCount = max(0, min(min(Int(options.sackCount), 4), (TCPOptionLayout.capacity &- length &- 4) >> 3))
      if sackCount > 0 { length &+= 4 &+ 8 &* sackCount }
    }
  }

  /// Takes room for an option of `octets` and the no-operations that fill its last word.
  private mutating func reserve(_ octets: Int) -> Bool {
    let padded = (octets &+ 3) & ~3
    guard length &+ padded <= TCPOptionLayout.capacity else { return false }
    length &+= padded
    return true
  }
}

extension AccurateECNCounters {
  /// The counters in the order of the wire, up to the first that is absent.
  fileprivate var inOrder: (UInt32?, UInt32?, UInt32?) {
    startsWithECT1 ? (ect1Bytes, ceBytes, ect0Bytes) : (ect0Bytes, ceBytes, ect1Bytes)
  }

  fileprivate var leadingFields: Int {
    let (first, second, third) = inOrder
    if first == nil { return 0 }
    if second == nil { return 1 }
    return third == nil ? 2 : 3
  }
}

extension TCPOptions {
  /// The octets that the options take in a header, no-operations included: 0 to 40, a multiple of 4.
  public var encodedLength: Int { TCPOptionLayout(self).length }

  /// How many of ``sackBlocks`` fit next to the other options.
  public var encodedSACKCount: Int { TCPOptionLayout(self).sackCount }

  /// Writes the options in the order in which Linux writes them, so that we look like the system that networks expect, each
  /// on its own words and filled up with no-operations: the list ends with the header.
  func encode(_ layout: TCPOptionLayout, into target: inout MutableRawSpan, at start: Int) {
    var position = start
    if present.contains(.maximumSegmentSize) {
      target.store(0x0204_0000 | UInt32(maximumSegmentSize), at: position)
      position &+= 4
    }
    if present.contains(.timestamps) {
      target.store(present.contains(.sackPermitted) ? 0x0402_080A : 0x0101_080A as UInt32, at: position)
      target.store(timestamps.value, at: position &+ 4)
      target.store(timestamps.echo, at: position &+ 8)
      position &+= 12
    } else if present.contains(.sackPermitted) {
      target.store(0x0101_0402 as UInt32, at: position)
      position &+= 4
    }
    if present.contains(.windowScale) {
      target.store(0x0103_0300 | UInt32(windowScale.shift), at: position)
      position &+= 4
    }
    if layout.sackCount > 0 { encodeSACK(layout.sackCount, into: &target, at: &position) }
    if layout.hasUserTimeout {
      let field = (userTimeout.inMinutes ? 0x8000 : 0) | (userTimeout.value & 0x7FFF)
      target.store(0x1C04_0000 | UInt32(field), at: position)
      position &+= 4
    }
    if layout.hasFastOpen { encodeFastOpen(into: &target, at: &position) }
    if layout.accurateECNFields >= 0 { encodeAccurateECN(layout.accurateECNFields, into: &target, at: &position) }
  }

  private func encodeSACK(_ count: Int, into target: inout MutableRawSpan, at position: inout Int) {
    target.store(0x0101_0500 | UInt32(truncatingIfNeeded: 2 &+ 8 &* count), at: position)
    position &+= 4
    for index in 0..<count {
      target.store(sackBlocks[index].lower.rawValue, at: position)
      target.store(sackBlocks[index].upper.rawValue, at: position &+ 4)
      position &+= 8
    }
  }

  private func encodeFastOpen(into target: inout MutableRawSpan, at position: inout Int) {
    let count = Int(min(fastOpenCookie.count, 16))
    target.store(TCPOptionKind.fastOpen, at: position)
    target.store(UInt8(truncatingIfNeeded: 2 &+ count), at: position &+ 1)
    for index in 0..<count {
      target.store(fastOpenCookie.bytes[index], at: position &+ 2 &+ index)
    }
    position &+= 2 &+ count
    fill(&target, at: &position, taken: 2 &+ count)
  }

  private func encodeAccurateECN(_ fields: Int, into target: inout MutableRawSpan, at position: inout Int) {
    let kind = accurateECN.startsWithECT1 ? TCPOptionKind.accurateECN1 : TCPOptionKind.accurateECN0
    target.store(kind, at: position)
    target.store(UInt8(truncatingIfNeeded: 2 &+ 3 &* fields), at: position &+ 1)
    position &+= 2
    let (first, second, third) = accurateECN.inOrder
    if fields > 0 { storeCounter(first ?? 0, into: &target, at: &position) }
    if fields > 1 { storeCounter(second ?? 0, into: &target, at: &position) }
    if fields > 2 { storeCounter(third ?? 0, into: &target, at: &position) }
    fill(&target, at: &position, taken: 2 &+ 3 &* fields)
  }

  private func storeCounter(_ counter: UInt32, into target: inout MutableRawSpan, at position: inout Int) {
    target.store(UInt8(truncatingIfNeeded: counter >> 16), at: position)
    target.store(UInt16(truncatingIfNeeded: counter), at: position &+ 1)
    position &+= 3
  }

  private func fill(_ target: inout MutableRawSpan, at position: inout Int, taken: Int) {
    for _ in 0..<(-taken & 3) {
      target.store(TCPOptionKind.noOperation, at: position)
      position &+= 1
    }
  }
}
