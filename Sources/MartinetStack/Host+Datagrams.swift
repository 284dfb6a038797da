import MartinetTCP
import MartinetWire

// The user calls on UDP endpoints (RFC 768, RFC 1122 section 4.1).
extension Host {
  /// Opens a UDP endpoint: an unspecified address means all of its family, port 0 an ephemeral port. With `sharesPort` an endpoint at one
  /// address may stand beside a wildcard of the same port that shares it, too; the one at the address wins.
  public mutating func openDatagram(
    on local: Endpoint, options: DatagramOptions? = nil, sharesPort: Bool = false, at now: Instant
  ) throws(HostError) -> DatagramHandle {
    let address = local.address
    guard address.isUnspecified || address.isLoopback || interfaces.isOurs(address) else { throw .addressNotAvailable }
    return try open(local, hearsBothFamilies: false, sharesPort: sharesPort, options: options)
  }

  /// Opens a UDP endpoint on `port` of every address of both families; 0 means an ephemeral port.
  public mutating func openDatagram(
    onPort port: UInt16, options: DatagramOptions? = nil, sharesPort: Bool = false, at now: Instant
  ) throws(HostError) -> DatagramHandle {
    try open(Endpoint(.v6(.any), port), hearsBothFamilies: true, sharesPort: sharesPort, options: options)
  }

  private mutating func open(
    _ local: Endpoint, hearsBothFamilies: Bool, sharesPort: Bool, options: DatagramOptions?
  ) throws(HostError) -> DatagramHandle {
    var defaults = DatagramOptions()
    defaults.hopLimit = configuration.hopLimit
    var endpoint = DatagramEndpoint(
      bound: local, hearsBothFamilies: hearsBothFamilies, sharesPort: sharesPort, local: local,
      options: options ?? defaults)
    if local.port == 0 {
      guard let port = ephemeralDatagramPort(local: local.address) else { throw .noPorts }
      endpoint.bound.port = port
      endpoint.local.port = port
    } else if datagramPorts.isUsed(local.port) {
      for slot in endpoints.slots where endpoints.isLive(slot) {
        if Host.conflict(endpoints[slot], endpoint) { throw .addressInUse }
      }
    }
    guard let slot = endpoints.insert(endpoint) else { throw .limitReached }
    datagramPorts.add(endpoint.bound.port)
    startHearing(slot)
    return DatagramHandle(slot: slot, generation: endpoints.generation(of: slot))
  }

  /// Whether two endpoints can't be told apart by some datagram, or did not agree to share.
  private static func conflict(_ one: DatagramEndpoint, _ other: DatagramEndpoint) -> Bool {
    guard one.bound.port == other.bound.port else { return false }
    let sameFamily = one.bound.address.isIPv4 == other.bound.address.isIPv4
    if !sameFamily && !one.hearsBothFamilies && !other.hearsBothFamilies { return false }
    let oneIsWild = one.bound.address.isUnspecified
    let otherIsWild = other.bound.address.isUnspecified
    if oneIsWild && otherIsWild { return true }
    if oneIsWild || otherIsWild { return !(one.sharesPort && other.sharesPort) }
    return one.bound.address == other.bound.address
  }

  /// Makes what comes for the endpoint find it.
  private mutating func startHearing(_ slot: UInt32) {
    let endpoint = endpoints[slot]
    hearing.set(slot, for: endpoint.key)
    if let key = endpoint.secondKey { hearing.set(slot, for: key) }
  }

  private mutating func stopHearing(_ slot: UInt32) {
    let endpoint = endpoints[slot]
    hearing.remove(endpoint.key)
    if let key = endpoint.secondKey { hearing.remove(key) }
  }

  private func contains(_ handle: DatagramHandle) -> Bool { endpoints.contains(handle.slot, handle.generation) }

  /// Makes `remote` the only endpoint that the handle hears and its default destination; nil lifts that. What waits to be read, from whomever, is
  /// lost when there is a new remote endpoint, and so is an error that was reported.
  public mutating func connect(_ handle: DatagramHandle, to remote: Endpoint?, at now: Instant) throws(HostError) {
    guard contains(handle) else { throw .doesNotExist }
    var endpoint = endpoints[handle.slot]
    endpoint.local = endpoint.bound
    endpoint.remote = remote
    if let remote {
      guard remote.port != 0, !remote.address.isUnspecified else { throw .invalidRemote }
      let way = try way(to: remote, from: endpoint)
      endpoint.local.address = way.source
      if let other = hearing.slot(of: endpoint.key), other != handle.slot { throw .addressInUse }
      discardArrived(handle.slot)
      endpoint.queue = endpoints[handle.slot].queue
      endpoint.charge = 0
      endpoint.error = nil
    }
    stopHearing(handle.slot)
    endpoints[handle.slot] = endpoint
    startHearing(handle.slot)
  }

  private mutating func discardArrived(_ slot: UInt32) {
    while let place = arrivedLinks.popFirst(of: &endpoints[slot].queue) {
      let datagram = arrived.remove(place)
      environment.pool.release(datagram.chain)
    }
  }

  /// Sends a datagram to `remote`, or to the endpoint that the handle is connected to.
  public mutating func send(_ bytes: RawSpan, to remote: Endpoint? = nil, from handle: DatagramHandle, at now: Instant)
    throws(HostError)
  {
    guard contains(handle) else { throw .doesNotExist }
    let endpoint = endpoints[handle.slot]
    guard let remote = remote ?? endpoint.remote else { throw .notConnected }
    guard remote.port != 0, !remote.address.isUnspecified else { throw .invalidRemote }
    let way = try way(to: remote, from: endpoint)
    let plan = PacketPlan(
      source: way.source, destination: remote.address, protocolNumber: IPProtocol.udp,
      trafficClass: endpoint.options.trafficClass, hopLimit: endpoint.options.hopLimit,
      dontFragment: endpoint.options.dontFragment, route: way.route)
    try check(bytes.byteCount, plan)
    guard let payload = environment.pool.chain(copying: bytes) else { throw .noMemory }
    scratch.reset()
    guard scratch.append(payload, in: &environment.pool) else {
      environment.pool.release(payload)
      throw .messageTooLong
    }
    UDPHeader(sourcePort: endpoint.bound.port, destinationPort: remote.port).encode(into: &scratch)
    scratch.completeTransportChecksum(
      source: plan.source, destination: plan.destination, protocolNumber: IPProtocol.udp)
    sendScratch(followedBy: payload, by: plan, at: now)
  }

  /// The largest datagram is bounded by the length fields of UDP and of IPv4, and by the path where it must not be cut.
  private func check(_ count: Int, _ plan: PacketPlan) throws(HostError) {
    let isIPv4 = plan.source.isIPv4
    let ipHeader = isIPv4 ? IPv4Header.minimumLength : IPv6Header.encodedLength
    let most = 65535 - UDPHeader.encodedLength - (isIPv4 ? IPv4Header.minimumLength : 0)
    guard count <= most else { throw .messageTooLong }
    let size = ipHeader + UDPHeader.encodedLength + count
    if plan.dontFragment && size > pathMTU(to: plan.destination, by: plan.route).mtu { throw .messageTooLong }
  }

  /// The route to `remote` and the address to send from.
  private func way(to remote: Endpoint, from endpoint: DatagramEndpoint) throws(HostError) -> (
    source: IPAddress, route: Route
  ) {
    guard endpoint.hears(familyOf: remote.address) else { throw .familiesDiffer }
    if interfaces.isBroadcast(remote.address) && !endpoint.options.mayBroadcast { throw .invalidRemote }
    let bound = endpoint.local.address
    let preferred = bound.isUnspecified ? nil : interfaces.interface(of: bound)
    guard let route = route(to: remote.address, preferring: preferred) else { throw .noRoute }
    if !bound.isUnspecified {
      if bound.isLoopback && route != .loopback { throw .noRoute }
      return (bound, route)
    }
    guard let source = source(for: remote.address, by: route) else { throw .noRoute }
    return (source, route)
  }

  /// Copies the oldest datagram into `target`; what does not fit is lost. Nil if there is none.
  public mutating func receive(into target: inout MutableRawSpan, from handle: DatagramHandle) -> ReceivedDatagram? {
    guard contains(handle), let place = arrivedLinks.popFirst(of: &endpoints[handle.slot].queue) else { return nil }
    let datagram = arrived.remove(place)
    endpoints[handle.slot].charge -= datagram.charge
    let length = datagram.chain.count
    let count = environment.pool.copy(datagram.chain, from: 0, into: &target)
    let received = ReceivedDatagram(
      count: count, length: length, remote: datagram.remote, local: datagram.local, trafficClass: datagram.trafficClass,
      hopLimit: datagram.hopLimit)
    environment.pool.release(datagram.chain)
    return received
  }

  /// The last error that the network reported for what the handle sent; forgets it.
  public mutating func pollError(of handle: DatagramHandle) -> DatagramError? {
    guard contains(handle) else { return nil }
    let error = endpoints[handle.slot].error
    endpoints[handle.slot].error = nil
    return error
  }

  /// Where the handle is bound; with the address of its route if it is connected.
  public func localEndpoint(of handle: DatagramHandle) -> Endpoint? {
    contains(handle) ? endpoints[handle.slot].local : nil
  }

  public func readiness(of handle: DatagramHandle) -> Readiness? {
    guard contains(handle) else { return nil }
    let endpoint = endpoints[handle.slot]
    return endpoint.queue.isEmpty && endpoint.error == nil ? .writable : [.readable, .writable]
  }

  /// Whether a datagram waits to be read, or, if those count, an error to be polled.
  package func hasArrival(for handle: DatagramHandle, countingErrors: Bool) -> Bool {
    guard contains(handle) else { return false }
    return !endpoints[handle.slot].queue.isEmpty || countingErrors && endpoints[handle.slot].error != nil
  }

  public mutating func setOptions(_ options: DatagramOptions, of handle: DatagramHandle) throws(HostError) {
    guard contains(handle) else { throw .doesNotExist }
    endpoints[handle.slot].options = options
  }

  /// Closes the endpoint; what was not read is lost.
  public mutating func close(_ handle: DatagramHandle, at now: Instant) {
    guard contains(handle) else { return }
    discardArrived(handle.slot)
    stopHearing(handle.slot)
    if endpointEvents.contains(handle.slot) { endpointEvents.remove(handle.slot, from: &eventfulEndpoints) }
    let endpoint = endpoints.remove(handle.slot)
    datagramPorts.remove(endpoint.bound.port)
  }
}
