import CMartinetLinux
import Glibc
import MartinetLinks
import MartinetWire
import Testing

@Suite("The room for one packet")
struct ReceiveSlotTests {
  private static let size = 65553

  /// The octets of the vectors behind the header, filled through the pages one by one.
  private func fill(_ slot: ReceiveSlot) -> [UInt8] {
    var number = 0
    slot.forEachRoom(upTo: ReceiveSlotTests.size) { room in
      for index in room.indices {
        room[index] = UInt8(truncatingIfNeeded: number % 251)
        number += 1
      }
    }
    return (1..<slot.vectorCount).flatMap { index in
      Array(UnsafeRawBufferPointer(start: slot.vectors[index].iov_base, count: slot.vectors[index].iov_len))
    }
  }

  private func expectWhole(_ slot: ReceiveSlot) {
    #expect(slot.vectors[0].iov_base == UnsafeMutableRawPointer(slot.header))
    #expect(fill(slot) == (0..<ReceiveSlotTests.size).map { UInt8(truncatingIfNeeded: $0 % 251) })
  }

  @Test("Pages that lie side by side are one vector, and small packets leave it so")
  func joins() {
    var pool = PagePool(limit: 256)
    let slot = ReceiveSlot(size: ReceiveSlotTests.size)
    let isReserved = slot.reserve(from: &pool)
    #expect(isReserved)
    let count = slot.vectorCount
    #expect(count <= 4)
    expectWhole(slot)
    for _ in 0..<10 {
      slot.append(UInt8(7), count: 100)
      let chain = slot.takePages(from: &pool)
      #expect(chain.count == 100)
      let isReservedAgain = slot.reserve(from: &pool)
      #expect(isReservedAgain)
      pool.release(chain)
      #expect(slot.vectorCount == count)
      expectWhole(slot)
    }
    slot.release(to: &pool)
    #expect(pool.pagesInUse == 0)
  }

  @Test("Pages that lie apart are vectors of their own, whatever the packets were")
  func apart() {
    var pool = PagePool(limit: 256)
    let slot = ReceiveSlot(size: ReceiveSlotTests.size)
    var held: [PageIndex] = []
    for round in 0..<8 {
      let isReserved = slot.reserve(from: &pool)
      #expect(isReserved)
      expectWhole(slot)
      slot.append(UInt8(7), count: round * 9000 + 1)
      let chain = slot.takePages(from: &pool)
      // Others take pages, too.
      if let page = pool.allocate() { held.append(page) }
      pool.release(chain)
    }
    slot.release(to: &pool)
    for page in held { pool.unpin(page) }
    #expect(pool.pagesInUse == 0)
  }

  @Test("A slot that the pool could not fill is whole once it could")
  func partly() {
    var pool = PagePool(limit: 64)
    var held: [PageIndex] = []
    while pool.pagesInUse < 59, let page = pool.allocate() { held.append(page) }
    let slot = ReceiveSlot(size: ReceiveSlotTests.size)
    let isReserved = slot.reserve(from: &pool)
    #expect(!isReserved)
    for page in held { pool.unpin(page) }
    let isReservedAgain = slot.reserve(from: &pool)
    #expect(isReservedAgain)
    expectWhole(slot)
    slot.release(to: &pool)
    #expect(pool.pagesInUse == 0)
  }
}

extension ReceiveSlot {
  /// As if a link had put `count` octets there.
  fileprivate func append(_ octet: UInt8, count: Int) {
    forEachRoom(upTo: count) { room in room.initializeMemory(as: UInt8.self, repeating: octet) }
    arrived(count)
  }
}
