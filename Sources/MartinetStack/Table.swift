/// What a ``Table`` can be asked by.
package protocol TableKey: Equatable {
  /// Gives everything that makes the key what it is to `hash`.
  func feed(_ hash: inout SipHash)
}

/// The one hash table: from keys to slots, with open addressing, linear probing and removal by shifting back. The order of keys
/// depends on a secret, so that nobody outside can choose keys that collide.
package struct Table<Key: TableKey> {
  private let secret: SipKey
  /// 0 where an entry is free, else the lower bits of the hash with the highest bit set.
  private var tags: [UInt32] = []
  private var keys: [Key] = []
  private var slots: [UInt32] = []
  /// The entries there are.
  package private(set) var count = 0

  init(secret: SipKey) {
    self.secret = secret
  }

  package init(k0: UInt64, k1: UInt64) {
    self.init(secret: SipKey(k0: k0, k1: k1))
  }

  private func tag(of key: Key) -> UInt32 {
    var hash = SipHash(secret)
    key.feed(&hash)
    return UInt32(truncatingIfNeeded: hash.finish()) | 0x8000_0000
  }

  /// The index of `key`, or of the free entry where it belongs.
  private func index(of key: Key, tag: UInt32) -> Int {
    let mask = tags.count - 1
    var index = Int(tag & 0x7FFF_FFFF) & mask
    while tags[index] != 0 && !(tags[index] == tag && keys[index] == key) {
      index = (index + 1) & mask
    }
    return index
  }

  /// The slot of `key`.
  package func slot(of key: Key) -> UInt32? {
    if count == 0 { return nil }
    let index = index(of: key, tag: tag(of: key))
    return tags[index] == 0 ? nil : slots[index]
  }

  /// Gives `key` a slot, another one if it has one.
  package mutating func set(_ slot: UInt32, for key: Key) {
    if (count + 1) * 4 > tags.count * 3 { grow(like: key) }
    let tag = tag(of: key)
    let index = index(of: key, tag: tag)
    if tags[index] == 0 { count += 1 }
    tags[index] = tag
    keys[index] = key
    slots[index] = slot
  }

  /// Forgets `key`; returns its slot.
  @discardableResult
  package mutating func remove(_ key: Key) -> UInt32? {
    if count == 0 { return nil }
    var hole = index(of: key, tag: tag(of: key))
    guard tags[hole] != 0 else { return nil }
    let slot = slots[hole]
    let mask = tags.count - 1
    var index = (hole + 1) & mask
    while tags[index] != 0 {
      let home = Int(tags[index] & 0x7FFF_FFFF) & mask
      // The entry may move into the hole unless that lies before the place where the search for it begins.
      if (index - home) & mask >= (index - hole) & mask {
        tags[hole] = tags[index]
        keys[hole] = keys[index]
        slots[hole] = slots[index]
        hole = index
      }
      index = (index + 1) & mask
    }
    tags[hole] = 0
    count -= 1
    return slot
  }

  private mutating func grow(like key: Key) {
    let capacity = max(16, tags.count * 2)
    let oldTags = tags
    let oldKeys = keys
    let oldSlots = slots
    tags = Array(repeating: 0, count: capacity)
    keys = Array(repeating: key, count: capacity)
    slots = Array(repeating: 0, count: capacity)
    let mask = capacity - 1
    for old in oldTags.indices where oldTags[old] != 0 {
      var index = Int(oldTags[old] & 0x7FFF_FFFF) & mask
      while tags[index] != 0 { index = (index + 1) & mask }
      tags[index] = oldTags[old]
      keys[index] = oldKeys[old]
      slots[index] = oldSlots[old]
    }
  }

  /// The longest way from where a search begins to where it ends: a measure of how well the hash spreads.
  package var longestProbe: Int {
    let mask = tags.count - 1
    var longest = 0
    for index in tags.indices where tags[index] != 0 {
      longest = max(longest, (index - Int(tags[index] & 0x7FFF_FFFF)) & mask)
    }
    return longest
  }
}
