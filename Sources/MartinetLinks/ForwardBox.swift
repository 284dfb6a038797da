import CMartinetLinux
import Glibc
import MartinetWire

/// Packets that a hub passes on, straight out of the pages that they were read into. Used by one thread at a time.
final class ForwardBox: @unchecked Sendable {
  private let box = DatagramBox()
  private let pieces: UnsafeMutablePointer<iovec>
  private let piecesPerPacket: Int
  private var count = 0

  /// - Parameter size: the octets of the largest packet.
  init(size: Int) {
    piecesPerPacket = (size + PagePool.pageSize - 1) / PagePool.pageSize
    pieces = .allocate(capacity: piecesPerPacket * DatagramBox.capacity)
    pieces.initialize(repeating: iovec(), count: piecesPerPacket * DatagramBox.capacity)
  }

  deinit {
    pieces.deallocate()
  }

  /// Appends the packet in `slot`, which must not change before it is sent.
  func append(_ slot: ReceiveSlot, to peer: OuterEndpoint) {
    guard count < DatagramBox.capacity else { return }
    let target = pieces + count * piecesPerPacket
    var number = 0
    slot.forEachRun { run in
      guard number < piecesPerPacket else { return }
      target[number] = iovec(iov_base: UnsafeMutableRawPointer(mutating: run.baseAddress), iov_len: run.count)
      number += 1
    }
    box.storage[count] = martinet_datagram(
      pieces: target, piece_count: Int32(number), remote: peer.systemValue, received: 0)
    count += 1
  }

  var datagrams: UnsafeMutableBufferPointer<martinet_datagram> {
    UnsafeMutableBufferPointer(start: box.storage, count: count)
  }

  func clear() { count = 0 }
}
