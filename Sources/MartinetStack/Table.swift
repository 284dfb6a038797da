/// What a ``Table`` can be asked by.
package protocol TableKey: Equatable {
  /// Gives everything that makes the key what it is to `hash`.
  func feed(_ hash: inout SipHash)
}

extension TableKey {
  /// The hash of the key: nobody outside who does not know `secret` can choose keys that collide.
  func hash(_ secret: SipKey) -> UInt64 {
    var hash = SipHash(secret)
    feed(&hash)
    return hash.finish()
  }
}

/// From keys to slots: a ``HashIndex`` of keys, which stand without gaps.
package struct Table<Key: TableKey> {
  private struct Entry {
    var key: Key
    var slot: UInt32
  }

  private let secret: SipKey
  private var index = HashIndex()
  private var entries: [Entry] = []

  init(secret: SipKey) {
    self.secret = secret
  }

  package init(k0: UInt64, k1: UInt64) {
    self.init(secret: SipKey(k0: k0, k1: k1))
  }

  /// The entries there are.
  package var count: Int { entries.count }

  private func entry(of key: Key, _ hash: UInt64) -> UInt32? {
    index.entry(hash) { number in entries[Int(number)].key == key }
  }

  /// So many keys are compared faster than one is hashed.
  private static var few: Int { 4 }

  /// The slot of `key`.
  package func slot(of key: Key) -> UInt32? {
    guard entries.count > Table.few else { return slotOfFew(key) }
    return entry(of: key, key.hash(secret)).map { entries[Int($0)].slot }
  }

  private func slotOfFew(_ key: Key) -> UInt32? {
    for number in entries.indices where entries[number].key == key { return entries[number].slot }
    return nil
  }

  /// Gives `key` a slot, another one if it has one.
  package mutating func set(_ slot: UInt32, for key: Key) {
    let hash = key.hash(secret)
    if let known = entry(of: key, hash) {
      entries[Int(known)].slot = slot
    } else {
      index.add(UInt32(entries.count), hash)
      entries.append(Entry(key: key, slot: slot))
    }
  }

  /// Forgets `key`; returns its slot. Out of line: else the compiler makes the array one that nobody else holds where a caller only looks whether there is anything
  /// to forget.
  @discardableResult @inline(never)
  package mutating func remove(_ key: Key) -> UInt32? {
    let hash = key.hash(secret)
    guard let known = entry(of: key, hash) else { return nil }
    let slot = entries[Int(known)].slot
    index.remove(known, hash)
    // The last one fills the gap.
    let last = entries.removeLast()
    if Int(known) < entries.count {
      index.renumber(UInt32(entries.count), to: known, last.key.hash(secret))
      entries[Int(known)] = last
    }
    return slot
  }

  /// The longest way from where a search begins to where it ends.
  package var longestProbe: Int { index.longestProbe }
}
