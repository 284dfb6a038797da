import MartinetWire

/// Which generations a slab counts through: ``prefix`` with any of the bits of ``mask``.
struct Generations {
  var prefix: UInt32 = 0
  var mask = UInt32.max

  var first: UInt32 { prefix | 1 }

  func next(after generation: UInt32) -> UInt32 { prefix | (generation &+ 1) & mask }
}

/// Records that never move, addressed by slot and generation; the slot of a record that was removed is used again, with the next
/// generation, so that an old handle finds nothing rather than somebody else.
@safe
package struct Slab<Element: ~Copyable>: ~Copyable {
  struct Mark: BitwiseCopyable {
    var generation: UInt32
    var isLive = false
    var nextFree = SlotList.none
  }

  private static var chunkShift: Int { 6 }
  private static var chunkSize: Int { 64 }

  private var chunks = unsafe OwnedArray<UnsafeMutablePointer<Element>>()
  private var marks = OwnedArray<Mark>()
  private var firstFree = SlotList.none
  private let generations: Generations
  /// The most records there may be.
  package let limit: Int
  /// The records there are.
  package private(set) var count = 0

  package init(limit: Int) { self.init(limit: limit, generations: Generations()) }

  init(limit: Int, generations: Generations) {
    self.limit = limit
    self.generations = generations
  }

  deinit {
    for slot in 0..<marks.count where marks[slot].isLive {
      unsafe pointer(UInt32(slot)).deinitialize(count: 1)
    }
    for index in unsafe 0..<chunks.count {
      unsafe chunks[index].deallocate()
    }
  }

  /// The slot and generation that the next ``insert(_:)`` will use; nil at the limit.
  @inline(__always)
  package mutating func upcoming() -> (slot: UInt32, generation: UInt32)? {
    if firstFree == SlotList.none && !grow() { return nil }
    return (firstFree, marks[Int(firstFree)].generation)
  }

  /// Makes a free slot; false at the limit.
  @inline(never)
  private mutating func grow() -> Bool {
    guard marks.count < limit else { return false }
    if marks.count & (Slab.chunkSize - 1) == 0 {
      unsafe chunks.append(.allocate(capacity: Slab.chunkSize))
    }
    firstFree = UInt32(marks.count)
    marks.append(Mark(generation: generations.first))
    return true
  }

  /// Puts `element` into the ``upcoming()`` slot; nil at the limit.
  @inline(__always)
  package mutating func insert(_ element: consuming Element) -> UInt32? {
    guard let (slot, generation) = upcoming() else { return nil }
    firstFree = marks[Int(slot)].nextFree
    marks[Int(slot)] = Mark(generation: generation, isLive: true)
    unsafe pointer(slot).initialize(to: element)
    count += 1
    return slot
  }

  /// Takes the record of `slot` out.
  package mutating func remove(_ slot: UInt32) -> Element {
    free(slot)
    return unsafe pointer(slot).move()
  }

  /// Ends the record of `slot` where it stands.
  package mutating func discard(_ slot: UInt32) {
    free(slot)
    unsafe pointer(slot).deinitialize(count: 1)
  }

  @inline(__always)
  private mutating func free(_ slot: UInt32) {
    precondition(marks[Int(slot)].isLive, "a record is removed that is not there")
    marks[Int(slot)] = Mark(
      generation: generations.next(after: marks[Int(slot)].generation), isLive: false, nextFree: firstFree)
    firstFree = slot
    count -= 1
  }

  /// Whether `slot` holds the record that a handle of `generation` means.
  package func contains(_ slot: UInt32, _ generation: UInt32) -> Bool {
    Int(slot) < marks.count && marks[Int(slot)].isLive && marks[Int(slot)].generation == generation
  }

  /// The generation of `slot`.
  package func generation(of slot: UInt32) -> UInt32 { marks[Int(slot)].generation }

  /// Whether `slot` holds a record; together with ``slots`` a way to visit all.
  package func isLive(_ slot: UInt32) -> Bool { marks[Int(slot)].isLive }

  /// All slots that were ever used.
  package var slots: Range<UInt32> { 0..<UInt32(marks.count) }

  @unsafe @inline(__always)
  private func pointer(_ slot: UInt32) -> UnsafeMutablePointer<Element> {
    // Where there is a mark there is a chunk.
    unsafe chunks.uncheckedElement(at: Int(slot) >> Slab.chunkShift) + (Int(slot) & (Slab.chunkSize - 1))
  }

  /// The record of `slot`, which must be there.
  package subscript(slot: UInt32) -> Element {
    @inline(__always) unsafeAddress {
      precondition(marks[Int(slot)].isLive, "a record is used that is not there")
      return unsafe UnsafePointer(pointer(slot))
    }
    @inline(__always) unsafeMutableAddress {
      precondition(marks[Int(slot)].isLive, "a record is used that is not there")
      return unsafe pointer(slot)
    }
  }
}
