import MartinetTCP
import MartinetWire

/// The connections in TIME-WAIT that say nothing, oldest first.
struct TimeWaitMemory: ~Copyable {
  /// In the table of flows their numbers have this bit, which no slot of a connection has.
  static let mark: UInt32 = 0x8000_0000

  private var states: Slab<TimeWaitState>
  private var links = SlotLinks()
  private var order = SlotList()
  private var deadlines = Deadlines()

  init(limit: Int) {
    states = Slab(limit: max(1, limit))
  }

  var count: Int { states.count }
  /// When the first of them is over.
  var earliest: Instant { deadlines.earliest }
  /// The number of the oldest; ``SlotList/none`` if there is none.
  var oldest: UInt32 { order.first }
  /// All numbers that were ever used; together with ``isPresent(_:)`` a way to visit all.
  var numbers: Range<UInt32> { states.slots }

  func isPresent(_ number: UInt32) -> Bool { states.isLive(number) }

  func isOver(_ flow: FlowKey, _ number: UInt32) -> Bool {
    states[number].local == flow.local && states[number].remote == flow.remote
  }

  func flow(of number: UInt32) -> FlowKey { FlowKey(local: states[number].local, remote: states[number].remote) }

  func succession(of number: UInt32) -> Succession? { states[number].succession }

  func status(of number: UInt32) -> ConnectionStatus {
    states[number].status(
      id: ConnectionID(slot: number | TimeWaitMemory.mark, generation: states.generation(of: number)))
  }

  /// Takes in `state`; returns its number, nil at the limit.
  mutating func insert(_ state: consuming TimeWaitState) -> UInt32? {
    let end = state.end
    guard let number = states.insert(state) else { return nil }
    links.append(number, to: &order)
    deadlines.set(end, for: number)
    return number
  }

  mutating func remove(_ number: UInt32) -> TimeWaitState {
    links.remove(number, from: &order)
    deadlines.remove(number)
    return states.remove(number)
  }

  /// The number of one whose time is over, and that is to be removed.
  mutating func popDue(at now: Instant) -> UInt32? { deadlines.popDue(at: now) }
}
