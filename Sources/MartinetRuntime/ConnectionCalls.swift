import MartinetStack
import MartinetTCP
import MartinetWire

/// How far an active open has come.
package enum ConnectProgress: Sendable {
  case connected
  case pending
  case failed(EndReason)
}

/// The calls on connections. A call that can't be done yet registers `waiter`, in the same turn, to be fired when
/// it is worth another try.
extension StackCore {
  /// Begins an active open, from an address and port that were reserved if there are; on success the connection has taken them over.
  package func connect(
    to remote: Endpoint, from reservation: PortReservation?, options: ConnectionOptions
  ) throws(HostError) -> ConnectionHandle {
    try connect(to: remote, from: reservation, options: options, sending: UnsafeRawBufferPointer(start: nil, count: 0))
      .handle
  }

  /// The same with the first octets to send; returns how many were accepted.
  package func connect(
    to remote: Endpoint, from reservation: PortReservation?, options: ConnectionOptions,
    sending source: UnsafeRawBufferPointer
  ) throws(HostError) -> (handle: ConnectionHandle, accepted: Int) {
    if let shardCalls {
      return try connectInOne(to: remote, from: reservation, options: options, sending: source, shardCalls)
    }
    return try turn { host, notices, now throws(HostError) in
      let result = try host.connect(
        to: remote, from: reservation?.local, options: options, sending: source.bytes, at: now)
      if let local = reservation?.local, notices.reservations.remove(local) { host.letGo(local.port) }
      return result
    }
  }

  package func connectProgress(
    of handle: ConnectionHandle, otherwise waiter: Waiter?
  ) throws(HostError) -> ConnectProgress {
    try turn(of: handle) { host, notices, now throws(HostError) in
      guard let readiness = host.readiness(of: handle) else { throw .doesNotExist }
      if readiness.contains(.connected) { return .connected }
      if readiness.contains(.ended) {
        return .failed(host.status(of: handle, at: now)?.endReason ?? .aborted)
      }
      if let waiter {
        notices.connections.add(waiter, to: .output, slot: handle.slot, generation: handle.generation)
      }
      return .pending
    }
  }

  /// Reads what is there, at most as much as fits.
  package func receive(
    into target: UnsafeMutableRawBufferPointer, from handle: ConnectionHandle, otherwise waiter: Waiter?
  ) throws(HostError) -> Received {
    try turn(of: handle) { host, notices, now throws(HostError) in
      var span = target.mutableBytes
      let received = try host.receive(into: &span, from: handle, at: now)
      notices.follow(received, of: handle, host, otherwise: waiter)
      return received
    }
  }

  /// Reads what is there, at most `limit` octets, into an array of just that size: one who waits holds no buffer.
  package func receive(
    upTo limit: Int, from handle: ConnectionHandle, otherwise waiter: Waiter?
  ) throws(HostError) -> (bytes: [UInt8], Received) {
    try turn(of: handle) { host, notices, now throws(HostError) in
      let unread = host.unreadBytes(of: handle)
      guard unread > 0 else {
        // The engine says why as soon as it is asked for an octet.
        var octet: UInt8 = 0
        let received = try withUnsafeMutableBytes(of: &octet) { target throws(HostError) in
          var span = target.mutableBytes
          return try host.receive(into: &span, from: handle, at: now)
        }
        notices.follow(received, of: handle, host, otherwise: waiter)
        return ([], received)
      }
      let room = min(limit, unread)
      var result = Result<Received, HostError>.success(.nothingYet)
      let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        var span = UnsafeMutableRawBufferPointer(buffer).mutableBytes
        do throws(HostError) {
          let received = try host.receive(into: &span, from: handle, at: now)
          if case .bytes(let read) = received { count = read }
          result = .success(received)
        } catch {
          result = .failure(error)
        }
      }
      let received = try result.get()
      notices.follow(received, of: handle, host, otherwise: waiter)
      return (bytes, received)
    }
  }

  /// Writes as much of `source` as the send buffer takes; 0 if it is full.
  package func send(
    _ source: UnsafeRawBufferPointer, urgent: Bool, on handle: ConnectionHandle, otherwise waiter: Waiter?
  ) throws(HostError) -> Int {
    try turn(of: handle) { host, notices, now throws(HostError) in
      let count = try host.send(source.bytes, urgent: urgent, on: handle, at: now)
      if count == 0, let waiter {
        notices.connections.add(waiter, to: .output, slot: handle.slot, generation: handle.generation)
      }
      return count
    }
  }

  /// Whether everything sent, the FIN included, has been acknowledged, or never will be.
  package func isAcknowledged(_ handle: ConnectionHandle, otherwise waiter: Waiter?) -> Bool {
    turn(of: handle) { host, notices, now in
      guard let status = host.status(of: handle, at: now) else { return true }
      switch status.phase {
      case .closed, .finWait2, .timeWait: return true
      default:
        if let waiter {
          notices.connections.add(waiter, to: .acknowledged, slot: handle.slot, generation: handle.generation)
        }
        return false
      }
    }
  }

  /// What the program is to know of a connection before it is too late; the reason of the end once it is over.
  package func pollWarning(
    of handle: ConnectionHandle, otherwise waiter: Waiter?
  ) throws(HostError) -> ConnectionWarning? {
    try turn(of: handle) { host, notices, now throws(HostError) in
      if let warning = host.pollWarning(of: handle, at: now) { return warning }
      guard let readiness = host.readiness(of: handle) else { throw .doesNotExist }
      if readiness.contains(.ended) {
        throw .call(.ended(host.status(of: handle, at: now)?.endReason ?? .aborted))
      }
      if let waiter {
        notices.connections.add(waiter, to: .warning, slot: handle.slot, generation: handle.generation)
      }
      return nil
    }
  }

  /// What all connections have counted.
  package var connectionTotals: ConnectionStatistics {
    var totals = ConnectionStatistics()
    for shard in 0..<shardCount { totals.add(turn(in: shard) { host, _, _ in host.connectionTotals }) }
    return totals
  }

  /// Snapshots of all connections of the stack.
  package var connectionStatuses: [ConnectionStatus] {
    (0..<shardCount).flatMap { shard in turn(in: shard) { host, _, now in host.connectionStatuses(at: now) } }
  }

  /// Cancels a registration; false if the waiter was taken out to be fired.
  package func cancel(_ waiter: Waiter, of side: Side, on handle: ConnectionHandle) -> Bool {
    turn(of: handle) { _, notices, _ in notices.connections.remove(waiter, from: side, slot: handle.slot) }
  }

  package func shutdownOutput(_ handle: ConnectionHandle) throws(HostError) {
    try turn(of: handle) { host, _, now throws(HostError) in try host.shutdownOutput(handle, at: now) }
  }

  /// Ends the reading side; everybody who waits for input is fired.
  package func shutdownInput(_ handle: ConnectionHandle) throws(HostError) {
    try turn(of: handle) { host, notices, now throws(HostError) in
      try host.shutdownInput(handle, at: now)
      notices.connections.takeAll(
        .input, slot: handle.slot, generation: handle.generation, into: &notices.fired)
    }
  }

  /// Fires everybody who waits for the connection, so that they see what has changed around it.
  package func wakeAll(of handle: ConnectionHandle) {
    turn(of: handle) { _, notices, _ in
      notices.connections.takeAll(slot: handle.slot, generation: handle.generation, into: &notices.fired)
    }
  }

  /// The program is done with the connection: FIN behind what was written, or RST if something is unread.
  package func close(_ handle: ConnectionHandle) {
    turn(of: handle) { host, notices, now in
      host.close(handle, at: now)
      notices.connections.takeAll(slot: handle.slot, generation: handle.generation, into: &notices.fired)
    }
  }

  /// RST, and everything is forgotten.
  package func abort(_ handle: ConnectionHandle) {
    turn(of: handle) { host, notices, now in
      host.abort(handle, at: now)
      notices.connections.takeAll(slot: handle.slot, generation: handle.generation, into: &notices.fired)
    }
  }

  package func status(of handle: ConnectionHandle) -> ConnectionStatus? {
    turn(of: handle) { host, _, now in host.status(of: handle, at: now) }
  }

  package func options(of handle: ConnectionHandle) -> ConnectionOptions? {
    turn(of: handle) { host, _, _ in host.options(of: handle) }
  }

  package func setOptions(_ options: ConnectionOptions, of handle: ConnectionHandle) throws(HostError) {
    try turn(of: handle) { host, _, now throws(HostError) in try host.setOptions(options, of: handle, at: now) }
  }
}

extension Notices {
  /// What follows from a read: who found nothing waits, who left something wakes the next.
  mutating func follow(
    _ received: Received, of handle: ConnectionHandle, _ host: borrowing Host, otherwise waiter: Waiter?
  ) {
    if received == .nothingYet {
      if let waiter { connections.add(waiter, to: .input, slot: handle.slot, generation: handle.generation) }
    } else if host.readiness(of: handle)?.contains(.readable) == true {
      wakeNext(.input, of: handle)
    }
  }

  /// Something is left for the next one who waits.
  mutating func wakeNext(_ side: Side, of handle: ConnectionHandle) {
    connections.takeFirst(side, slot: handle.slot, generation: handle.generation, into: &fired)
  }
}
