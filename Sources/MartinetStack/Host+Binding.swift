import MartinetTCP
import MartinetWire

// What a program needs around connections: an address and port before there is one, and an end to all of them.
extension Host {
  /// Checks that a socket may take `local` before it is connected, and chooses the port if that is 0.
  ///
  /// - Parameter sharesTimeWait: whether connections in TIME-WAIT do not count.
  package mutating func bindable(_ local: Endpoint, sharesTimeWait: Bool) throws(HostError) -> Endpoint {
    let address = local.address
    guard address.isUnspecified || address.isLoopback || interfaces.isOurs(address) else { throw .addressNotAvailable }
    guard local.port == 0 else {
      if isTaken(local, sharesTimeWait: sharesTimeWait) { throw .addressInUse }
      return local
    }
    for _ in 0..<ports.count {
      guard let port = ephemeralListeningPort(local: address) else { break }
      let chosen = Endpoint(address, port)
      if !isTaken(chosen, sharesTimeWait: false) { return chosen }
    }
    throw .noPorts
  }

  /// Keeps `port` from the choice of ephemeral ports, once for each call, until ``letGo(_:)``: a program has bound it, and is yet to connect.
  package mutating func hold(_ port: UInt16) { heldPorts.add(port) }

  /// Takes one ``hold(_:)`` of `port` back.
  package mutating func letGo(_ port: UInt16) { heldPorts.remove(port) }

  /// Whether a listener or a connection has the port of `local` at an address that it covers. Looks at every connection.
  private func isTaken(_ local: Endpoint, sharesTimeWait: Bool) -> Bool {
    if listenedPorts.isUsed(local.port) {
      for slot in listeners.slots where listeners.isLive(slot) && listeners[slot].local.port == local.port {
        if listeners[slot].hearsBothFamilies || Host.overlap(listeners[slot].local.address, local.address) {
          return true
        }
      }
    }
    for slot in connections.slots where connections.isLive(slot) && connections[slot].flow.local.port == local.port {
      if sharesTimeWait && connections[slot].connection.phase == .timeWait { continue }
      if Host.overlap(connections[slot].flow.local.address, local.address) { return true }
    }
    if sharesTimeWait { return false }
    for number in timeWaitRecords.numbers where timeWaitRecords.isPresent(number) {
      let end = timeWaitRecords[number].local
      if end.port == local.port && Host.overlap(end.address, local.address) { return true }
    }
    return false
  }

  private static func overlap(_ one: IPAddress, _ other: IPAddress) -> Bool {
    one.isIPv4 == other.isIPv4 && (one == other || one.isUnspecified || other.isUnspecified)
  }

  /// Whether a packet to `address` would have a way to go and an address to come from.
  package func canReach(_ address: IPAddress) -> Bool {
    guard let route = route(to: address) else { return false }
    return source(for: address, by: route) != nil
  }

  /// Ends every connection with a RST, except those that only wait for the peer: it may still be reading what it was sent.
  package mutating func abortAll(at now: Instant) {
    for number in halfOpenRecords.numbers where halfOpenRecords.isPresent(number) {
      _ = resumeHandshake(number, at: now)
    }
    for slot in connections.slots where connections.isLive(slot) {
      let isHeld = connections[slot].place == .held
      switch connections[slot].connection.phase {
      case .closed, .listen, .timeWait: continue
      case .finWait2 where !isHeld: continue
      default: break
      }
      connections[slot].connection.abort(in: &environment, at: now)
      settle(slot, at: now)
    }
  }
}
