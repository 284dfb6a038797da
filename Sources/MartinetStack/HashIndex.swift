/// The one hash table: from hashes to the numbers of entries, which whoever searches compares. Open addressing, linear probing, and removal by shifting back:
/// eight octets for each of one to three places.
struct HashIndex {
  /// 0 where a place is free, else the lower bits of the hash with the highest bit set.
  private var tags: [UInt32] = []
  private var entries: [UInt32] = []
  /// The entries there are.
  private(set) var count = 0

  private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash) | 0x8000_0000 }

  private func home(_ tag: UInt32) -> Int { Int(tag & 0x7FFF_FFFF) & (tags.count - 1) }

  private func place(after place: Int) -> Int { (place + 1) & (tags.count - 1) }

  /// The entry with `hash` that is the one, which `isMeant` says.
  @inline(__always)
  func entry(_ hash: UInt64, where isMeant: (UInt32) -> Bool) -> UInt32? {
    guard let place = place(HashIndex.tag(hash), where: isMeant) else { return nil }
    return entries[place]
  }

  @inline(__always)
  private func place(_ tag: UInt32, where isMeant: (UInt32) -> Bool) -> Int? {
    if count == 0 { return nil }
    var place = home(tag)
    while tags[place] != 0 {
      if tags[place] == tag && isMeant(entries[place]) { return place }
      place = self.place(after: place)
    }
    return nil
  }

  /// Adds `entry`, which is not there.
  mutating func add(_ entry: UInt32, _ hash: UInt64) {
    if (count + 1) * 4 > tags.count * 3 { grow() }
    put(HashIndex.tag(hash), entry)
    count += 1
  }

  private mutating func put(_ tag: UInt32, _ entry: UInt32) {
    var place = home(tag)
    while tags[place] != 0 { place = self.place(after: place) }
    tags[place] = tag
    entries[place] = entry
  }

  /// Gives the entry with `hash` another number.
  mutating func renumber(_ entry: UInt32, to number: UInt32, _ hash: UInt64) {
    if let place = place(HashIndex.tag(hash), where: { $0 == entry }) { entries[place] = number }
  }

  /// Removes `entry`, if it is there.
  mutating func remove(_ entry: UInt32, _ hash: UInt64) {
    guard var hole = place(HashIndex.tag(hash), where: { $0 == entry }) else { return }
    let mask = tags.count - 1
    var place = self.place(after: hole)
    while tags[place] != 0 {
      // An entry may move into the hole unless that lies before the place where the search for it begins.
      if (place - home(tags[place])) & mask >= (place - hole) & mask {
        tags[hole] = tags[place]
        entries[hole] = entries[place]
        hole = place
      }
      place = self.place(after: place)
    }
    tags[hole] = 0
    count -= 1
  }

  private mutating func grow() {
    let capacity = max(16, tags.count * 2)
    let (oldTags, oldEntries) = (tags, entries)
    tags = Array(repeating: 0, count: capacity)
    entries = Array(repeating: 0, count: capacity)
    for old in oldTags.indices where oldTags[old] != 0 { put(oldTags[old], oldEntries[old]) }
  }

  /// The longest way from where a search begins to where it ends: a measure of how well the hash spreads.
  var longestProbe: Int {
    var longest = 0
    for place in tags.indices where tags[place] != 0 {
      longest = max(longest, (place - home(tags[place])) & (tags.count - 1))
    }
    return longest
  }
}
