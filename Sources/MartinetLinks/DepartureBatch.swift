import CMartinetLinux
import Glibc
import MartinetWire

/// Packets on their way out: filled and released under the host's lock, written outside it. Used by one thread at a time.
public final class DepartureBatch: @unchecked Sendable {
  /// The most packets of a batch.
  public let capacity: Int
  /// The packets in the batch.
  @exclusivity(unchecked) public private(set) var count = 0
  private let storage: UnsafeMutablePointer<Departure>
  /// Room for the pieces of every packet, and for its datagram, for links that write many packets with one call.
  private let pieces: UnsafeMutablePointer<iovec>
  private let datagrams: UnsafeMutablePointer<martinet_datagram>
  static let piecesPerDeparture = Departure.rangeCapacity + 1

  public init(capacity: Int) {
    precondition(capacity > 0, "a batch has room for at least one packet")
    self.capacity = capacity
    storage = .allocate(capacity: capacity)
    for index in 0..<capacity {
      (storage + index).initialize(to: Departure())
    }
    pieces = .allocate(capacity: capacity * DepartureBatch.piecesPerDeparture)
    pieces.initialize(repeating: iovec(), count: capacity * DepartureBatch.piecesPerDeparture)
    datagrams = .allocate(capacity: capacity)
    datagrams.initialize(repeating: martinet_datagram(), count: capacity)
  }

  deinit {
    storage.deinitialize(count: capacity)
    storage.deallocate()
    pieces.deallocate()
    datagrams.deallocate()
  }

  /// Appends packets until `next` returns false or the batch is full; returns whether it is full.
  @discardableResult
  public func fill(_ next: (inout Departure) -> Bool) -> Bool {
    while count < capacity {
      if !next(&storage[count]) { return false }
      count += 1
    }
    return true
  }

  /// Gives `body` the packet with number `index`.
  public func withDeparture<Result, Failure: Error>(
    _ index: Int, _ body: (borrowing Departure) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(index >= 0 && index < count, "a departure is read that is not there")
    return try body(storage[index])
  }

  /// Gives every packet to `body`, which must release it, and empties the batch.
  public func release(_ body: (inout Departure) -> Void) {
    for index in 0..<count {
      body(&storage[index])
    }
    count = 0
  }

  /// Makes packet `index` a datagram to `peer`; `place` is its number among the batch's datagrams.
  func makeDatagram(of index: Int, at place: Int, to peer: martinet_endpoint) {
    let target = pieces + index * DepartureBatch.piecesPerDeparture
    // The storage never moves, so that the header's address outlives the access.
    let header = withUnsafeMutableBytes(of: &storage[index].header) { $0.baseAddress }
    let number = storage[index].gather(header: header, into: target)
    datagrams[place] = martinet_datagram(
      pieces: target, piece_count: Int32(number), remote: peer, received: 0, segment: 0)
  }

  /// The number of the packet that became the datagram at `place`.
  func packet(ofDatagram place: Int) -> Int {
    datagrams[place].pieces.map { ($0 - pieces) / DepartureBatch.piecesPerDeparture } ?? 0
  }

  /// The datagrams with the places of `range`.
  func datagrams(_ range: Range<Int>) -> UnsafeMutableBufferPointer<martinet_datagram> {
    UnsafeMutableBufferPointer(start: datagrams + range.lowerBound, count: range.count)
  }
}

extension Departure {
  /// Writes header and payload runs as pieces into `target`, which has room for all, and returns their number.
  fileprivate func gather(header: UnsafeMutableRawPointer?, into target: UnsafeMutablePointer<iovec>) -> Int {
    target[0] = iovec(iov_base: header.map { $0 + headerStart }, iov_len: headerEnd - headerStart)
    var number = 1
    forEachPayloadRun { run in
      // The pages are pinned: the run's address outlives the visit.
      run.withUnsafeBytes { bytes in
        target[number] = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
      }
      number += 1
    }
    return number
  }

  /// Gives `body` the pieces of the packet for one gathered call, with `prefix` before them if there is one.
  func withPieces<Result>(
    behind prefix: UnsafeMutableRawBufferPointer? = nil, _ body: (UnsafeMutableBufferPointer<iovec>) -> Result
  ) -> Result {
    withUnsafeTemporaryAllocation(of: iovec.self, capacity: DepartureBatch.piecesPerDeparture + 1) { pieces in
      header.span.withUnsafeBytes { bytes in
        let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        let number = gather(header: start, into: pieces.baseAddress! + 1)
        pieces[0] = iovec(iov_base: prefix?.baseAddress, iov_len: prefix?.count ?? 0)
        return body(UnsafeMutableBufferPointer(rebasing: pieces[(prefix == nil ? 1 : 0)...number]))
      }
    }
  }
}
