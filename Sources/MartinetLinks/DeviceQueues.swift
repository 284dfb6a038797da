import MartinetWire

extension DeviceLink {
  /// The most queues that the kernel gives a device.
  public static let mostQueues = 256

  /// Opens device `name` with `count` queues, each a link of its own: the shards of one stack.
  ///
  /// The kernel brings the packets of a flow to the queue on which packets of it were last written. A flow of which nothing was written for three seconds, or
  /// never, comes by the queue that the kernel's own hash says.
  ///
  /// - Parameters:
  ///   - mtu: as in ``init(_:name:mtu:offload:)``.
  ///   - offload: as there.
  ///   - count: 1 to ``mostQueues``. With more than one, a device that is there must have been made for several queues.
  /// - Throws: as there; then no queue is open.
  public static func queues(
    _ kind: Kind, name: String, mtu: Int? = nil, offload: Bool? = nil, count: Int
  ) throws(LinkError) -> [DeviceLink] {
    guard (1...mostQueues).contains(count) else { throw .queuesNotOffered(name, count) }
    if count == 1 { return [try DeviceLink(kind, name: name, mtu: mtu, offload: offload)] }
    let address = newAddress()
    let first = try DeviceLink(kind, name: name, mtu: mtu, offload: offload, isOneOfSeveral: true, address: address)
    var links = [first]
    while links.count < count {
      // The queues of a device agree in what stands before each packet.
      links.append(
        try DeviceLink(kind, name: name, mtu: nil, offload: first.hasOffload, isOneOfSeveral: true, address: address))
    }
    return links
  }
}
