import MartinetTCP
import MartinetWire

/// What is left of a connection that only waits, and what the host keeps beside it.
protocol WaitingRecord: ~Copyable {
  /// In the table of flows their numbers have this bit, which no slot of a connection has.
  static var mark: UInt32 { get }
  var local: Endpoint { get }
  var remote: Endpoint { get }
  func status(id: ConnectionID) -> ConnectionStatus
}

/// Small records of connections that only wait, each in a list, the one that has waited longest first.
struct WaitingRecords<Record: WaitingRecord & ~Copyable>: ~Copyable {
  private var records: Slab<Record>
  private var links = SlotLinks()

  init(limit: Int) {
    records = Slab(limit: max(1, limit))
  }

  var count: Int { records.count }

  /// The record of `number`, which must be there.
  subscript(number: UInt32) -> Record {
    _read { yield records[number] }
  }

  /// All numbers that were ever used; together with ``isPresent(_:)`` a way to visit all.
  var numbers: Range<UInt32> { records.slots }

  func isPresent(_ number: UInt32) -> Bool { records.isLive(number) }

  func isOver(_ flow: FlowKey, _ number: UInt32) -> Bool {
    records[number].local == flow.local && records[number].remote == flow.remote
  }

  func flow(of number: UInt32) -> FlowKey { FlowKey(local: records[number].local, remote: records[number].remote) }

  func status(of number: UInt32) -> ConnectionStatus {
    records[number].status(
      id: ConnectionID(slot: number | Record.mark, generation: records.generation(of: number)))
  }

  /// Takes in `record` at the end of `list`; returns its number, nil at the limit.
  mutating func insert(_ record: consuming Record, in list: inout SlotList) -> UInt32? {
    guard let number = records.insert(record) else { return nil }
    links.append(number, to: &list)
    return number
  }

  mutating func remove(_ number: UInt32, from list: inout SlotList) -> Record {
    links.remove(number, from: &list)
    return records.remove(number)
  }
}

extension TimeWaitState: WaitingRecord {
  static var mark: UInt32 { 0x8000_0000 }
}

/// A connection in SYN-RECEIVED that waits for the last ACK of its handshake, in a list of its listener's.
struct HalfOpenRecord: WaitingRecord, ~Copyable {
  static var mark: UInt32 { 0x4000_0000 }
  let state: HalfOpenState
  /// The slot of its listener.
  let listener: UInt32
  let route: Route

  var local: Endpoint { state.local }
  var remote: Endpoint { state.remote }
  func status(id: ConnectionID) -> ConnectionStatus { state.status(id: id) }
}
