import MartinetTCP
import MartinetWire

/// From the two ends of a flow to the slot of its connection. A ``Table`` without keys: they stand in the connections, and whoever searches compares them there,
/// so that a connection costs eight octets for each of one to three places.
struct FlowTable {
  private let secret: SipKey
  /// 0 where an entry is free, else the lower bits of the hash with the highest bit set.
  private var tags: [UInt32] = []
  private var slots: [UInt32] = []
  private(set) var count = 0

  init(secret: SipKey) {
    self.secret = secret
  }

  private func tag(of flow: FlowKey) -> UInt32 {
    var hash = SipHash(secret)
    flow.feed(&hash)
    return UInt32(truncatingIfNeeded: hash.finish()) | 0x8000_0000
  }

  private func home(_ tag: UInt32) -> Int { Int(tag & 0x7FFF_FFFF) & (tags.count - 1) }

  /// The slot of `flow`; `isFlow` says whether that of a slot is the one.
  func slot(of flow: FlowKey, where isFlow: (UInt32) -> Bool) -> UInt32? {
    if count == 0 { return nil }
    let tag = tag(of: flow)
    var index = home(tag)
    while tags[index] != 0 {
      if tags[index] == tag && isFlow(slots[index]) { return slots[index] }
      index = (index + 1) & (tags.count - 1)
    }
    return nil
  }

  /// Gives `flow`, which has none, a slot.
  mutating func add(_ slot: UInt32, for flow: FlowKey) {
    if (count + 1) * 4 > tags.count * 3 { grow() }
    put(tag(of: flow), slot)
    count += 1
  }

  private mutating func put(_ tag: UInt32, _ slot: UInt32) {
    var index = home(tag)
    while tags[index] != 0 { index = (index + 1) & (tags.count - 1) }
    tags[index] = tag
    slots[index] = slot
  }

  /// Forgets `flow`, which has `slot`.
  mutating func remove(_ slot: UInt32, of flow: FlowKey) {
    if count == 0 { return }
    let mask = tags.count - 1
    var hole = home(tag(of: flow))
    while slots[hole] != slot || tags[hole] == 0 {
      guard tags[hole] != 0 else { return }
      hole = (hole + 1) & mask
    }
    var index = (hole + 1) & mask
    while tags[index] != 0 {
      // The entry may move into the hole unless that lies before the place where the search for it begins.
      if (index - home(tags[index])) & mask >= (index - hole) & mask {
        tags[hole] = tags[index]
        slots[hole] = slots[index]
        hole = index
      }
      index = (index + 1) & mask
    }
    tags[hole] = 0
    count -= 1
  }

  private mutating func grow() {
    let capacity = max(16, tags.count * 2)
    let (oldTags, oldSlots) = (tags, slots)
    tags = Array(repeating: 0, count: capacity)
    slots = Array(repeating: 0, count: capacity)
    for old in oldTags.indices where oldTags[old] != 0 { put(oldTags[old], oldSlots[old]) }
  }
}

extension Host {
  /// The slot of the connection over `flow`.
  func connectionSlot(of flow: FlowKey) -> UInt32? {
    flows.slot(of: flow) { slot in connections[slot].isOver(flow) }
  }
}
