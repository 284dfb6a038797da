import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

// Ports and listeners of a stack of several shards. The first shard keeps the reservations; a listener stands in every shard.
extension StackCore {
  /// How many ports are proposed before there is none.
  private static let proposals = 65536

  /// Holds a local address and port that are free in every shard.
  func reserveInAll(
    _ local: Endpoint, sharesTimeWait: Bool, _ calls: ShardCalls
  ) throws(HostError) -> PortReservation {
    try calls.binding.withLock { _ throws(HostError) in
      for _ in 0..<StackCore.proposals {
        let proposal = try turn { host, _, _ throws(HostError) in
          try host.bindable(local, sharesTimeWait: sharesTimeWait)
        }
        if try hold(proposal, sharesTimeWait: sharesTimeWait) { return PortReservation(local: proposal) }
        if local.port != 0 { throw .addressInUse }
      }
      throw .noPorts
    }
  }

  /// Holds `local` in every shard, if no socket holds it and no shard has a use for it.
  private func hold(_ local: Endpoint, sharesTimeWait: Bool) throws(HostError) -> Bool {
    if turn({ _, notices, _ in notices.reservations.conflicts(with: local) }) { return false }
    for shard in 0..<shardCount {
      do throws(HostError) {
        try turn(in: shard) { host, _, _ throws(HostError) in
          _ = try host.bindable(local, sharesTimeWait: sharesTimeWait)
          host.hold(local.port)
        }
      } catch {
        for other in 0..<shard { turn(in: other) { host, _, _ in host.letGo(local.port) } }
        if error == .addressInUse { return false }
        throw error
      }
    }
    turn { _, notices, _ in notices.reservations.add(local) }
    return true
  }

  /// Listens in every shard, each with its part of the backlog; the first one chooses the port.
  func listenInAll(
    on binding: ListenerBinding, backlog: Int, options: ConnectionOptions, refusesWhenFull: Bool?, _ calls: ShardCalls
  ) throws(HostError) -> (listener: StackListener, local: Endpoint) {
    try calls.binding.withLock { _ throws(HostError) in
      var handles: [ListenerHandle] = []
      var binding = binding
      do throws(HostError) {
        for shard in 0..<shardCount {
          let part = HostConfiguration.part(shard, of: backlog, among: shardCount)
          let (handle, local) = try listen(
            in: shard, on: binding, backlog: part, options: options, refusesWhenFull: refusesWhenFull)
          handles.append(handle)
          binding = binding.at(local.port)
        }
      } catch {
        for (shard, handle) in handles.enumerated() { close(handle, in: shard) }
        throw error
      }
      guard let local = turn({ host, _, _ in host.localEndpoint(of: handles[0]) }) else { throw .doesNotExist }
      return (StackListener(handles: handles, bell: ShardBell(calls)), local)
    }
  }

  /// Begins an active open in the shard whose turn it is, with a port that makes the flow that shard's; from an address and port that were
  /// reserved, in the shard that owns the flow.
  func connectInOne(
    to remote: Endpoint, from reservation: PortReservation?, options: ConnectionOptions,
    sending source: UnsafeRawBufferPointer, _ calls: ShardCalls
  ) throws(HostError) -> (handle: ConnectionHandle, accepted: Int) {
    func open(in shard: Int, from local: Endpoint?) throws(HostError) -> (handle: ConnectionHandle, accepted: Int) {
      try turn(in: shard) { host, _, now throws(HostError) in
        try host.connect(to: remote, from: local, options: options, sending: source.bytes, at: now)
      }
    }
    guard let reservation else {
      let first = calls.nextShard()
      for offset in 0..<(shardCount - 1) {
        do throws(HostError) {
          return try open(in: (first + offset) % shardCount, from: nil)
        } catch .noPorts {
          continue
        }
      }
      return try open(in: (first + shardCount - 1) % shardCount, from: nil)
    }
    var local = reservation.local
    if local.address.isUnspecified && local.address.isIPv4 == remote.address.isIPv4,
      let address = localAddress(for: remote.address)
    {
      local.address = address
    }
    let opened = try open(in: calls.steering.owner(of: FlowKey(local: local, remote: remote)), from: local)
    release(reservation)
    return opened
  }
}

extension ListenerBinding {
  fileprivate func at(_ port: UInt16) -> ListenerBinding {
    switch self {
    case .endpoint(let endpoint): .endpoint(Endpoint(endpoint.address, port))
    case .port: .port(port)
    }
  }
}
