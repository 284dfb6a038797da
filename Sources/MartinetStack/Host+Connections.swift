import MartinetTCP
import MartinetWire

// The user calls on connections (RFC 9293 section 3.9.1).
extension Host {
  /// Active OPEN. Without `local`, or where its address is unspecified, the host chooses the address that fits the route (RFC 9293
  /// section 3.9.2.3); where its port is 0, an ephemeral port.
  public mutating func connect(
    to remote: Endpoint, from local: Endpoint? = nil, options: ConnectionOptions? = nil, at now: Instant
  ) throws(HostError) -> ConnectionHandle {
    let slot = try beginConnecting(to: remote, from: local, options: options, at: now)
    settle(slot, at: now)
    return connections[slot].connection.id
  }

  /// Active OPEN with the first octets to send; returns how many were accepted. They follow the handshake, or go with the SYN where the options ask for Fast Open
  /// and a cookie of the server is known (RFC 7413).
  public mutating func connect(
    to remote: Endpoint, from local: Endpoint? = nil, options: ConnectionOptions? = nil, sending bytes: RawSpan,
    at now: Instant
  ) throws(HostError) -> (handle: ConnectionHandle, accepted: Int) {
    let slot = try beginConnecting(to: remote, from: local, options: options, at: now)
    do throws(CallError) {
      let accepted = try connections[slot].connection.send(bytes, in: &environment, at: now)
      settle(slot, at: now)
      return (connections[slot].connection.id, accepted)
    } catch {
      throw .call(error)
    }
  }

  private mutating func beginConnecting(
    to remote: Endpoint, from local: Endpoint?, options: ConnectionOptions?, at now: Instant
  ) throws(HostError) -> UInt32 {
    guard remote.port != 0, isUsableRemote(remote.address) else { throw .invalidRemote }
    guard let route = route(to: remote.address) else { throw .noRoute }
    var end = local ?? Endpoint(remote.address.anyOfFamily, 0)
    guard end.address.isIPv4 == remote.address.isIPv4 else { throw .familiesDiffer }
    if end.address.isUnspecified {
      guard let source = source(for: remote.address, by: route) else { throw .noRoute }
      end.address = source
    } else if !interfaces.isOurs(end.address) && !end.address.isLoopback {
      throw .addressNotAvailable
    }
    // An address of the loopback network never stands on a wire (RFC 1122 section 3.2.1.3 (g)).
    if end.address.isLoopback && route != .loopback { throw .addressNotAvailable }
    let flow: FlowKey
    let hash: WholeFlowHash
    if end.port == 0 {
      guard let chosen = ephemeralFlow(local: end.address, remote: remote, at: now) else { throw .noPorts }
      (flow, hash) = chosen
    } else {
      flow = FlowKey(local: end, remote: remote)
      hash = flows.wholeHash(of: flow)
      if end == remote || !isFree(flow, hash.forTable, at: now) { throw .addressInUse }
    }
    let options = options ?? configuration.tcp.connection
    let fastOpen = options.fastOpen ? servers.opening(to: remote.address, at: now) : nil
    let opening = Opening.active(after: succeed(flow, hash.forTable), fastOpen)
    guard let slot = open(flow, hash, by: route, options: options, as: opening, at: now) else { throw .limitReached }
    // The next segment of the flow is the answer to the SYN, which often comes before all others.
    lastFlow.remember(flow, connections[slot].connection.id, on: route.interface, addressEpoch: interfaces.epoch)
    return slot
  }

  /// Makes the record of a connection; nil at the limit.
  mutating func open(
    _ flow: FlowKey, _ hash: WholeFlowHash, by route: Route, options: ConnectionOptions, as opening: Opening,
    at now: Instant
  ) -> UInt32? {
    guard let (slot, generation) = connections.upcoming() else {
      counters.count(.connectionLimit)
      return nil
    }
    let path = pathMTU(to: flow.remote.address, by: route)
    var parameters = parameters(
      of: flow, id: ConnectionID(slot: slot, generation: generation), by: route, path, options: options,
      initialSequence: initialSequence(hash, opening, at: now), timestampOffset: timestampOffset(of: flow))
    parameters.fastOpen = opening.fastOpen
    parameters.mayAskForNotification = servers.takesNotification(flow.remote.address, at: now)
    let connection =
      switch opening {
      case .active: Connection(opening: parameters, in: &environment, at: now)
      case .passive: Connection(listening: parameters, in: &environment, at: now)
      case .cookie(let syn, _): Connection(recalling: syn, parameters, in: &environment, at: now)
      }
    let record = ConnectionRecord(
      connection: connection, place: opening.place, flowHash: hash.forTable, route: route, pathMTU: parameters.pathMTU,
      mayBeFragmented: path.mayBeFragmented(with: options.pathMTUDiscovery), routeEpoch: routeEpoch,
      pathEpoch: paths.epoch,
      flowLabel: flow.remote.address.isIPv4 ? 0 : secrets.flowLabel(of: flow))
    guard connections.insert(record) != nil else { return nil }
    flows.add(slot, hash.forTable)
    counters.connectionsOpened &+= 1
    return slot
  }

  /// What the host decides for a connection over `flow`.
  func parameters(
    of flow: FlowKey, id: ConnectionID, by route: Route, _ path: PathLesson, options: ConnectionOptions,
    initialSequence: SequenceNumber, timestampOffset: UInt32
  ) -> OpenParameters {
    OpenParameters(
      id: id, local: flow.local, remote: flow.remote, initialSequence: initialSequence,
      timestampOffset: timestampOffset, pathMTU: path.mtu,
      linkMTU: linkMTU(of: route.interface), options: options)
  }

  func timestampOffset(of flow: FlowKey) -> UInt32 {
    secrets.timestampOffset(local: flow.local.address, remote: flow.remote.address)
  }

  /// ISN = M + F(local, remote, secret) (RFC 6528 section 3): M ticks every 4 microseconds.
  private func initialSequence(_ hash: WholeFlowHash, _ opening: Opening, at now: Instant) -> SequenceNumber {
    let ticks = now.nanoseconds / HostConfiguration.sequenceClockTick.nanoseconds
    let sequence = SequenceNumber(hash.forSequence &+ UInt32(truncatingIfNeeded: ticks))
    switch opening {
    case .active(after: nil, _), .passive(after: nil, _): return sequence
    case .active(let predecessor?, _), .passive(let predecessor?, _):
      return sequence.isAfter(predecessor) ? sequence : predecessor + 0x1_0000
    case .cookie(_, let number): return number
    }
  }

  @inline(__always)
  func contains(_ handle: ConnectionHandle) -> Bool {
    connections.contains(handle.slot, handle.generation) && connections[handle.slot].place == .held
  }

  /// Queues octets for sending; returns how many were accepted, 0 when the buffer is full.
  ///
  /// - Parameter moreFollows: whether the caller sends more in the same turn: if all are accepted, nothing leaves before that.
  public mutating func send(
    _ bytes: RawSpan, urgent: Bool = false, moreFollows: Bool = false, on handle: ConnectionHandle, at now: Instant
  ) throws(HostError) -> Int {
    guard contains(handle) else { throw .doesNotExist }
    do {
      let count = try connections[handle.slot].connection.send(bytes, urgent: urgent, in: &environment, at: now)
      // What was queued is to leave, and nothing else follows from it.
      if !moreFollows || count < bytes.byteCount { makeReady(handle.slot) }
      return count
    } catch {
      throw .call(error)
    }
  }

  /// Copies octets that arrived, in order, into `target`.
  public mutating func receive(into target: inout MutableRawSpan, from handle: ConnectionHandle, at now: Instant)
    throws(HostError) -> Received
  {
    guard contains(handle) else { throw .doesNotExist }
    do {
      let received = try connections[handle.slot].connection.receive(into: &target, in: &environment, at: now)
      // That room was made is all that the peer may be told.
      if connections[handle.slot].connection.owesAcknowledgement { makeReady(handle.slot) }
      return received
    } catch {
      throw .call(error)
    }
  }

  /// Half-close: a FIN leaves behind everything queued. What the peer sends is still received.
  public mutating func shutdownOutput(_ handle: ConnectionHandle, at now: Instant) throws(HostError) {
    guard contains(handle) else { throw .doesNotExist }
    do {
      try connections[handle.slot].connection.close(in: &environment, at: now)
    } catch {
      throw .call(error)
    }
    settle(handle.slot, at: now)
  }

  /// Discards what is unread and what still comes.
  public mutating func shutdownInput(_ handle: ConnectionHandle, at now: Instant) throws(HostError) {
    guard contains(handle) else { throw .doesNotExist }
    connections[handle.slot].connection.stopReceiving(in: &environment, at: now)
    settle(handle.slot, at: now)
  }

  /// The program has done with the handle. Queued octets and the FIN still leave; if octets are unread the peer gets a RST, since
  /// they were lost (RFC 2525 section 2.17, RFC 9293 section 3.6.1).
  public mutating func close(_ handle: ConnectionHandle, at now: Instant) {
    guard contains(handle) else { return }
    let slot = handle.slot
    orphan(slot)
    switch connections[slot].connection.phase {
    case .synReceived, .established, .finWait1, .finWait2, .closeWait:
      if connections[slot].connection.unreadBytes > 0 {
        connections[slot].connection.abort(in: &environment, at: now)
      } else {
        finish(slot, at: now)
      }
    case .synSent:
      connections[slot].connection.abort(in: &environment, at: now)
    default:
      finish(slot, at: now)
    }
    settle(slot, at: now)
    boundOrphans(at: now)
  }

  private mutating func finish(_ slot: UInt32, at now: Instant) {
    // A FIN that was sent before, or a connection that is over: the call has nothing left to do.
    try? connections[slot].connection.close(in: &environment, at: now)
    connections[slot].connection.orphan(in: &environment, at: now)
  }

  /// Ends the connection with a RST where the RFC sends one (RFC 9293 section 3.10.5). The handle is free.
  public mutating func abort(_ handle: ConnectionHandle, at now: Instant) {
    guard contains(handle) else { return }
    orphan(handle.slot)
    connections[handle.slot].connection.abort(in: &environment, at: now)
    settle(handle.slot, at: now)
  }

  /// A snapshot (RFC 9293 section 3.10.6); nil for a handle that was closed.
  public func status(of handle: ConnectionHandle, at now: Instant) -> ConnectionStatus? {
    contains(handle) ? connections[handle.slot].connection.status(in: environment, at: now) : nil
  }

  /// The two ends of a connection; nil for a handle that was closed.
  public func ends(of handle: ConnectionHandle) -> (local: Endpoint, remote: Endpoint)? {
    guard contains(handle) else { return nil }
    let flow = connections[handle.slot].flow
    return (flow.local, flow.remote)
  }

  /// Snapshots of the connections there are, those of listeners' queues and of closed handles included.
  public func connectionStatuses(at now: Instant) -> [ConnectionStatus] {
    var statuses: [ConnectionStatus] = []
    for slot in connections.slots where connections.isLive(slot) {
      statuses.append(connections[slot].connection.status(in: environment, at: now))
    }
    for number in timeWaitRecords.numbers where timeWaitRecords.isPresent(number) {
      statuses.append(timeWaitRecords.status(of: number))
    }
    for number in halfOpenRecords.numbers where halfOpenRecords.isPresent(number) {
      statuses.append(halfOpenRecords.status(of: number))
    }
    return statuses
  }

  /// The next thing that the program is to know of a connection before it is too late.
  public mutating func pollWarning(of handle: ConnectionHandle, at now: Instant) -> ConnectionWarning? {
    contains(handle) ? connections[handle.slot].connection.pollWarning(at: now) : nil
  }

  public func readiness(of handle: ConnectionHandle) -> Readiness? {
    guard contains(handle) else { return nil }
    var readiness: Readiness = []
    switch connections[handle.slot].connection.phase {
    case .closed, .closeWait, .closing, .lastAck, .timeWait: readiness.insert(.readable)
    default: break
    }
    if connections[handle.slot].connection.unreadBytes > 0 { readiness.insert(.readable) }
    if connections[handle.slot].connection.writableBytes > 0 { readiness.insert(.writable) }
    if connections[handle.slot].connection.phase.isSynchronized { readiness.insert(.connected) }
    if connections[handle.slot].connection.urgentBytesAhead != nil { readiness.insert(.urgent) }
    if connections[handle.slot].connection.endReason != nil { readiness.formUnion([.ended, .readable, .writable]) }
    return readiness
  }

  /// The octets that wait to be read; 0 for a handle that was closed.
  public func unreadBytes(of handle: ConnectionHandle) -> Int {
    contains(handle) ? connections[handle.slot].connection.unreadBytes : 0
  }

  /// The octets up to the urgent mark; nil if no urgent data are pending.
  public func urgentBytesAhead(of handle: ConnectionHandle) -> Int? {
    contains(handle) ? connections[handle.slot].connection.urgentBytesAhead : nil
  }

  public func options(of handle: ConnectionHandle) -> ConnectionOptions? {
    contains(handle) ? connections[handle.slot].connection.options : nil
  }

  public mutating func setOptions(_ options: ConnectionOptions, of handle: ConnectionHandle, at now: Instant)
    throws(HostError)
  {
    guard contains(handle) else { throw .doesNotExist }
    let isNewWay = options.pathMTUDiscovery != connections[handle.slot].connection.pathMTUDiscovery
    connections[handle.slot].connection.setOptions(options, in: &environment, at: now)
    if isNewWay {
      let path = pathMTU(to: connections[handle.slot].flow.remote.address, by: connections[handle.slot].route)
      connections[handle.slot].mayBeFragmented = path.mayBeFragmented(with: options.pathMTUDiscovery)
      connections[handle.slot].connection.pathChanged(
        mtu: connections[handle.slot].pathMTU, in: &environment, at: now)
    }
    settle(handle.slot, at: now)
  }

  /// The connections there are, in whatever phase.
  public var connectionCount: Int { connections.count + timeWaitRecords.count + halfOpenRecords.count }

  /// Whether some connection has octets or a FIN that the peer has not acknowledged. Looks at every connection.
  public var hasUnfinishedBusiness: Bool {
    for slot in connections.slots where connections.isLive(slot) {
      switch connections[slot].connection.phase {
      case .finWait1, .closing, .lastAck:
        return true
      case .established, .closeWait, .synReceived:
        if connections[slot].place == .halfOpen { continue }
        let status = connections[slot].connection.status(in: environment, at: .zero)
        if status.unsentBytes > 0 || status.bytesInFlight > 0 { return true }
      default:
        break
      }
    }
    return false
  }
}
