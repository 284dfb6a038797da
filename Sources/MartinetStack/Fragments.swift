import MartinetTCP
import MartinetWire

/// A fragment that waits for the rest of its datagram. The first one keeps the headers it came with, for an error that has to quote
/// it.
struct Fragment: ~Copyable {
  var chain: PageChain
  /// Where its data belong in the datagram.
  var offset: Int
  /// The octets of data.
  var count: Int
  /// The octets of headers before the data in ``chain``.
  var headerLength: Int

  var end: Int { offset + count }
}

/// What the IP layer says about an arriving fragment.
struct FragmentFacts {
  var key: DatagramKey
  var offset: Int
  var hasMore: Bool
  var headerLength: Int
  var trafficClass: UInt8
  var hopLimit: UInt8
  /// The protocol of what the datagram carries.
  var protocolNumber: UInt8
  var interface: UInt16
  var isLinkGroup: Bool
}

/// A datagram of which some fragments are there.
struct PartialDatagram {
  var facts: FragmentFacts
  /// The fragments, in order of their offset.
  var pieces = SlotList()
  /// The octets of data that are there.
  var received = 0
  /// The octets of the whole, known once the last fragment is there.
  var total: Int?
  /// Whether fragments contradicted each other, so that nothing of the datagram is to be used (RFC 5722 section 4).
  var isSpoilt = false
  /// The ECN fields of the fragments, as bits.
  var codepoints: UInt8 = 0
  var deadline: Instant
  /// The memory that the fragments take.
  var charge = 0
}

/// What became of a fragment.
enum ReassemblyOutcome {
  case waiting
  case discarded(DiscardReason)
  /// The datagram is complete.
  case complete(UInt32)
}

/// Datagrams that are being reassembled: bounded in number, in fragments of each, and in memory. At a bound the datagram that
/// waits longest goes, so that fragments that lead nowhere don't stop those that do.
struct FragmentStore: ~Copyable {
  private var table: Table<DatagramKey>
  private var datagrams: Slab<PartialDatagram>
  private var pieces: Slab<Fragment>
  private var pieceLinks = SlotLinks()
  private var ageLinks = SlotLinks()
  private var byAge = SlotList()
  private let byteLimit: Int
  private let pieceLimit: Int
  private let timeout: Interval
  /// The memory that all fragments take.
  private(set) var charge = 0

  init(secret: SipKey, configuration: HostConfiguration) {
    table = Table(secret: secret)
    datagrams = Slab(limit: max(1, configuration.fragmentedDatagrams))
    pieceLimit = max(2, configuration.fragmentsPerDatagram)
    pieces = Slab(limit: max(1, configuration.fragmentedDatagrams) * pieceLimit)
    byteLimit = configuration.fragmentBytes
    timeout = configuration.reassemblyTimeout
  }

  /// When the oldest datagram is given up.
  var earliest: Instant { byAge.isEmpty ? .never : datagrams[byAge.first].deadline }
  var count: Int { datagrams.count }

  func facts(of slot: UInt32) -> FragmentFacts { datagrams[slot].facts }

  // MARK: Arrival

  /// Takes a fragment in.
  mutating func add(
    _ chain: consuming PageChain, _ facts: FragmentFacts, pool: inout PagePool, at now: Instant
  ) -> ReassemblyOutcome {
    let charge = FragmentStore.charge(for: chain.count)
    guard let slot = slot(for: facts, needing: charge, pool: &pool, at: now) else {
      pool.release(chain)
      return .discarded(.fragmentLimit)
    }
    if datagrams[slot].isSpoilt {
      pool.release(chain)
      return .discarded(.overlappingFragment)
    }
    var piece = Fragment(
      chain: chain, offset: facts.offset, count: 0, headerLength: facts.headerLength)
    piece.count = piece.chain.count - facts.headerLength
    if facts.offset > 0 {
      pool.removeFirst(facts.headerLength, from: &piece.chain)
      piece.headerLength = 0
    }
    switch place(of: piece, hasMore: facts.hasMore, in: slot, pool: pool) {
    case .after(let previous):
      return insert(piece, after: previous, facts, charge: charge, in: slot, pool: &pool)
    case .duplicate:
      pool.release(piece.chain)
      return .waiting
    case .contradiction:
      pool.release(piece.chain)
      spoil(slot, pool: &pool)
      return .discarded(.overlappingFragment)
    case .full:
      pool.release(piece.chain)
      spoil(slot, pool: &pool)
      return .discarded(.fragmentLimit)
    }
  }

  /// Fragments are charged by the pages they hold.
  private static func charge(for octets: Int) -> Int {
    (octets + PagePool.pageSize - 1) / PagePool.pageSize * PagePool.pageSize
  }

  private mutating func slot(
    for facts: FragmentFacts, needing needed: Int, pool: inout PagePool, at now: Instant
  ) -> UInt32? {
    let known = table.slot(of: facts.key)
    while charge + needed > byteLimit || (known == nil && datagrams.count >= datagrams.limit) {
      guard byAge.first != known, !byAge.isEmpty else {
        if let known { drop(known, pool: &pool) }
        return nil
      }
      drop(byAge.first, pool: &pool)
    }
    if let known { return known }
    guard let slot = datagrams.insert(PartialDatagram(facts: facts, deadline: now + timeout)) else { return nil }
    table.set(slot, for: facts.key)
    ageLinks.append(slot, to: &byAge)
    return slot
  }

  private enum Place {
    case after(UInt32)
    case duplicate
    case contradiction
    /// There are as many fragments as there may be.
    case full
  }

  /// Where a fragment belongs, looked for from the end, since most come in order.
  private func place(of piece: borrowing Fragment, hasMore: Bool, in slot: UInt32, pool: borrowing PagePool) -> Place {
    let datagram = datagrams[slot]
    if let total = datagram.total {
      if piece.end > total || (hasMore == (piece.end == total)) {
        return .contradiction
      }
    } else if !hasMore, !datagram.pieces.isEmpty, pieces[datagram.pieces.last].end > piece.end {
      return .contradiction
    }
    var previous = datagram.pieces.last
    var next = SlotList.none
    while previous != SlotList.none && pieces[previous].offset > piece.offset {
      next = previous
      previous = pieceLinks.previous(before: previous)
    }
    if previous != SlotList.none {
      if pieces[previous].offset == piece.offset {
        return FragmentStore.areEqual(pieces[previous], piece, pool) ? .duplicate : .contradiction
      }
      if pieces[previous].end > piece.offset { return .contradiction }
    }
    if next != SlotList.none && piece.end > pieces[next].offset { return .contradiction }
    return datagram.pieces.count < pieceLimit ? .after(previous) : .full
  }

  /// Whether two fragments of the same offset carry the same octets: an exact duplicate, which may be ignored (RFC 8200
  /// section 4.5).
  private static func areEqual(
    _ one: borrowing Fragment, _ other: borrowing Fragment, _ pool: borrowing PagePool
  ) -> Bool {
    one.count == other.count
      && pool.haveEqualOctets(
        one.chain, from: one.headerLength, other.chain, from: other.headerLength, count: one.count)
  }

  private mutating func insert(
    _ piece: consuming Fragment, after previous: UInt32, _ facts: FragmentFacts, charge added: Int, in slot: UInt32,
    pool: inout PagePool
  ) -> ReassemblyOutcome {
    guard pieces.upcoming() != nil else {
      pool.release(piece.chain)
      return .discarded(.fragmentLimit)
    }
    datagrams[slot].received += piece.count
    datagrams[slot].charge += added
    charge += added
    if !facts.hasMore { datagrams[slot].total = piece.end }
    if facts.offset == 0 { datagrams[slot].facts = facts }
    datagrams[slot].codepoints |= 1 << (facts.trafficClass & 3)
    if let place = pieces.insert(piece) {
      pieceLinks.insert(place, after: previous, in: &datagrams[slot].pieces)
    }
    guard datagrams[slot].received == datagrams[slot].total else { return .waiting }
    return joinMarks(in: slot) ? .complete(slot) : spoiltByMarks(slot, pool: &pool)
  }

  /// Congestion that any fragment met, the datagram met, if all of them are ECN-capable (RFC 3168 section 5.3); false if one is not.
  private mutating func joinMarks(in slot: UInt32) -> Bool {
    let codepoints = datagrams[slot].codepoints
    guard codepoints & 0b1000 != 0 else { return true }
    datagrams[slot].facts.trafficClass |= 3
    return codepoints & 0b0001 == 0
  }

  private mutating func spoiltByMarks(_ slot: UInt32, pool: inout PagePool) -> ReassemblyOutcome {
    drop(slot, pool: &pool)
    return .discarded(.contradictoryMarks)
  }

  // MARK: Departure

  /// The data of a complete datagram, without headers; the datagram is forgotten.
  mutating func take(_ slot: UInt32, pool: inout PagePool) -> PageChain {
    var chain = PageChain()
    while let place = pieceLinks.popFirst(of: &datagrams[slot].pieces) {
      var piece = pieces.remove(place)
      pool.removeFirst(piece.headerLength, from: &piece.chain)
      pool.append(piece.chain, to: &chain)
    }
    forget(slot)
    return chain
  }

  /// The oldest datagram, if its time is over.
  func expired(at now: Instant) -> UInt32? { earliest <= now ? byAge.first : nil }

  /// The packet of the first fragment, if that is there; the datagram is forgotten.
  mutating func takeFirst(_ slot: UInt32, pool: inout PagePool) -> PageChain? {
    var list = datagrams[slot].pieces
    guard list.first != SlotList.none, pieces[list.first].offset == 0 else {
      drop(slot, pool: &pool)
      return nil
    }
    let first = list.first
    pieceLinks.remove(first, from: &list)
    datagrams[slot].pieces = list
    let piece = pieces.remove(first)
    drop(slot, pool: &pool)
    return piece.chain
  }

  /// Forgets the datagram of `key`, if there is one, with all its fragments.
  mutating func drop(_ key: DatagramKey, pool: inout PagePool) {
    if let slot = table.slot(of: key) { drop(slot, pool: &pool) }
  }

  private mutating func drop(_ slot: UInt32, pool: inout PagePool) {
    releasePieces(of: slot, pool: &pool)
    forget(slot)
  }

  /// Drops all fragments and remembers the datagram, so that what still comes of it is dropped, too.
  private mutating func spoil(_ slot: UInt32, pool: inout PagePool) {
    releasePieces(of: slot, pool: &pool)
    datagrams[slot].isSpoilt = true
  }

  private mutating func releasePieces(of slot: UInt32, pool: inout PagePool) {
    while let place = pieceLinks.popFirst(of: &datagrams[slot].pieces) {
      let piece = pieces.remove(place)
      pool.release(piece.chain)
    }
    charge -= datagrams[slot].charge
    datagrams[slot].charge = 0
  }

  private mutating func forget(_ slot: UInt32) {
    charge -= datagrams[slot].charge
    ageLinks.remove(slot, from: &byAge)
    let datagram = datagrams.remove(slot)
    table.remove(datagram.facts.key)
  }
}
