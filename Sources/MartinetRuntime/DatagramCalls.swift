import MartinetStack
import MartinetTCP
import MartinetWire

/// Where a UDP endpoint is bound.
package enum DatagramBinding: Sendable {
  case endpoint(Endpoint)
  /// Every address of both families.
  case port(UInt16)
}

/// What a UDP endpoint has for its reader.
package enum DatagramArrival: Sendable {
  case datagram(ReceivedDatagram)
  /// The network reported an error for something that was sent.
  case error(DatagramError)
  case nothing
}

/// The calls on UDP endpoints.
extension StackCore {
  /// Opens an endpoint; returns it and what it is bound to.
  package func openDatagram(
    on binding: DatagramBinding, options: DatagramOptions?, sharesPort: Bool = false
  ) throws(HostError) -> (handle: DatagramHandle, local: Endpoint) {
    try turn { host, _, now throws(HostError) in
      let handle =
        switch binding {
        case .endpoint(let endpoint):
          try host.openDatagram(on: endpoint, options: options, sharesPort: sharesPort, at: now)
        case .port(let port): try host.openDatagram(onPort: port, options: options, sharesPort: sharesPort, at: now)
        }
      guard let local = host.localEndpoint(of: handle) else { throw .doesNotExist }
      return (handle, local)
    }
  }

  /// Makes `remote` the only one that is heard, nil everybody again. Returns the local end, with the address of the route while there is a remote one.
  package func connect(_ handle: DatagramHandle, to remote: Endpoint?) throws(HostError) -> Endpoint {
    try turn { host, _, now throws(HostError) in
      try host.connect(handle, to: remote, at: now)
      guard let local = host.localEndpoint(of: handle) else { throw .doesNotExist }
      return local
    }
  }

  /// Sends one datagram, to the endpoint that the handle is connected to if `remote` is nil.
  package func send(_ bytes: UnsafeRawBufferPointer, to remote: Endpoint?, from handle: DatagramHandle)
    throws(HostError)
  {
    try turn { host, _, now throws(HostError) in
      try host.send(bytes.bytes, to: remote, from: handle, at: now)
    }
  }

  /// Takes the error that the network reported last, if `takesErrors`, or else the oldest datagram: what of it does not fit is lost. With nothing there,
  /// `waiter` is registered.
  package func receive(
    into target: UnsafeMutableRawBufferPointer, from handle: DatagramHandle, takesErrors: Bool,
    otherwise waiter: Waiter?
  ) throws(HostError) -> DatagramArrival {
    try turn { host, notices, _ throws(HostError) in
      guard host.readiness(of: handle) != nil else { throw .doesNotExist }
      var arrival = DatagramArrival.nothing
      var span = target.mutableBytes
      if takesErrors, let error = host.pollError(of: handle) {
        arrival = .error(error)
      } else if let datagram = host.receive(into: &span, from: handle) {
        arrival = .datagram(datagram)
      }
      if case .nothing = arrival {
        if let waiter {
          notices.datagrams.add(waiter, to: .input, slot: handle.slot, generation: handle.generation)
        }
      } else if host.hasArrival(for: handle, countingErrors: takesErrors) {
        notices.datagrams.takeFirst(
          .input, slot: handle.slot, generation: handle.generation, into: &notices.fired)
      }
      return arrival
    }
  }

  /// Takes the error that the network reported last for what the handle sent.
  package func pollError(of handle: DatagramHandle) -> DatagramError? {
    turn { host, _, _ in host.pollError(of: handle) }
  }

  package func setOptions(_ options: DatagramOptions, of handle: DatagramHandle) throws(HostError) {
    try turn { host, _, _ throws(HostError) in try host.setOptions(options, of: handle) }
  }

  /// Cancels a registration; false if the waiter was taken out to be fired.
  package func cancel(_ waiter: Waiter, on handle: DatagramHandle) -> Bool {
    turn { _, notices, _ in notices.datagrams.remove(waiter, from: .input, slot: handle.slot) }
  }

  /// Closes the endpoint; everybody who waits for a datagram is fired.
  package func close(_ handle: DatagramHandle) {
    turn { host, notices, now in
      host.close(handle, at: now)
      notices.datagrams.takeAll(slot: handle.slot, generation: handle.generation, into: &notices.fired)
    }
  }

  /// The address that a packet to `address` would come from; nil if no route leads there.
  package func localAddress(for address: IPAddress) -> IPAddress? {
    turn { host, _, _ in host.localAddress(for: address) }
  }
}
