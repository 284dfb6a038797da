import CMartinetLinux

/// The headers of a batch of datagrams, kept from call to call. Used by one thread at a time.
final class DatagramBox: @unchecked Sendable {
  static let capacity = Int(MARTINET_DATAGRAM_BATCH)
  let storage: UnsafeMutablePointer<martinet_datagram>

  init() {
    storage = .allocate(capacity: DatagramBox.capacity)
    storage.initialize(repeating: martinet_datagram(), count: DatagramBox.capacity)
  }

  deinit {
    storage.deallocate()
  }

  /// Datagrams that are received into the reserved slots of `batch`, in their order.
  func prepare(_ batch: ReceiveBatch) -> UnsafeMutableBufferPointer<martinet_datagram> {
    let count = min(batch.reserved, DatagramBox.capacity)
    for index in 0..<count {
      storage[index].pieces = batch.slots[index].pieces
      storage[index].piece_count = Int32(batch.slots[index].pieceCount)
    }
    return UnsafeMutableBufferPointer(start: storage, count: count)
  }
}
