import CMartinetLinux
import Glibc
import MartinetWire

/// Pages that are reserved for one packet, as the system's calls want them, and what is known of the packet. Used by one thread at a time, as its batch.
package final class ReceiveSlot {
  private let pages: UnsafeMutablePointer<PageIndex>
  private let capacity: Int
  /// The pages that are not there: the first so many.
  @exclusivity(unchecked) private var missing: Int
  /// Room for what a device puts before a packet; the first of ``vectors``.
  package let header: UnsafeMutablePointer<martinet_vnet_header>
  /// The header, the first page, and the others, those that lie side by side as one: the system looks at each vector, however short a packet is.
  package let vectors: UnsafeMutablePointer<iovec>
  @exclusivity(unchecked) package private(set) var vectorCount = 0
  /// ``vectors`` hold but for the first page.
  @exclusivity(unchecked) private var isJoined = false
  /// The pages one by one.
  private let pieces: UnsafeMutablePointer<iovec>
  /// The octets that the link has put into the pages.
  @exclusivity(unchecked) package private(set) var received = 0
  @exclusivity(unchecked) package private(set) var trust = ChecksumTrust.unverified
  /// The payload octets of each segment of a train; 0 for a single packet.
  @exclusivity(unchecked) package private(set) var segmentSize: UInt16 = 0
  /// What the transport checksum lacks, if the link vouches for a packet whose checksum nobody has computed.
  @exclusivity(unchecked) package private(set) var duty = ChecksumDuty.complete

  /// - Parameter size: the octets of the largest packet.
  package init(size: Int) {
    capacity = (size + PagePool.pageSize - 1) / PagePool.pageSize
    missing = capacity
    pages = .allocate(capacity: capacity)
    pages.initialize(repeating: .none, count: capacity)
    header = .allocate(capacity: 1)
    header.initialize(to: martinet_vnet_header())
    vectors = .allocate(capacity: capacity + 1)
    vectors[0] = iovec(iov_base: header, iov_len: Int(MARTINET_VNET_HEADER))
    pieces = .allocate(capacity: capacity)
    for index in 0..<capacity {
      pieces[index] = iovec(iov_base: nil, iov_len: min(PagePool.pageSize, size - index * PagePool.pageSize))
    }
  }

  deinit {
    pages.deallocate()
    header.deallocate()
    vectors.deallocate()
    pieces.deallocate()
  }

  // MARK: Pages

  /// Takes the pages that are missing; false if the pool has not so many.
  package func reserve(from pool: inout PagePool) -> Bool {
    guard missing > 0 else { return true }
    if missing > 1 { isJoined = false }
    while missing > 0 {
      guard let run = pool.allocateRun(atMost: missing) else { return false }
      missing -= run.count
      for index in 0..<run.count {
        pages[missing + index] = run[index]
        pieces[missing + index].iov_base = pool.address(of: run[index])
      }
    }
    if !isJoined { join() }
    vectors[1] = pieces[0]
    return true
  }

  /// Makes ``vectors`` of the pages behind the first.
  private func join() {
    vectorCount = 2
    for index in 1..<max(1, capacity) {
      let last = vectorCount - 1
      if last > 1, let base = vectors[last].iov_base, base + vectors[last].iov_len == pieces[index].iov_base {
        vectors[last].iov_len += pieces[index].iov_len
      } else {
        vectors[vectorCount] = pieces[index]
        vectorCount += 1
      }
    }
    isJoined = true
  }

  /// The pages that the packet needs, with its octets counted.
  package func takePages(from pool: inout PagePool) -> PageChain {
    var chain = PageChain()
    while chain.count < received {
      let count = min(received - chain.count, Int(pieces[missing].iov_len))
      pool.append(pages[missing], count: count, to: &chain)
      missing += 1
    }
    return chain
  }

  package func release(to pool: inout PagePool) {
    for index in missing..<capacity { pool.unpin(pages[index]) }
    missing = capacity
  }

  // MARK: The packet

  /// The link has put `count` octets into the pages, of which it knows nothing.
  package func arrived(_ count: Int) {
    received = count
    trust = .unverified
    segmentSize = 0
    duty = .complete
  }

  /// The link vouches for the transport checksum, of which `duty` is still to be done.
  func vouch(_ duty: ChecksumDuty) {
    trust = .vouched
    self.duty = duty
  }

  /// The packet is a train.
  func isTrain(of size: UInt16) { segmentSize = size }

  /// The beginning of what was received: as much of it as lies in the first page.
  package var beginning: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: pieces[0].iov_base, count: min(received, Int(pieces[0].iov_len)))
  }

  /// Visits the received octets in order.
  package func forEachRun(_ body: (UnsafeRawBufferPointer) -> Void) {
    forEachRoom(upTo: received) { body(UnsafeRawBufferPointer($0)) }
  }

  /// Visits the first `count` octets of the reserved pages in order, to be filled.
  package func forEachRoom(upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
    var left = count
    for index in 0..<capacity where left > 0 {
      let length = min(left, Int(pieces[index].iov_len))
      body(UnsafeMutableRawBufferPointer(start: pieces[index].iov_base, count: length))
      left -= length
    }
  }
}
