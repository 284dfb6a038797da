import MartinetTCP
import MartinetWire

// Connections of which only TIME-WAIT is left: small records, out of which the connection is made anew when something comes for it.
extension Host {
  /// What stands in the table for `flow`: the slot of a connection, or the number of a record in TIME-WAIT or SYN-RECEIVED with its mark.
  @inline(__always)
  func entry(of flow: FlowKey, _ hash: FlowHash) -> UInt32? {
    flows.slot(hash) { entry in
      if entry & Host.marks == 0 { return connections[entry].isOver(flow) }
      return entry & TimeWaitState.mark != 0
        ? timeWaitRecords.isOver(flow, entry & ~TimeWaitState.mark)
        : halfOpenRecords.isOver(flow, entry & ~HalfOpenRecord.mark)
    }
  }

  /// What stands before the number of a record that is no whole connection.
  private static var marks: UInt32 { TimeWaitState.mark | HalfOpenRecord.mark }

  /// The slot of the connection at `entry` of the table, which is made of its record if that is all there is; nil if there is no room for it.
  mutating func wholeConnection(_ entry: UInt32, at now: Instant) -> UInt32? {
    if entry & Host.marks == 0 { return entry }
    return entry & TimeWaitState.mark != 0
      ? resume(entry & ~TimeWaitState.mark, at: now) : resumeHandshake(entry & ~HalfOpenRecord.mark, at: now)
  }

  /// The slot of the connection over `flow`, as far as it is more than a record in TIME-WAIT.
  mutating func connectionSlot(of flow: FlowKey, at now: Instant) -> UInt32? {
    guard let entry = entry(of: flow, flows.hash(of: flow)), entry & TimeWaitState.mark == 0 else { return nil }
    return wholeConnection(entry, at: now)
  }

  /// Keeps a connection in TIME-WAIT whose program has gone; beyond the cap the oldest one goes.
  mutating func beginTimeWait(_ slot: UInt32) {
    placeLinks.remove(slot, from: &orphans)
    connections[slot].place = .timeWait
    placeLinks.append(slot, to: &timeWaits)
    if timeWaits.count + timeWaitRecords.count > configuration.timeWait {
      counters.timeWaitRecycled &+= 1
      if timeWaitRecords.count > 0 { forgetRecord(condensedTimeWaits.first) } else { forget(timeWaits.first) }
    }
  }

  /// Makes a connection in TIME-WAIT that has nothing to say a small record. One that is traced stays, so that the trace tells of its end.
  mutating func condense(_ slot: UInt32) {
    guard !environment.trace.isEnabled, let state = TimeWaitState(connections[slot].connection) else { return }
    if let number = timeWaitRecords.insert(state, in: &condensedTimeWaits) {
      flows.move(slot, to: number | TimeWaitState.mark, connections[slot].flowHash)
      connections[slot].isInFlows = false
    }
    forget(slot)
  }

  /// Makes a connection of a record; returns its slot, nil if there is no room for it or no way to its peer.
  mutating func resume(_ number: UInt32, at now: Instant) -> UInt32? {
    let flow = timeWaitRecords.flow(of: number)
    guard let route = route(to: flow.remote.address), let (slot, generation) = connections.upcoming() else {
      return nil
    }
    let path = pathMTU(to: flow.remote.address, by: route)
    let connection = Connection(
      resuming: timeWaitRecords.remove(number, from: &condensedTimeWaits),
      id: ConnectionID(slot: slot, generation: generation),
      pathMTU: path.mtu, linkMTU: linkMTU(of: route.interface), in: &environment, at: now)
    let hash = flows.hash(of: flow)
    let discovery = connection.pathMTUDiscovery
    let record = ConnectionRecord(
      connection: connection, place: .timeWait, flowHash: hash, route: route, pathMTU: path.mtu,
      mayBeFragmented: path.mayBeFragmented(with: discovery), routeEpoch: routeEpoch, pathEpoch: paths.epoch,
      flowLabel: flow.remote.address.isIPv4 ? 0 : secrets.flowLabel(of: flow))
    guard connections.insert(record) != nil else { return nil }
    flows.move(number | TimeWaitState.mark, to: slot, hash)
    placeLinks.append(slot, to: &timeWaits)
    return slot
  }

  /// Whether this host may open a connection over `flow`: there is none, or one in TIME-WAIT that gives way.
  func isFree(_ flow: FlowKey, _ hash: FlowHash, at now: Instant) -> Bool {
    guard let entry = entry(of: flow, hash) else { return true }
    guard let age = configuration.timeWaitReuse, let last = succession(at: entry) else { return false }
    return last.end <= now + (environment.configuration.maximumSegmentLifetime * 2 - age)
  }

  /// What the next connection must know of the one in the table at `entry`; nil if that stays.
  private func succession(at entry: UInt32) -> Succession? {
    if entry & TimeWaitState.mark != 0 { return timeWaitRecords[entry & ~TimeWaitState.mark].succession }
    if entry & HalfOpenRecord.mark != 0 { return nil }
    return connections[entry].place == .timeWait ? connections[entry].connection.succession : nil
  }

  /// Forgets the connection in TIME-WAIT that gives way to the next over `flow`, which is free; returns its SND.NXT, nil if there is none.
  mutating func succeed(_ flow: FlowKey, _ hash: FlowHash) -> SequenceNumber? {
    guard let entry = entry(of: flow, hash), let last = succession(at: entry) else { return nil }
    counters.timeWaitReused &+= 1
    if entry & TimeWaitState.mark == 0 { forget(entry) } else { forgetRecord(entry & ~TimeWaitState.mark) }
    return last.next
  }

  /// How many connections in TIME-WAIT are small records.
  package var timeWaitRecordCount: Int { timeWaitRecords.count }

  mutating func forgetRecord(_ number: UInt32) {
    flows.remove(number | TimeWaitState.mark, flows.hash(of: timeWaitRecords.flow(of: number)))
    _ = timeWaitRecords.remove(number, from: &condensedTimeWaits)
  }

  /// When the first of the records is over. One that was whole for long before it was a record is over with the one before it, not earlier: TIME-WAIT lasts 2 MSL
  /// at least (RFC 9293 section 3.6.1).
  var endOfTimeWait: Instant {
    let first = condensedTimeWaits.first
    return first == SlotList.none ? .never : timeWaitRecords[first].end
  }

  /// 2 MSL are over.
  mutating func expireTimeWait(at now: Instant) {
    while endOfTimeWait <= now { forgetRecord(condensedTimeWaits.first) }
  }
}
