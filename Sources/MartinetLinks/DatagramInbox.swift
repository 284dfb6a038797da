import CMartinetLinux

/// A datagram that came, and who sent it. Its octets stay until the inbox is filled again.
struct ArrivedDatagram {
  let octets: UnsafeRawBufferPointer
  let sender: martinet_endpoint
}

/// What a UDP socket has brought and nobody has taken yet. The kernel puts datagrams of one size from one sender together where it can
/// (UDP_GRO); here they are taken apart again. Used by one thread at a time.
final class DatagramInbox: @unchecked Sendable {
  /// The most messages of one call. Memory is touched only as far as they reach.
  private static let capacity = 32
  /// The octets of the largest message.
  private static let messageSize = 65536

  private let memory: UnsafeMutableRawPointer
  private let pieces: UnsafeMutablePointer<iovec>
  private let messages: UnsafeMutableBufferPointer<martinet_datagram>
  /// The messages that came, the one that comes next, and how much of it is taken.
  private var count = 0
  private var index = 0
  private var offset = 0

  init() {
    let capacity = DatagramInbox.capacity
    memory = .allocate(byteCount: capacity * DatagramInbox.messageSize, alignment: 4096)
    pieces = .allocate(capacity: capacity)
    messages = .allocate(capacity: capacity)
    for number in 0..<capacity {
      let room = memory + number * DatagramInbox.messageSize
      (pieces + number).initialize(to: iovec(iov_base: room, iov_len: DatagramInbox.messageSize))
      messages.initializeElement(
        at: number,
        to: martinet_datagram(
          pieces: pieces + number, piece_count: 1, remote: martinet_endpoint(), received: 0, segment: 0))
    }
  }

  deinit {
    memory.deallocate()
    pieces.deallocate()
    messages.deallocate()
  }

  /// Whether everything has been taken.
  var isEmpty: Bool { index == count }

  /// Receives what waits in `socket`; everything before must have been taken. ICMP errors are given to `evidence`.
  func fill(from socket: OuterSocket, evidence: (OuterEndpoint) -> Void) throws(LinkError) {
    (count, index, offset) = (0, 0, 0)
    count = try socket.receive(messages, evidence: evidence)
  }

  /// Takes the next datagram.
  func next() -> ArrivedDatagram? {
    guard index < count else { return nil }
    let message = messages[index]
    let size = min(Int(message.received), DatagramInbox.messageSize)
    let length = message.segment > 0 ? min(Int(message.segment), size - offset) : size
    let start = memory + index * DatagramInbox.messageSize + offset
    offset += length
    if offset >= size { (index, offset) = (index + 1, 0) }
    return ArrivedDatagram(octets: UnsafeRawBufferPointer(start: start, count: length), sender: message.remote)
  }

  /// Throws away what nobody has taken; returns how many datagrams.
  func discard() -> UInt64 {
    var number: UInt64 = 0
    while next() != nil { number += 1 }
    return number
  }
}
