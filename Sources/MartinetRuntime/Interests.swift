import MartinetStack
import MartinetTCP

/// What a waiter waits for on a handle.
package enum Side: Sendable {
  /// Octets, the end of the stream, a connection to accept, a datagram, an error.
  case input
  /// Room to write, or the end of the handshake.
  case output
  /// Everything sent, the FIN included, has been acknowledged.
  case acknowledged
  /// A warning, or the end.
  case warning
}

/// Who waits for the handles of one kind, by slot.
///
/// Readiness is one-shot: an event takes a waiter out and fires it once. A handle that has ended, or that was closed, fires
/// all of them.
struct InterestTable {
  private struct Entry {
    var generation: UInt32 = 0
    var input = WaiterQueue()
    var output = WaiterQueue()
    var acknowledged = WaiterQueue()
    var warning = WaiterQueue()

    subscript(side: Side) -> WaiterQueue {
      get {
        switch side {
        case .input: input
        case .output: output
        case .acknowledged: acknowledged
        case .warning: warning
        }
      }
      _modify {
        switch side {
        case .input: yield &input
        case .output: yield &output
        case .acknowledged: yield &acknowledged
        case .warning: yield &warning
        }
      }
    }
  }

  private var entries: [Entry] = []

  mutating func add(_ waiter: Waiter, to side: Side, slot: UInt32, generation: UInt32) {
    while entries.count <= Int(slot) { entries.append(Entry()) }
    entries[Int(slot)].generation = generation
    entries[Int(slot)][side].append(waiter)
  }

  /// Cancels the registration of `waiter`; false if it was taken out to be fired.
  mutating func remove(_ waiter: Waiter, from side: Side, slot: UInt32) -> Bool {
    guard Int(slot) < entries.count else { return false }
    return entries[Int(slot)][side].remove(waiter)
  }

  /// Takes out the one that has waited longest.
  mutating func takeFirst(_ side: Side, slot: UInt32, generation: UInt32, into fired: inout FiredWaiters) {
    guard Int(slot) < entries.count, entries[Int(slot)].generation == generation else { return }
    if let waiter = entries[Int(slot)][side].takeFirst() { fired.append(waiter) }
  }

  /// Takes out all that wait for `side`.
  mutating func takeAll(_ side: Side, slot: UInt32, generation: UInt32, into fired: inout FiredWaiters) {
    guard Int(slot) < entries.count, entries[Int(slot)].generation == generation else { return }
    while let waiter = entries[Int(slot)][side].takeFirst() { fired.append(waiter) }
  }

  /// Takes out everybody who waits for any handle.
  mutating func takeEverybody(into fired: inout FiredWaiters) {
    for slot in entries.indices {
      takeAll(slot: UInt32(slot), generation: entries[slot].generation, into: &fired)
    }
  }

  /// Takes out everybody who waits for one handle.
  mutating func takeAll(slot: UInt32, generation: UInt32, into fired: inout FiredWaiters) {
    takeAll(.input, slot: slot, generation: generation, into: &fired)
    takeAll(.output, slot: slot, generation: generation, into: &fired)
    takeAll(.acknowledged, slot: slot, generation: generation, into: &fired)
    takeAll(.warning, slot: slot, generation: generation, into: &fired)
  }
}

/// What the runtime keeps beside one host: who waits for something, who has just been taken out to be fired, which ports are held.
package struct Notices {
  var connections = InterestTable()
  var listeners = InterestTable()
  var datagrams = InterestTable()
  /// Who waits until nothing of the host's is unacknowledged any more.
  var quiet = WaiterQueue()
  /// Who waits for events of the trace.
  var trace = WaiterQueue()
  var fired = FiredWaiters()
  /// The addresses and ports of sockets that are bound and not yet connected.
  var reservations = ReservationList()

  package init() {}

  /// Turns an event of the host into waiters to fire. One octet wakes one reader: a reader that leaves something behind
  /// wakes the next.
  mutating func note(_ event: HostEvent) {
    switch event {
    case .connection(let handle, let events):
      let slot = handle.slot
      let generation = handle.generation
      if events.contains(.ended) {
        connections.takeAll(slot: slot, generation: generation, into: &fired)
        return
      }
      if events.contains(.peerClosed) {
        connections.takeAll(.input, slot: slot, generation: generation, into: &fired)
      } else if !events.isDisjoint(with: [.readable, .urgent]) {
        connections.takeFirst(.input, slot: slot, generation: generation, into: &fired)
      }
      if !events.isDisjoint(with: [.writable, .connected]) {
        connections.takeFirst(.output, slot: slot, generation: generation, into: &fired)
      }
      if events.contains(.warning) {
        connections.takeFirst(.warning, slot: slot, generation: generation, into: &fired)
      }
      if events.contains(.allAcknowledged) {
        connections.takeAll(.acknowledged, slot: slot, generation: generation, into: &fired)
      }
    case .listener(let handle):
      listeners.takeFirst(.input, slot: handle.slot, generation: handle.generation, into: &fired)
    case .datagram(let handle):
      datagrams.takeFirst(.input, slot: handle.slot, generation: handle.generation, into: &fired)
    }
  }

  /// Drains the events of `host`, and fires who waits for quiet if it is.
  mutating func drain(_ host: inout Host) {
    while let event = host.pollEvent() { note(event) }
    if looksAtHost { lookAt(host) }
  }

  /// Drains the events of `host`; whether they wake anybody.
  mutating func drainAndWake(_ host: inout Host) -> Bool {
    drain(&host)
    return !fired.isEmpty
  }

  /// Whether somebody waits for what no event tells.
  var looksAtHost: Bool { !quiet.isEmpty || !trace.isEmpty }

  /// Fires who waits for what the host shows.
  mutating func lookAt(_ host: borrowing Host) {
    checkTrace(host)
    if !quiet.isEmpty { checkQuiet(host) }
  }

  private mutating func checkTrace(_ host: borrowing Host) {
    guard !trace.isEmpty, host.hasTrace, let waiter = trace.takeFirst() else { return }
    fired.append(waiter)
  }

  /// Looks at every connection.
  private mutating func checkQuiet(_ host: borrowing Host) {
    guard !host.hasUnfinishedBusiness else { return }
    while let waiter = quiet.takeFirst() { fired.append(waiter) }
  }

  /// Fires whoever waits for anything: the host is about to stop.
  mutating func fireEverybody() {
    connections.takeEverybody(into: &fired)
    listeners.takeEverybody(into: &fired)
    datagrams.takeEverybody(into: &fired)
    while let waiter = quiet.takeFirst() { fired.append(waiter) }
    while let waiter = trace.takeFirst() { fired.append(waiter) }
  }

  /// Takes the fired waiters, to be fired outside of the lock.
  mutating func takeFired() -> FiredWaiters {
    let taken = fired
    fired = FiredWaiters()
    return taken
  }

  /// Adds the fired waiters to `all`.
  mutating func moveFired(to all: inout FiredWaiters) {
    while let waiter = fired.takeFirst() { all.append(waiter) }
  }
}
