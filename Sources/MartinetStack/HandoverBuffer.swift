import MartinetWire

/// Copies of packets that came in by the queue of another shard than their owner's, in the order of their coming. It has a bound and takes no memory for a packet.
package struct HandoverBuffer: Sendable {
  /// A packet of the buffer, without its octets.
  package struct Note: Sendable {
    package var interface: UInt16
    package var trust: ChecksumTrust
    /// The payload octets of each segment of a train; 0 for a single packet.
    package var segmentSize: UInt16
    /// Whether it was put together from fragments: it has no header of the link.
    package var isReassembled: Bool

    package init(interface: UInt16, trust: ChecksumTrust, segmentSize: UInt16, isReassembled: Bool = false) {
      self.interface = interface
      self.trust = trust
      self.segmentSize = segmentSize
      self.isReassembled = isReassembled
    }
  }

  private struct Entry {
    var note: Note
    var range: Range<Int>
  }

  /// What the smallest packet counts for at least, so that small ones are bounded as well.
  private static let leastOctets = 64

  private var octets: [UInt8]
  private var entries: [Entry] = []
  private var used = 0

  /// - Parameter capacity: the most octets of all packets together.
  package init(capacity: Int) {
    octets = Array(repeating: 0, count: capacity)
    entries.reserveCapacity(capacity / HandoverBuffer.leastOctets)
  }

  package var count: Int { entries.count }
  package var isEmpty: Bool { entries.isEmpty }

  /// Puts a packet of `count` octets behind the others, which `fill` writes; false if there is no room for it.
  package mutating func append(_ note: Note, count: Int, _ fill: (inout MutableRawSpan) -> Void) -> Bool {
    let room = max(count, HandoverBuffer.leastOctets)
    guard count > 0, room <= octets.count - used else { return false }
    octets.withMutableOctets(used..<used + count, fill)
    entries.append(Entry(note: note, range: used..<used + count))
    used += room
    return true
  }

  /// Visits the packet with number `index`.
  package func withPacket<Result>(_ index: Int, _ body: (Note, RawSpan) -> Result) -> Result {
    octets.withOctets(entries[index].range) { body(entries[index].note, $0) }
  }

  /// Forgets all packets.
  package mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    used = 0
  }
}
