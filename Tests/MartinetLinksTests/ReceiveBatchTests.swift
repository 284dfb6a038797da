import MartinetLinks
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Room for the packets of one wake-up")
struct ReceiveBatchTests {
  private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13) } }

  /// Lets slot `index` read `packet`.
  private func read(_ packet: [UInt8], into index: Int, of batch: ReceiveBatch) {
    var position = 0
    batch.slots[index].forEachRoom(upTo: packet.count) { room in
      room.copyBytes(from: packet[position..<position + room.count])
      position += room.count
    }
    batch.slots[index].arrived(packet.count)
  }

  private func take(_ index: Int, of batch: ReceiveBatch, from pool: inout PagePool) -> [UInt8] {
    let packet = batch.take(index, from: &pool)
    var octets = [UInt8](repeating: 0, count: packet.chain.count)
    octets.withMutableOctets(0..<octets.count) { target in _ = pool.copy(packet.chain, from: 0, into: &target) }
    pool.release(packet.chain)
    return octets
  }

  @Test("Slots that were taken get new pages; where there are not enough for all, those that have theirs come first")
  func exhaustion() {
    var pool = PagePool(limit: 10)
    let batch = ReceiveBatch(packets: 3, size: 3 * PagePool.pageSize)
    batch.reserve(from: &pool)
    #expect(batch.room == 3)
    var others: [PageIndex] = []
    while let page = pool.allocate() { others.append(page) }
    for index in 0..<2 { read(pattern(5000), into: index, of: batch) }
    batch.finish(2, octets: 10_000)
    let first = batch.take(0, from: &pool)
    let second = batch.take(1, from: &pool)
    batch.reserve(from: &pool)
    #expect(batch.room == 1)
    read([1, 2, 3], into: 0, of: batch)
    batch.finish(1, octets: 3)
    #expect(take(0, of: batch, from: &pool) == [1, 2, 3])
    pool.release(first.chain)
    pool.release(second.chain)
    for page in others { pool.unpin(page) }
    batch.reserve(from: &pool)
    #expect(batch.room == 3)
    batch.release(to: &pool)
    #expect(pool.pagesInUse == 0)
  }

  @Test("A link may have more where all slots are full, or a million octets were read")
  func more() {
    var pool = PagePool(limit: 128)
    let batch = ReceiveBatch(packets: 2, size: 65535)
    batch.reserve(from: &pool)
    #expect(!batch.mayHaveMore && batch.takesMore(1, octets: 1_000_000) && !batch.takesMore(2, octets: 2))
    #expect(!batch.takesMore(1, octets: 1 << 20))
    read([1], into: 0, of: batch)
    batch.finish(1, octets: 1)
    #expect(!batch.mayHaveMore)
    batch.finish(1, octets: 1 << 20)
    #expect(batch.mayHaveMore)
    batch.filter { _ in false }
    #expect(!batch.mayHaveMore)
    batch.reserve(from: &pool)
    read([1], into: 0, of: batch)
    batch.finish(1, octets: 1 << 20)
    _ = take(0, of: batch, from: &pool)
    #expect(!batch.mayHaveMore)
    batch.reserve(from: &pool)
    batch.append([1].span.bytes)
    batch.append([2].span.bytes)
    #expect(batch.mayHaveMore)
  }
}
