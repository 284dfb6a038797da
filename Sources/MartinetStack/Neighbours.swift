import MartinetTCP
import MartinetWire

/// What is known of a neighbour's reachability (RFC 4861 section 7.3.2); ARP entries have the same life.
package enum Reachability: UInt8, Sendable {
  case incomplete
  case reachable
  case stale
  case delay
  case probe
}

/// A neighbour on a link: its link-layer address, and what waits for that.
struct Neighbour {
  var key: NeighbourKey
  var hardwareAddress = MACAddress.none
  var state = Reachability.incomplete
  /// When ``Reachability/reachable`` becomes stale; looked at when the entry is used.
  var reachableUntil = Instant.zero
  /// Solicitations sent in this state.
  var attempts = 0
  var isRouter = false
  /// The packets that wait for the address, oldest first.
  var waiting = SlotList()
}

/// What a neighbour's timer asks for.
enum NeighbourAction {
  /// Ask everybody on the link who has the address.
  case solicitAll(UInt32)
  /// Ask the neighbour itself whether it is still there.
  case solicitOne(UInt32)
  /// Nobody answered: the packets that wait can't be delivered.
  case failed(UInt32)
}

/// The neighbours of all interfaces, bounded: entries that are being resolved may take half of the room, so that a scan of
/// addresses nobody has never pushes out a neighbour that is there (RFC 6583).
struct NeighbourCache: ~Copyable {
  /// MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT (RFC 4861 section 10).
  static let maximumSolicitations = 3
  /// RETRANS_TIMER.
  static let retransmission = Interval.seconds(1)
  /// DELAY_FIRST_PROBE_TIME.
  static let firstProbeDelay = Interval.seconds(5)
  /// REACHABLE_TIME, of which each entry gets between half and one and a half.
  static let reachableTime = Interval.seconds(30)

  private var table: Table<NeighbourKey>
  private var neighbours: Slab<Neighbour>
  private var links = SlotLinks()
  /// Entries without a link-layer address, oldest first.
  private var unresolved = SlotList()
  /// Entries with one, the one confirmed longest ago first.
  private var resolved = SlotList()
  private var confirmations: UInt64 = 0
  var deadlines = Deadlines()

  init(secret: SipKey, limit: Int) {
    table = Table(secret: secret)
    neighbours = Slab(limit: max(4, limit))
  }

  var count: Int { neighbours.count }

  func slot(of key: NeighbourKey) -> UInt32? { table.slot(of: key) }

  func handle(of slot: UInt32) -> ConnectionID { ConnectionID(slot: slot, generation: neighbours.generation(of: slot)) }

  func contains(_ handle: ConnectionID) -> Bool { neighbours.contains(handle.slot, handle.generation) }

  /// Whether the entry is still there and has a link-layer address.
  func isKnown(_ handle: ConnectionID) -> Bool {
    contains(handle) && neighbours[handle.slot].state != .incomplete
  }

  subscript(slot: UInt32) -> Neighbour {
    get { neighbours[slot] }
    set { neighbours[slot] = newValue }
  }

  // MARK: Making room

  /// The entry that has to go before there is room for another one; nil if there is room.
  func victim(forResolved isResolved: Bool) -> UInt32? {
    let unresolvedLimit = neighbours.limit / 2
    if !isResolved && unresolved.count >= unresolvedLimit { return unresolved.first }
    guard neighbours.count >= neighbours.limit else { return nil }
    return resolved.isEmpty || (!isResolved && !unresolved.isEmpty) ? unresolved.first : resolved.first
  }

  /// Makes an entry that has no link-layer address; there must be room.
  mutating func add(_ key: NeighbourKey, at now: Instant) -> UInt32? {
    guard let slot = neighbours.insert(Neighbour(key: key)) else { return nil }
    table.set(slot, for: key)
    links.append(slot, to: &unresolved)
    return slot
  }

  /// Forgets an entry, from whose queue everything must have been taken.
  mutating func forget(_ slot: UInt32) {
    let neighbour = neighbours.remove(slot)
    table.remove(neighbour.key)
    deadlines.remove(slot)
    if neighbour.state == .incomplete {
      links.remove(slot, from: &unresolved)
    } else {
      links.remove(slot, from: &resolved)
    }
  }

  // MARK: Life of an entry

  /// Begins to look for the link-layer address of a new entry.
  mutating func beginResolution(of slot: UInt32, at now: Instant) {
    neighbours[slot].attempts = 1
    deadlines.set(now + NeighbourCache.retransmission, for: slot)
  }

  /// Takes `address` as the neighbour's, heard from itself: reachable if that was an answer to us, else stale.
  mutating func learn(_ address: MACAddress, isAnswer: Bool, for slot: UInt32, secrets: Secrets, at now: Instant) {
    if neighbours[slot].state == .incomplete {
      links.remove(slot, from: &unresolved)
    } else {
      if !isAnswer && neighbours[slot].hardwareAddress == address { return }
      links.remove(slot, from: &resolved)
    }
    links.append(slot, to: &resolved)
    neighbours[slot].hardwareAddress = address
    neighbours[slot].state = .stale
    deadlines.remove(slot)
    if isAnswer { confirm(slot, secrets: secrets, at: now) }
  }

  /// The neighbour, whose link-layer address is known, is reachable.
  mutating func confirm(_ slot: UInt32, secrets: Secrets, at now: Instant) {
    guard neighbours[slot].state != .incomplete else { return }
    confirmations &+= 1
    let base = NeighbourCache.reachableTime
    let spread = Interval(nanoseconds: secrets.jitter(confirmations, below: base.nanoseconds))
    neighbours[slot].state = .reachable
    neighbours[slot].reachableUntil = now + base / 2 + spread
    neighbours[slot].attempts = 0
    deadlines.remove(slot)
  }

  /// Doubts the entry's link-layer address.
  mutating func suspect(_ slot: UInt32) {
    guard neighbours[slot].state != .incomplete else { return }
    neighbours[slot].state = .stale
    deadlines.remove(slot)
  }

  /// The link-layer address to send to, nil as long as it is unknown. What was silent for long is asked after a delay
  /// (RFC 4861 section 7.3.3).
  mutating func use(_ slot: UInt32, at now: Instant) -> MACAddress? {
    switch neighbours[slot].state {
    case .incomplete:
      return nil
    case .reachable where neighbours[slot].reachableUntil <= now, .stale:
      neighbours[slot].state = .delay
      deadlines.set(now + NeighbourCache.firstProbeDelay, for: slot)
    default:
      break
    }
    return neighbours[slot].hardwareAddress
  }

  /// Runs the next timer that is due.
  mutating func expireNext(at now: Instant) -> NeighbourAction? {
    guard let slot = deadlines.popDue(at: now) else { return nil }
    switch neighbours[slot].state {
    case .delay:
      neighbours[slot].state = .probe
      neighbours[slot].attempts = 0
    case .incomplete, .probe:
      if neighbours[slot].attempts >= NeighbourCache.maximumSolicitations { return .failed(slot) }
    case .reachable, .stale:
      return nil
    }
    neighbours[slot].attempts += 1
    deadlines.set(now + NeighbourCache.retransmission, for: slot)
    return neighbours[slot].state == .incomplete ? .solicitAll(slot) : .solicitOne(slot)
  }
}
