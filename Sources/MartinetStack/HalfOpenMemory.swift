import MartinetTCP
import MartinetWire

/// A connection in SYN-RECEIVED, and what the host keeps beside it.
struct HalfOpenRecord: ~Copyable {
  let state: HalfOpenState
  /// The slot of its listener.
  let listener: UInt32
  let route: Route
}

/// The connections in SYN-RECEIVED that wait for the last ACK of their handshake, in a list for each listener.
struct HalfOpenMemory: ~Copyable {
  /// In the table of flows their numbers have this bit, which no slot of a connection has.
  static let mark: UInt32 = 0x4000_0000

  private var records: Slab<HalfOpenRecord>
  private var links = SlotLinks()
  private var deadlines = Deadlines()

  init(limit: Int) {
    records = Slab(limit: max(1, limit))
  }

  var count: Int { records.count }
  /// When the first of them has to do something.
  var earliest: Instant { deadlines.earliest }
  /// All numbers that were ever used; together with ``isPresent(_:)`` a way to visit all.
  var numbers: Range<UInt32> { records.slots }

  func isPresent(_ number: UInt32) -> Bool { records.isLive(number) }

  func isOver(_ flow: FlowKey, _ number: UInt32) -> Bool {
    records[number].state.local == flow.local && records[number].state.remote == flow.remote
  }

  func flow(of number: UInt32) -> FlowKey {
    FlowKey(local: records[number].state.local, remote: records[number].state.remote)
  }

  func listener(of number: UInt32) -> UInt32 { records[number].listener }

  func statistics(of number: UInt32) -> ConnectionStatistics { records[number].state.statistics.all }

  /// When the SYN of `number` came.
  func began(_ number: UInt32) -> Instant { records[number].state.began }

  func status(of number: UInt32) -> ConnectionStatus {
    records[number].state.status(
      id: ConnectionID(slot: number | HalfOpenMemory.mark, generation: records.generation(of: number)))
  }

  /// Takes in `record` at the end of its listener's `list`; returns its number, nil at the limit.
  mutating func insert(_ record: consuming HalfOpenRecord, in list: inout SlotList) -> UInt32? {
    let deadline = record.state.deadline
    guard let number = records.insert(record) else { return nil }
    links.append(number, to: &list)
    deadlines.set(deadline, for: number)
    return number
  }

  mutating func remove(_ number: UInt32, from list: inout SlotList) -> HalfOpenRecord {
    links.remove(number, from: &list)
    deadlines.remove(number)
    return records.remove(number)
  }

  /// The number of one that has to do something, and that is to be removed.
  mutating func popDue(at now: Instant) -> UInt32? { deadlines.popDue(at: now) }
}
