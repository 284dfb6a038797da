import MartinetTCP
import MartinetWire

// Listeners: opening, the two queues, accepting, closing.
extension Host {
  /// Listens at `local`: an unspecified address means all of its family, port 0 an ephemeral port.
  ///
  /// `backlog` connections may wait to be accepted (at least 1). With `sharesPort` a listener at one address may stand beside a
  /// wildcard of the same port that shares it, too; the one at the address wins.
  public mutating func listen(
    on local: Endpoint, backlog: Int, options: ConnectionOptions? = nil, sharesPort: Bool = false, at now: Instant
  ) throws(HostError) -> ListenerHandle {
    let address = local.address
    guard address.isUnspecified || address.isLoopback || interfaces.isOurs(address) else { throw .addressNotAvailable }
    return try listen(
      Listener(
        local: local, hearsBothFamilies: false, sharesPort: sharesPort,
        refusesWhenFull: configuration.refusesWhenFull, backlog: max(1, backlog),
        options: options ?? configuration.tcp.connection))
  }

  /// Listens on `port` of every address of both families; 0 means an ephemeral port.
  public mutating func listen(
    onPort port: UInt16, backlog: Int, options: ConnectionOptions? = nil, sharesPort: Bool = false, at now: Instant
  ) throws(HostError) -> ListenerHandle {
    try listen(
      Listener(
        local: Endpoint(.v6(.any), port), hearsBothFamilies: true, sharesPort: sharesPort,
        refusesWhenFull: configuration.refusesWhenFull, backlog: max(1, backlog),
        options: options ?? configuration.tcp.connection))
  }

  private mutating func listen(_ wanted: Listener) throws(HostError) -> ListenerHandle {
    var listener = wanted
    if listener.local.port == 0 {
      guard let port = ephemeralListeningPort(local: listener.local.address) else { throw .noPorts }
      listener.local.port = port
    } else if listenedPorts.isUsed(listener.local.port) {
      for slot in listeners.slots where listeners.isLive(slot) {
        if Host.conflict(listeners[slot], listener) { throw .addressInUse }
      }
    }
    guard let slot = listeners.insert(listener) else { throw .limitReached }
    listenedPorts.add(listener.local.port)
    listening.set(slot, for: FlowKey(bound: listener.local))
    if listener.hearsBothFamilies {
      listening.set(slot, for: FlowKey(bound: Endpoint(.v4(.any), listener.local.port)))
    }
    return ListenerHandle(slot: slot, generation: listeners.generation(of: slot))
  }

  /// Whether two listeners can't be told apart by some SYN, or did not agree to share.
  private static func conflict(_ one: Listener, _ other: Listener) -> Bool {
    guard one.local.port == other.local.port else { return false }
    let oneIsWild = one.local.address.isUnspecified
    let otherIsWild = other.local.address.isUnspecified
    let sameFamily = one.local.address.isIPv4 == other.local.address.isIPv4
    if !sameFamily && !one.hearsBothFamilies && !other.hearsBothFamilies { return false }
    if oneIsWild && otherIsWild { return true }
    if oneIsWild || otherIsWild { return !(one.sharesPort && other.sharesPort) }
    return one.local.address == other.local.address
  }

  /// The listener for what is addressed to `local`: the one at the address before a wildcard.
  func listenerSlot(for local: Endpoint) -> UInt32? {
    if listening.count == 0 { return nil }
    return listening.slot(of: FlowKey(bound: local))
      ?? listening.slot(of: FlowKey(bound: Endpoint(local.address.anyOfFamily, local.port)))
  }

  func contains(_ handle: ListenerHandle) -> Bool { listeners.contains(handle.slot, handle.generation) }

  /// Where `listener` listens.
  public func localEndpoint(of listener: ListenerHandle) -> Endpoint? {
    contains(listener) ? listeners[listener.slot].local : nil
  }

  /// Whether a SYN that finds the accept queue full is answered with RST, so that the client knows at once, instead of silence, so that it tries again.
  /// A listener begins with what the host's configuration says.
  public mutating func setRefusesWhenFull(_ on: Bool, of listener: ListenerHandle) throws(HostError) {
    guard contains(listener) else { throw .doesNotExist }
    listeners[listener.slot].refusesWhenFull = on
  }

  public func readiness(of listener: ListenerHandle) -> Readiness? {
    guard contains(listener) else { return nil }
    return listeners[listener.slot].waiting.isEmpty ? [] : .acceptable
  }

  /// Takes the connection whose handshake was completed first; nil if there is none.
  public mutating func accept(_ listener: ListenerHandle, at now: Instant) -> ConnectionHandle? {
    guard contains(listener), let slot = placeLinks.popFirst(of: &listeners[listener.slot].waiting) else { return nil }
    connections[slot].place = .held
    connections[slot].listener = SlotList.none
    counters.connectionsAccepted &+= 1
    if !connections[slot].pending.isEmpty { announce(slot) }
    return connections[slot].connection.id
  }

  /// Stops listening. What waits to be accepted is reset, what is half-open is forgotten; accepted connections go on.
  public mutating func close(_ listener: ListenerHandle, at now: Instant) {
    guard contains(listener) else { return }
    forgetHandshakes(of: listener.slot)
    while let slot = placeLinks.popFirst(of: &listeners[listener.slot].waiting) {
      orphan(slot)
      connections[slot].connection.abort(in: &environment, at: now)
      settle(slot, at: now)
    }
    let record = listeners.remove(listener.slot)
    listenedPorts.remove(record.local.port)
    listening.remove(FlowKey(bound: record.local))
    if record.hearsBothFamilies { listening.remove(FlowKey(bound: Endpoint(.v4(.any), record.local.port))) }
    if listenerEvents.contains(listener.slot) { listenerEvents.remove(listener.slot, from: &eventfulListeners) }
  }
}
