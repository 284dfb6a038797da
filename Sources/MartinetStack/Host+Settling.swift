import MartinetTCP
import MartinetWire

// What follows from touching a connection: its queue, its events, its deadline, its turn to send, its end.
extension Host {
  /// Re-reads a connection after every event and call, and lets it say what it has to send. Whoever holds its slot must not use it
  /// afterwards without asking whether it is still there.
  mutating func settle(_ slot: UInt32, at now: Instant) {
    settle(slot, connections[slot].look(epochs), at: now)
  }

  /// The same after a look at the connection.
  @inline(__always)
  mutating func settle(_ slot: UInt32, _ look: ConnectionLook, at now: Instant) {
    let standing = follow(look, of: slot, at: now)
    if standing == .ready {
      makeReady(slot)
    } else if look.place != .held {
      dismiss(slot, standing)
    }
  }

  /// Lets a connection go that has nothing more to send, if that is what it waited for, or leaves a small record of it.
  @inline(__always)
  mutating func dismiss(_ slot: UInt32, _ standing: ConnectionStanding) {
    guard standing != .gone else { return }
    switch connections[slot].place {
    case .leaving: forget(slot)
    case .timeWait: condense(slot)
    case .halfOpen where hasManyHandshakes(connections[slot].listener): condenseHandshake(slot)
    default: break
    }
  }

  /// Does what a look at a connection says.
  @inline(__always)
  mutating func follow(_ look: ConnectionLook, of slot: UInt32, at now: Instant) -> ConnectionStanding {
    if look.news.deadline != .never { connectionDeadlines.wake(slot, noLaterThan: look.news.deadline) }
    guard look.isUsual else { return attend(to: slot, look, at: now) }
    if look.hasPending && look.place == .held { announce(slot) }
    return look.isQuiet ? .quiet : .ready
  }

  /// Does what a look at a connection says besides events.
  private mutating func attend(to slot: UInt32, _ look: ConnectionLook, at now: Instant) -> ConnectionStanding {
    if connections[slot].fastOpenListener != nil { reviewFastOpen(slot, at: now) }
    if look.news.hasLesson {
      if let lesson = connections[slot].connection.takeFastOpenLesson() {
        servers.learn(
          lesson, about: connections[slot].flow.remote.address, rest: configuration.fastOpenRest, at: now)
      }
      if connections[slot].connection.takeNotificationFailure() {
        servers.notificationFailed(
          for: connections[slot].flow.remote.address, rest: configuration.notificationRest, at: now)
      }
      if let lesson = connections[slot].connection.takePathLesson() { learn(lesson, from: slot, at: now) }
    }
    if look.place == .held && look.phase != .closed {
      if look.hasPending { announce(slot) }
      return look.isQuiet ? .quiet : .ready
    }
    guard place(slot, look.place, by: look.phase) else { return .gone }
    return look.isQuiet ? .quiet : .ready
  }

  /// Sees to it that a connection is where its phase belongs; false if it is gone.
  private mutating func place(_ slot: UInt32, _ place: ConnectionPlace, by phase: Phase) -> Bool {
    switch place {
    case .halfOpen:
      // Back in LISTEN, or never out of it: the record goes and nobody is told (RFC 9293 section 3.10.7.4).
      if phase == .listen {
        forget(slot)
        return false
      }
      if phase == .closed {
        leave(slot)
      } else if phase.isSynchronized || connections[slot].connection.isFastOpened {
        completeHandshake(slot)
      }
    case .waiting:
      // A connection that ended before anybody accepted it is not offered any more.
      if phase == .closed { leave(slot) }
    case .held:
      if phase == .closed { removeFromFlows(slot) }
      if !connections[slot].pending.isEmpty { announce(slot) }
    case .orphaned:
      if phase == .closed { leave(slot) }
      if phase == .timeWait {
        beginTimeWait(slot)
        // Where nothing is kept in TIME-WAIT it is the one that goes.
        return connections.isLive(slot)
      }
    case .timeWait:
      if phase == .closed { leave(slot) }
    case .leaving:
      break
    }
    return true
  }

  /// Moves a connection from its listener's first queue to the second.
  private mutating func completeHandshake(_ slot: UInt32) {
    let listener = connections[slot].listener
    placeLinks.remove(slot, from: &listeners[listener].halfOpen)
    placeLinks.append(slot, to: &listeners[listener].waiting)
    connections[slot].place = .waiting
    if !listenerEvents.contains(listener) { listenerEvents.append(listener, to: &eventfulListeners) }
  }

  /// Takes a connection out of the queue that its place means.
  private mutating func unqueue(_ slot: UInt32) {
    let listener = connections[slot].listener
    switch connections[slot].place {
    case .halfOpen: placeLinks.remove(slot, from: &listeners[listener].halfOpen)
    case .waiting: placeLinks.remove(slot, from: &listeners[listener].waiting)
    case .orphaned: placeLinks.remove(slot, from: &orphans)
    case .timeWait: placeLinks.remove(slot, from: &timeWaits)
    case .held, .leaving: break
    }
    connections[slot].listener = SlotList.none
  }

  /// Leaves a connection that nobody holds to the engine, which finishes it.
  mutating func orphan(_ slot: UInt32) {
    connections[slot].place = .orphaned
    placeLinks.append(slot, to: &orphans)
    hush(slot)
  }

  /// Resets the connection that has been without a program for longest if there are too many such: peers that never answer, or keep their windows
  /// closed for ever, hold no more memory than that (RFC 6429 section 4).
  mutating func boundOrphans(at now: Instant) {
    guard orphans.count > configuration.orphans else { return }
    let slot = orphans.first
    counters.orphansReset &+= 1
    connections[slot].connection.abort(in: &environment, at: now)
    settle(slot, at: now)
  }

  /// Lets a connection go as soon as it has nothing more to send: a RST may still be there.
  private mutating func leave(_ slot: UInt32) {
    unqueue(slot)
    connections[slot].place = .leaving
    removeFromFlows(slot)
  }

  /// Makes room for another connection of the same two ends.
  mutating func removeFromFlows(_ slot: UInt32) {
    guard connections[slot].isInFlows else { return }
    connections[slot].isInFlows = false
    flows.remove(slot, connections[slot].flowHash)
  }

  /// Drops a connection at once, with everything it holds.
  mutating func forget(_ slot: UInt32) {
    unqueue(slot)
    removeFromFlows(slot)
    hush(slot)
    connectionDeadlines.remove(slot)
    if readyLinks.contains(slot) { readyLinks.remove(slot, from: &ready) }
    retired.add(connections[slot].connection.statistics)
    connections[slot].connection.dissolve(in: &environment)
    connections.discard(slot)
  }

  /// Puts a connection into the round of those that may have something to send.
  mutating func makeReady(_ slot: UInt32) {
    if !readyLinks.contains(slot) { readyLinks.append(slot, to: &ready) }
  }

  // MARK: Events

  /// Makes a connection's events known to whoever polls, once for all that comes together.
  mutating func announce(_ slot: UInt32) {
    if !eventLinks.contains(slot) { eventLinks.append(slot, to: &eventful) }
  }

  /// Forgets a connection's events.
  mutating func hush(_ slot: UInt32) {
    connections[slot].pending = []
    if eventLinks.contains(slot) { eventLinks.remove(slot, from: &eventful) }
  }

  /// The next thing that happened; what happened to one handle since it was last told comes in one event.
  public mutating func pollEvent() -> HostEvent? {
    eventful.isEmpty && eventfulListeners.isEmpty && eventfulEndpoints.isEmpty ? nil : takeEvent()
  }

  @inline(never)
  private mutating func takeEvent() -> HostEvent? {
    if let slot = listenerEvents.popFirst(of: &eventfulListeners) {
      return .listener(ListenerHandle(slot: slot, generation: listeners.generation(of: slot)))
    }
    if let slot = eventLinks.popFirst(of: &eventful) {
      let events = connections[slot].pending
      connections[slot].pending = []
      return .connection(connections[slot].connection.id, events)
    }
    if let slot = endpointEvents.popFirst(of: &eventfulEndpoints) {
      return .datagram(DatagramHandle(slot: slot, generation: endpoints.generation(of: slot)))
    }
    return nil
  }

  // MARK: Time

  /// When ``expire(at:)`` wants to be called next.
  public var nextDeadline: Instant {
    min(
      min(connectionDeadlines.earliest, neighbours.deadlines.earliest),
      min(
        min(fragments.earliest, paths.deadlines.earliest), min(endOfTimeWait, halfOpenDeadlines.earliest)))
  }

  /// Runs everything whose time has come.
  public mutating func expire(at now: Instant) {
    paths.expire(at: now)
    expireNeighbours(at: now)
    expireFragments(at: now)
    expireTimeWait(at: now)
    expireHandshakes(at: now)
    // Each connection gets one turn, so that none can hold the others up.
    var turns = connectionDeadlines.count
    while turns > 0, let slot = connectionDeadlines.popDue(at: now) {
      turns -= 1
      // A deadline that meanwhile moved to later is only put back.
      let deadline = connections[slot].connection.takeDeadline()
      if deadline <= now {
        connections[slot].connection.expire(in: &environment, at: now)
        settle(slot, at: now)
      } else {
        connectionDeadlines.set(deadline, for: slot)
      }
    }
  }
}
