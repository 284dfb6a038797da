import MartinetTCP
import MartinetWire

// Connections in SYN-RECEIVED beside many others of their listener: small records, out of which the connection is made anew when something comes for it, or when
// its SYN,ACK is to leave again.
extension Host {
  /// So many half-open connections of a listener stay whole: they are seldom there for longer than a round trip, and a connection need not be made twice.
  package static var wholeHandshakes: Int { 64 }

  /// How many half-open connections of listeners are small records.
  package var halfOpenRecordCount: Int { halfOpenRecords.count }

  /// Whether a listener has more half-open connections than may stay whole.
  @inline(__always)
  func hasManyHandshakes(_ listener: UInt32) -> Bool { listeners[listener].handshakes > Host.wholeHandshakes }

  /// Makes a half-open connection that has nothing to say a small record. One that is traced stays, so that the trace tells of its end.
  mutating func condenseHandshake(_ slot: UInt32) {
    let listener = connections[slot].listener
    guard !environment.trace.isEnabled, connections[slot].pending.isEmpty, connections[slot].fastOpenListener == nil,
      let state = HalfOpenState(connections[slot].connection)
    else { return }
    let record = HalfOpenRecord(state: state, listener: listener, route: connections[slot].route)
    guard let number = halfOpenRecords.insert(record, in: &listeners[listener].condensed) else { return }
    halfOpenDeadlines.set(halfOpenRecords[number].state.deadline, for: number)
    flows.move(slot, to: number | HalfOpenRecord.mark, connections[slot].flowHash)
    connections[slot].isInFlows = false
    // The record goes on counting.
    connections[slot].connection.statistics = ConnectionStatistics()
    forget(slot)
  }

  /// Makes a connection of a record; returns its slot, nil if there is no room for it.
  mutating func resumeHandshake(_ number: UInt32, at now: Instant) -> UInt32? {
    guard let (slot, generation) = connections.upcoming() else { return nil }
    let flow = halfOpenRecords.flow(of: number)
    let hash = flows.hash(of: flow)
    let listener = halfOpenRecords[number].listener
    let record = halfOpenRecords.remove(number, from: &listeners[listener].condensed)
    halfOpenDeadlines.remove(number)
    let path = pathMTU(to: flow.remote.address, by: record.route)
    let connection = Connection(
      resuming: record.state, id: ConnectionID(slot: slot, generation: generation), pathMTU: path.mtu,
      linkMTU: linkMTU(of: record.route.interface), in: &environment)
    let discovery = connection.pathMTUDiscovery
    guard
      connections.insert(
        ConnectionRecord(
          connection: connection, place: .halfOpen, flowHash: hash, listener: listener, route: record.route,
          pathMTU: path.mtu, mayBeFragmented: path.mayBeFragmented(with: discovery), routeEpoch: routeEpoch,
          pathEpoch: paths.epoch,
          flowLabel: flow.remote.address.isIPv4 ? 0 : secrets.flowLabel(of: flow))) != nil
    else { return nil }
    flows.move(number | HalfOpenRecord.mark, to: slot, hash)
    placeLinks.append(slot, to: &listeners[listener].halfOpen)
    connectionDeadlines.wake(slot, noLaterThan: connections[slot].connection.takeDeadline())
    return slot
  }

  mutating func forgetHandshake(_ number: UInt32) {
    flows.remove(number | HalfOpenRecord.mark, flows.hash(of: halfOpenRecords.flow(of: number)))
    retired.add(halfOpenRecords[number].state.statistics.all)
    let listener = halfOpenRecords[number].listener
    _ = halfOpenRecords.remove(number, from: &listeners[listener].condensed)
    halfOpenDeadlines.remove(number)
  }

  /// Forgets the half-open connection of `listener` whose SYN came first; of the records it is the one that has been one for the longest.
  mutating func forgetOldestHandshake(of listener: UInt32) {
    let (whole, condensed) = (listeners[listener].halfOpen.first, listeners[listener].condensed.first)
    if whole == SlotList.none
      || (condensed != SlotList.none
        && halfOpenRecords[condensed].state.began < connections[whole].connection.handshakeBegan)
    {
      forgetHandshake(condensed)
    } else {
      forget(whole)
    }
  }

  /// Forgets all half-open connections of a listener.
  mutating func forgetHandshakes(of listener: UInt32) {
    while listeners[listener].handshakes > 0 { forgetOldestHandshake(of: listener) }
  }

  /// SYN,ACKs leave again, or are given up. Each record gets one turn.
  mutating func expireHandshakes(at now: Instant) {
    var turns = halfOpenRecords.count
    while turns > 0, let number = halfOpenDeadlines.popDue(at: now) {
      turns -= 1
      guard let slot = resumeHandshake(number, at: now) else {
        counters.count(.connectionLimit)
        forgetHandshake(number)
        continue
      }
      connections[slot].connection.expire(in: &environment, at: now)
      settle(slot, at: now)
    }
  }
}
