import MartinetStack
import MartinetTCP
import MartinetWire

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

/// The calls on listeners.
extension StackCore {
  /// Returns the listener and the port that it got.
  package func listen(
    on binding: ListenerBinding, backlog: Int, options: ConnectionOptions, refusesWhenFull: Bool? = nil
  ) throws(HostError) -> (handle: ListenerHandle, local: Endpoint) {
    try turn { host, notices, now throws(HostError) in
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

  package func setRefusesWhenFull(_ on: Bool, of listener: ListenerHandle) throws(HostError) {
    try turn { host, _, _ throws(HostError) in try host.setRefusesWhenFull(on, of: listener) }
  }

  /// Takes the connection that has waited longest; nil: there is none, and `waiter` is registered.
  package func accept(
    _ listener: ListenerHandle, otherwise waiter: Waiter?
  ) throws(HostError) -> AcceptedConnection? {
    try turn { host, notices, now throws(HostError) in
      guard host.readiness(of: listener) != nil else { throw .doesNotExist }
      while let handle = host.accept(listener, at: now) {
        if host.readiness(of: listener)?.contains(.acceptable) == true {
          notices.listeners.takeFirst(
            .input, slot: listener.slot, generation: listener.generation, into: &notices.fired)
        }
        if let status = host.status(of: handle, at: now) {
          return AcceptedConnection(handle: handle, local: status.local, remote: status.remote)
        }
      }
      if let waiter {
        notices.listeners.add(waiter, to: .input, slot: listener.slot, generation: listener.generation)
      }
      return nil
    }
  }

  /// Cancels a registration; false if the waiter was taken out to be fired.
  package func cancel(_ waiter: Waiter, on listener: ListenerHandle) -> Bool {
    turn { _, notices, _ in notices.listeners.remove(waiter, from: .input, slot: listener.slot) }
  }

  /// Ends listening; everybody who waits for a connection is fired.
  package func close(_ listener: ListenerHandle) {
    turn { host, notices, now in
      host.close(listener, at: now)
      notices.listeners.takeAll(slot: listener.slot, generation: listener.generation, into: &notices.fired)
    }
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
