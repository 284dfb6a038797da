/// The one hash table: from hashes to the numbers of entries, which whoever searches compares. Open addressing, linear probing, and removal by shifting back:
/// eight octets for each of one to three places.
struct HashIndex {
  private struct Place {
    /// 0 where a place is free, else the lower bits of the hash with the highest bit set.
    var tag: UInt32
    var entry: UInt32
  }

  private var places: [Place] = []
  /// The entries there are.
  private(set) var count = 0

  private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash) | 0x8000_0000 }

  /// Where the search for `tag` begins.
  @inline(__always)
  private static func home(_ tag: UInt32, _ mask: Int) -> Int { Int(tag & 0x7FFF_FFFF) & mask }

  private var mask: Int { places.count &- 1 }

  /// The entry with `hash` that is the one, which `isMeant` says.
  @inline(__always)
  func entry(_ hash: UInt64, where isMeant: (UInt32) -> Bool) -> UInt32? {
    guard let place = place(HashIndex.tag(hash), where: isMeant) else { return nil }
    return places[place].entry
  }

  @inline(__always)
  private func place(_ tag: UInt32, where isMeant: (UInt32) -> Bool) -> Int? {
    if count == 0 { return nil }
    let places = places.span
    let mask = places.count &- 1
    var number = HashIndex.home(tag, mask)
    while true {
      let place = places[number]
      if place.tag == tag && isMeant(place.entry) { return number }
      if place.tag == 0 { return nil }
      number = (number &+ 1) & mask
    }
  }

  /// Adds `entry`, which is not there.
  mutating func add(_ entry: UInt32, _ hash: UInt64) {
    if (count + 1) * 4 > places.count * 3 { grow() }
    put(HashIndex.tag(hash), entry)
    count += 1
  }

  private mutating func put(_ tag: UInt32, _ entry: UInt32) {
    var places = places.mutableSpan
    let mask = places.count &- 1
    var number = HashIndex.home(tag, mask)
    while places[number].tag != 0 { number = (number &+ 1) & mask }
    places[number] = Place(tag: tag, entry: entry)
  }

  /// Gives the entry with `hash` another number.
  mutating func renumber(_ entry: UInt32, to number: UInt32, _ hash: UInt64) {
    if let place = place(HashIndex.tag(hash), where: { $0 == entry }) { places[place].entry = number }
  }

  /// Removes `entry`, if it is there.
  mutating func remove(_ entry: UInt32, _ hash: UInt64) {
    guard var hole = place(HashIndex.tag(hash), where: { $0 == entry }) else { return }
    var places = places.mutableSpan
    let mask = places.count &- 1
    var number = (hole &+ 1) & mask
    while places[number].tag != 0 {
      // An entry may move into the hole unless that lies before the place where the search for it begins.
      if (number &- HashIndex.home(places[number].tag, mask)) & mask >= (number &- hole) & mask {
        places[hole] = places[number]
        hole = number
      }
      number = (number &+ 1) & mask
    }
    places[hole].tag = 0
    count -= 1
  }

  private mutating func grow() {
    let old = places
    places = Array(repeating: Place(tag: 0, entry: 0), count: max(16, old.count * 2))
    for place in old where place.tag != 0 { put(place.tag, place.entry) }
  }

  /// The longest way from where a search begins to where it ends: a measure of how well the hash spreads.
  var longestProbe: Int {
    var longest = 0
    for number in places.indices where places[number].tag != 0 {
      longest = max(longest, (number - HashIndex.home(places[number].tag, mask)) & mask)
    }
    return longest
  }
}
