import MartinetWire

/// The ends of a list of slots; its links are in a ``SlotLinks``.
package struct SlotList {
  /// No slot.
  package static let none = UInt32.max
  package fileprivate(set) var first = SlotList.none
  package fileprivate(set) var last = SlotList.none
  package fileprivate(set) var count = 0
  package init() {}
  package var isEmpty: Bool { count == 0 }
}

/// The links of any number of lists of slots, where each slot is in one list at most: adding, removing and taking the
/// first are O(1).
package struct SlotLinks: ~Copyable {
  struct Link: BitwiseCopyable {
    var next = SlotList.none
    /// What is in no list has itself before it.
    var previous: UInt32
  }

  private var links = OwnedArray<Link>()

  package init() {}

  /// Whether `slot` is in a list.
  package func contains(_ slot: UInt32) -> Bool { Int(slot) < links.count && links[Int(slot)].previous != slot }

  /// The slot behind `slot` in its list; ``SlotList/none`` at the end.
  package func next(after slot: UInt32) -> UInt32 { links[Int(slot)].next }

  /// The slot before `slot` in its list; ``SlotList/none`` at the beginning.
  package func previous(before slot: UInt32) -> UInt32 { links[Int(slot)].previous }

  /// Puts `slot`, which is in no list, at the end of `list`.
  package mutating func append(_ slot: UInt32, to list: inout SlotList) {
    guard Int(slot) < links.count else { return appendNew(slot, to: &list) }
    precondition(links[Int(slot)].previous == slot, "a slot is put into a second list")
    links[Int(slot)] = Link(previous: list.last)
    if list.last == SlotList.none { list.first = slot } else { links[Int(list.last)].next = slot }
    list.last = slot
    list.count &+= 1
  }

  /// Does the same for a slot that was in no list before.
  @inline(never)
  private mutating func appendNew(_ slot: UInt32, to list: inout SlotList) {
    makeRoom(for: slot)
    append(slot, to: &list)
  }

  @inline(__always)
  private mutating func makeRoom(for slot: UInt32) {
    while links.count <= Int(slot) { links.append(Link(previous: UInt32(links.count))) }
  }

  /// Puts `slot`, which is in no list, behind `place` in `list`, or first if that is ``SlotList/none``.
  package mutating func insert(_ slot: UInt32, after place: UInt32, in list: inout SlotList) {
    makeRoom(for: slot)
    precondition(links[Int(slot)].previous == slot, "a slot is put into a second list")
    let next = place == SlotList.none ? list.first : links[Int(place)].next
    links[Int(slot)] = Link(next: next, previous: place)
    if place == SlotList.none { list.first = slot } else { links[Int(place)].next = slot }
    if next == SlotList.none { list.last = slot } else { links[Int(next)].previous = slot }
    list.count &+= 1
  }

  /// Takes `slot` out of `list`, which it must be in.
  package mutating func remove(_ slot: UInt32, from list: inout SlotList) {
    let link = links[Int(slot)]
    precondition(link.previous != slot, "a slot is removed from a list that it is not in")
    if link.previous == SlotList.none {
      list.first = link.next
    } else {
      links[Int(link.previous)].next = link.next
    }
    if link.next == SlotList.none {
      list.last = link.previous
    } else {
      links[Int(link.next)].previous = link.previous
    }
    links[Int(slot)] = Link(previous: slot)
    list.count &-= 1
  }

  /// Takes the first slot out of `list`.
  package mutating func popFirst(of list: inout SlotList) -> UInt32? {
    let slot = list.first
    guard slot != SlotList.none else { return nil }
    remove(slot, from: &list)
    return slot
  }
}
