import CMartinetLinux
import Glibc

/// Packets that a hub passes on, straight from where they were received. Used by one thread at a time.
final class ForwardBox: @unchecked Sendable {
  private static let capacity = Int(MARTINET_DATAGRAM_BATCH)
  private let storage: UnsafeMutablePointer<martinet_datagram>
  private let pieces: UnsafeMutablePointer<iovec>
  private var count = 0

  init() {
    storage = .allocate(capacity: ForwardBox.capacity)
    storage.initialize(repeating: martinet_datagram(), count: ForwardBox.capacity)
    pieces = .allocate(capacity: ForwardBox.capacity)
    pieces.initialize(repeating: iovec(), count: ForwardBox.capacity)
  }

  deinit {
    storage.deallocate()
    pieces.deallocate()
  }

  var isFull: Bool { count == ForwardBox.capacity }

  /// Appends a packet, whose octets must stay until it is sent; there must be room.
  func append(_ packet: ArrivedDatagram, to peer: OuterEndpoint) {
    precondition(!isFull, "a packet is put where there is no room")
    pieces[count] = iovec(
      iov_base: UnsafeMutableRawPointer(mutating: packet.octets.baseAddress), iov_len: packet.octets.count)
    storage[count] = martinet_datagram(
      pieces: pieces + count, piece_count: 1, remote: peer.systemValue, received: 0, segment: 0)
    count += 1
  }

  var datagrams: UnsafeMutableBufferPointer<martinet_datagram> {
    UnsafeMutableBufferPointer(start: storage, count: count)
  }

  func clear() { count = 0 }
}
