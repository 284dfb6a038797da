import MartinetWire

/// The place of a frame in a ``FrameStore``.
struct FrameIndex: Equatable {
  let rawValue: UInt32
  static let none = FrameIndex(rawValue: UInt32.max)
  /// Which of the three sizes of slots it lies in.
  var size: Int { Int(rawValue >> 30) }
  var slot: Int { Int(rawValue & 0x3FFF_FFFF) }
}

/// The memory of the packets in flight: slots of three sizes in flat arrays, used again and again.
struct FrameStore {
  /// The octets of the largest frame: an IP packet of 65,535 octets with a link header.
  static let largestFrame = 65_600

  private var acknowledgements = SlotArray(slotSize: 128)
  private var segments = SlotArray(slotSize: 2048)
  private var jumbos = SlotArray(slotSize: FrameStore.largestFrame)
  /// The most frames of each size that may be in flight at once.
  let limit: Int
  /// The most frames of the largest size.
  let jumboLimit: Int

  /// - Parameter jumboLimit: the most frames of the largest size, if it is to be less than `limit`.
  init(limit: Int, jumboLimit: Int = Int.max) {
    self.limit = min(max(limit, 1), 1 << 24)
    self.jumboLimit = min(max(jumboLimit, 1), self.limit)
  }

  /// The frames in flight.
  var count: Int { acknowledgements.used + segments.used + jumbos.used }

  /// Takes a slot for a frame of `octets`; nil at the limit or if the frame is larger than any slot.
  mutating func allocate(octets: Int) -> FrameIndex? {
    let slot: Int?
    let size: UInt32
    if octets <= acknowledgements.slotSize {
      (slot, size) = (acknowledgements.allocate(octets: octets, limit: limit), 0)
    } else if octets <= segments.slotSize {
      (slot, size) = (segments.allocate(octets: octets, limit: limit), 1)
    } else if octets <= jumbos.slotSize {
      (slot, size) = (jumbos.allocate(octets: octets, limit: jumboLimit), 2)
    } else {
      return nil
    }
    guard let slot else { return nil }
    return FrameIndex(rawValue: size << 30 | UInt32(slot))
  }

  mutating func release(_ frame: FrameIndex) {
    switch frame.size {
    case 0: acknowledgements.release(frame.slot)
    case 1: segments.release(frame.slot)
    default: jumbos.release(frame.slot)
    }
  }

  /// Reads a frame in place.
  func withBytes<Result: ~Copyable, Failure: Error>(
    of frame: FrameIndex, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch frame.size {
    case 0: try acknowledgements.withBytes(of: frame.slot, body)
    case 1: try segments.withBytes(of: frame.slot, body)
    default: try jumbos.withBytes(of: frame.slot, body)
    }
  }

  /// Writes a frame in place.
  mutating func withMutableBytes<Result>(of frame: FrameIndex, _ body: (inout MutableRawSpan) -> Result) -> Result {
    switch frame.size {
    case 0: acknowledgements.withMutableBytes(of: frame.slot, body)
    case 1: segments.withMutableBytes(of: frame.slot, body)
    default: jumbos.withMutableBytes(of: frame.slot, body)
    }
  }

  /// Writes the octets of `departure` into a frame that was allocated for as many.
  mutating func fill(_ frame: FrameIndex, with departure: borrowing Departure) {
    withMutableBytes(of: frame) { departure.copy(into: &$0) }
  }

  func octets(of frame: FrameIndex) -> Int {
    withBytes(of: frame) { $0.byteCount }
  }

  /// Makes a second frame with the same octets; nil at the limit.
  mutating func duplicate(_ frame: FrameIndex) -> FrameIndex? {
    guard let copy = allocate(octets: octets(of: frame)) else { return nil }
    switch frame.size {
    case 0: acknowledgements.copy(frame.slot, to: copy.slot)
    case 1: segments.copy(frame.slot, to: copy.slot)
    default: jumbos.copy(frame.slot, to: copy.slot)
    }
    return copy
  }

  /// Makes a frame of `octets` that holds `range` of another one from `offset` on; nil at the limit. A router makes few of
  /// them, so the octets may take a detour.
  mutating func derive(octets: Int, from other: FrameIndex, _ range: Range<Int>, at offset: Int) -> FrameIndex? {
    guard let frame = allocate(octets: octets) else { return nil }
    var detour = [UInt8](repeating: 0, count: range.count)
    detour.withMutableOctets(0..<range.count) { target in
      withBytes(of: other) { target.copy($0.extracting(range), at: 0) }
    }
    withMutableBytes(of: frame) { target in
      detour.withOctets(0..<range.count) { target.copy($0, at: offset) }
    }
    return frame
  }
}

/// Slots of one size in one flat array.
private struct SlotArray {
  let slotSize: Int
  private(set) var used = 0
  private var bytes: [UInt8] = []
  private var lengths: [Int32] = []
  private var free: [Int32] = []

  init(slotSize: Int) {
    self.slotSize = slotSize
  }

  mutating func allocate(octets: Int, limit: Int) -> Int? {
    if free.isEmpty {
      guard lengths.count < limit else { return nil }
      grow(by: min(max(4, lengths.count), limit - lengths.count))
    }
    let slot = Int(free.removeLast())
    lengths[slot] = Int32(octets)
    used += 1
    return slot
  }

  private mutating func grow(by count: Int) {
    let first = lengths.count
    bytes.append(contentsOf: repeatElement(0, count: count * slotSize))
    for slot in stride(from: first + count - 1, through: first, by: -1) {
      lengths.append(0)
      free.append(Int32(slot))
    }
  }

  mutating func release(_ slot: Int) {
    free.append(Int32(slot))
    used -= 1
  }

  private func range(of slot: Int) -> Range<Int> {
    slot * slotSize..<slot * slotSize + Int(lengths[slot])
  }

  func withBytes<Result: ~Copyable, Failure: Error>(
    of slot: Int, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try bytes.withOctets(range(of: slot), body)
  }

  mutating func withMutableBytes<Result>(of slot: Int, _ body: (inout MutableRawSpan) -> Result) -> Result {
    bytes.withMutableOctets(range(of: slot), body)
  }

  mutating func copy(_ slot: Int, to other: Int) {
    let source = range(of: slot)
    let shift = other * slotSize - source.lowerBound
    for index in source {
      bytes[index + shift] = bytes[index]
    }
  }
}
