import MartinetLinks
import MartinetWire

/// Writes packets that lie in memory to a link, in a departure and with pages of its own.
struct PacketWriter: ~Copyable {
  private var departure = Departure()
  /// The largest packet, and a page to spare.
  private var pool = PagePool(limit: 65_600 / PagePool.pageSize + 2)

  /// Writes a packet with its link header. Its beginning stands in the departure's header, where a hub looks for the addresses.
  mutating func write(_ packet: RawSpan, to link: any Link) throws(LinkError) -> LinkWrite {
    defer { departure.release(to: &pool) }
    let beginning = packet.extracting(first: min(packet.byteCount, Departure.headerCapacity))
    departure.headerStart = 0
    departure.headerEnd = beginning.byteCount
    departure.withHeaderBytes { $0.copy(beginning, at: 0) }
    if packet.byteCount > beginning.byteCount {
      guard let chain = pool.chain(copying: packet.extracting(droppingFirst: beginning.byteCount)) else {
        return .dropped(.noMemory)
      }
      let isComplete = departure.append(chain, in: &pool)
      pool.release(chain)
      guard isComplete else { return .dropped(.tooLarge) }
    }
    return try link.write(departure)
  }
}
