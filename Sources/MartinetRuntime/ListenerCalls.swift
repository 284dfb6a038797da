import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// A connection that was accepted.
package struct AcceptedConnection: Sendable {
  package var handle: ConnectionHandle
  package var local: Endpoint
  package var remote: Endpoint
}

/// Where a listener listens.
package enum ListenerBinding: Sendable {
  case endpoint(Endpoint)
  /// Every address of both families.
  case port(UInt16)
}

/// A listener of a stack: one in each of its shards.
package struct StackListener: Sendable {
  /// By shard.
  let handles: [ListenerHandle]
  /// Nil for a stack of one host.
  let bell: ShardBell?

  /// Each time another shard, since connections come in all.
  package var awaited: AwaitedPlace { .shard(bell?.lastLook ?? 0) }
}

/// The calls on listeners.
extension StackCore {
  /// Returns the listener and where it listens. In a stack of several shards each has its part of the backlog, which all must have.
  package func listen(
    on binding: ListenerBinding, backlog: Int, options: ConnectionOptions, refusesWhenFull: Bool? = nil
  ) throws(HostError) -> (listener: StackListener, local: Endpoint) {
    if let shardCalls {
      return try listenInAll(
        on: binding, backlog: backlog, options: options, refusesWhenFull: refusesWhenFull, shardCalls)
    }
    let (handle, local) = try listen(
      in: 0, on: binding, backlog: backlog, options: options, refusesWhenFull: refusesWhenFull)
    return (StackListener(handles: [handle], bell: nil), local)
  }

  func listen(
    in shard: Int, on binding: ListenerBinding, backlog: Int, options: ConnectionOptions, refusesWhenFull: Bool?
  ) throws(HostError) -> (handle: ListenerHandle, local: Endpoint) {
    try turn(in: shard) { host, notices, now throws(HostError) in
      if notices.reservations.conflicts(with: binding) { throw .addressInUse }
      let handle =
        switch binding {
        case .endpoint(let endpoint): try host.listen(on: endpoint, backlog: backlog, options: options, at: now)
        case .port(let port): try host.listen(onPort: port, backlog: backlog, options: options, at: now)
        }
      if let refusesWhenFull { try host.setRefusesWhenFull(refusesWhenFull, of: handle) }
      guard let local = host.localEndpoint(of: handle) else { throw .doesNotExist }
      return (handle, local)
    }
  }

  package func setRefusesWhenFull(_ on: Bool, of listener: StackListener) throws(HostError) {
    for (shard, handle) in listener.handles.enumerated() {
      try turn(in: shard) { host, _, _ throws(HostError) in try host.setRefusesWhenFull(on, of: handle) }
    }
  }

  /// Takes the connection that has waited longest, in a stack of several shards that of any shard; nil: there is none, and `waiter` is registered.
  package func accept(
    _ listener: StackListener, otherwise waiter: Waiter?
  ) throws(HostError) -> AcceptedConnection? {
    guard let bell = listener.bell else { return try accept(listener.handles[0], in: 0, otherwise: waiter) { nil } }
    return try bell.look(otherwise: waiter) { shard, rope throws(HostError) in
      try accept(listener.handles[shard], in: shard, otherwise: nil, rope: rope)
    }
  }

  /// Nil: there is none, and `waiter` is registered. The waiter that `rope` gives is, in any case: others may wait for the next one.
  private func accept(
    _ listener: ListenerHandle, in shard: Int, otherwise waiter: Waiter?, rope: () -> Waiter?
  ) throws(HostError) -> AcceptedConnection? {
    try turn(in: shard) { host, notices, now throws(HostError) in
      guard host.readiness(of: listener) != nil else { throw .doesNotExist }
      if let rope = rope() { notices.wait(rope, for: listener) }
      while let handle = host.accept(listener, at: now) {
        if host.readiness(of: listener)?.contains(.acceptable) == true {
          notices.listeners.takeFirst(
            .input, slot: listener.slot, generation: listener.generation, into: &notices.fired)
        }
        if let ends = host.ends(of: handle) {
          return AcceptedConnection(handle: handle, local: ends.local, remote: ends.remote)
        }
      }
      if let waiter { notices.wait(waiter, for: listener) }
      return nil
    }
  }

  /// Cancels a registration; false if the waiter was taken out to be fired.
  package func cancel(_ waiter: Waiter, on listener: StackListener) -> Bool {
    if let bell = listener.bell { return bell.cancel(waiter) }
    return turn { _, notices, _ in notices.listeners.remove(waiter, from: .input, slot: listener.handles[0].slot) }
  }

  /// Ends listening; everybody who waits for a connection is fired.
  package func close(_ listener: StackListener) {
    guard let shardCalls else { return close(listener.handles[0], in: 0) }
    shardCalls.binding.withLock { _ in
      for (shard, handle) in listener.handles.enumerated() { close(handle, in: shard) }
    }
    listener.bell?.ringForAll()
  }

  func close(_ listener: ListenerHandle, in shard: Int) {
    turn(in: shard) { host, notices, now in
      host.close(listener, at: now)
      notices.listeners.takeAll(slot: listener.slot, generation: listener.generation, into: &notices.fired)
    }
  }
}

extension Notices {
  fileprivate mutating func wait(_ waiter: Waiter, for listener: ListenerHandle) {
    listeners.add(waiter, to: .input, slot: listener.slot, generation: listener.generation)
  }
}

extension ReservationList {
  fileprivate func conflicts(with binding: ListenerBinding) -> Bool {
    switch binding {
    case .endpoint(let endpoint): conflicts(with: endpoint)
    case .port(let port): port != 0 && holds(port)
    }
  }
}
