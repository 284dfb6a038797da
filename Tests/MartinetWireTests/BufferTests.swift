import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Pages and chains")
struct BufferTests {
  @Test("The pool gives its pages out once, refuses beyond its limit and counts that")
  func limit() {
    var pool = PagePool(limit: 40)
    #expect(pool.limit == 64)
    var pages: [PageIndex] = []
    while let page = pool.allocate() { pages.append(page) }
    #expect(pages.count == 64 && Set(pages.map(\.rawValue)).count == 64)
    #expect(pool.pagesInUse == 64 && pool.refusals == 1)
    let chain = pool.allocateChain(capacity: 1) == nil
    #expect(chain && pool.refusals == 2)
    for page in pages { pool.unpin(page) }
    #expect(pool.pagesInUse == 0)
  }

  @Test("A page that is held twice is given back with its last holder")
  func references() {
    var pool = PagePool(limit: 32)
    guard let page = pool.allocate() else {
      Issue.record("an empty pool has no page")
      return
    }
    pool.pin(page)
    pool.unpin(page)
    #expect(pool.pagesInUse == 1)
    pool.unpin(page)
    #expect(pool.pagesInUse == 0)
  }

  @Test("A chain that does not fit takes nothing")
  func partialAllocation() {
    var pool = PagePool(limit: 32)
    let isRefused = pool.allocateChain(capacity: 33 * PagePool.pageSize) == nil
    #expect(isRefused && pool.pagesInUse == 0 && pool.refusals == 1)
    let empty = pool.filledChain([])
    #expect(empty.isEmpty && pool.pagesInUse == 0)
    pool.release(empty)
  }

  @Test("A chain holds what was copied into it", arguments: [1, 2047, 2048, 2049, 4096, 10_000])
  func copies(count: Int) {
    var generator = SeededGenerator(70)
    var pool = PagePool(limit: 32)
    let octets = generator.octets(count)
    let chain = pool.filledChain(octets)
    #expect(chain.count == count && pool.octets(of: chain) == octets)
    #expect(pool.pagesInUse == (count + 2047) / 2048)
    let first = pool.withFirstBytes(of: chain) { $0.byteCount }
    #expect(first == min(count, PagePool.pageSize))
    pool.release(chain)
    #expect(pool.pagesInUse == 0)
  }

  @Test("Chains behave like arrays whatever is done to them, and leak nothing", arguments: 0..<60 as Range<UInt64>)
  func model(seed: UInt64) {
    var generator = SeededGenerator(seed)
    var pool = PagePool(limit: 256)
    var chain = PageChain()
    var model: [UInt8] = []
    for _ in 0..<80 {
      switch Int.random(in: 0..<6, using: &generator) {
      case 0...2:
        let sizes = [0, 1, 5, 100, 511, 512, 513, 1460, 2048, 3000]
        let octets = generator.octets(sizes.randomElement(using: &generator) ?? 0)
        var tail = pool.filledChain(octets)
        let skipped = Int.random(in: 0...octets.count, using: &generator)
        if Bool.random(using: &generator) {
          pool.removeFirst(skipped, from: &tail)
          model += octets.dropFirst(skipped)
        } else {
          pool.keepFirst(skipped, of: &tail)
          model += octets.prefix(skipped)
        }
        pool.append(tail, to: &chain)
      case 3:
        let count = Int.random(in: 0...model.count, using: &generator)
        pool.removeFirst(count, from: &chain)
        model.removeFirst(count)
      case 4:
        let count = Int.random(in: model.count / 2...model.count, using: &generator)
        pool.keepFirst(count, of: &chain)
        model.removeLast(model.count - count)
      default:
        let from = Int.random(in: 0...model.count, using: &generator)
        let copy = pool.copy(of: chain, from: from) ?? PageChain()
        #expect(pool.octets(of: copy) == Array(model.dropFirst(from)))
        pool.release(copy)
      }
      #expect(chain.count == model.count && chain.isEmpty == model.isEmpty)
      #expect(pool.octets(of: chain) == model)
    }
    pool.release(chain)
    #expect(pool.pagesInUse == 0)
  }

  @Test("Small pieces are packed into the room of the last page, so that tiny segments do not each hold one")
  func packing() {
    var pool = PagePool(limit: 32)
    var chain = PageChain()
    for index in 0..<2048 { pool.append(pool.filledChain([UInt8(truncatingIfNeeded: index)]), to: &chain) }
    #expect(chain.count == 2048 && pool.pagesInUse == 1)
    pool.append(pool.filledChain([1]), to: &chain)
    #expect(pool.pagesInUse == 2)
    pool.release(chain)
  }

  @Test("Nothing is packed into a page that somebody else holds")
  func noPackingIntoPinnedPages() {
    var pool = PagePool(limit: 32)
    var chain = pool.filledChain([1, 2, 3])
    let page = chain.firstPage
    pool.pin(page)
    pool.append(pool.filledChain([4]), to: &chain)
    #expect(pool.pagesInUse == 2 && pool.octets(of: chain) == [1, 2, 3, 4])
    pool.unpin(page)
    pool.release(chain)
    #expect(pool.pagesInUse == 0)
  }

  @Test("The runs of a range are its octets in order", arguments: 0..<20 as Range<UInt64>)
  func runs(seed: UInt64) {
    var generator = SeededGenerator(seed)
    var pool = PagePool(limit: 64)
    let octets = generator.octets(Int.random(in: 1...9000, using: &generator))
    let chain = pool.filledChain(octets)
    for _ in 0..<20 {
      let offset = Int.random(in: 0...octets.count, using: &generator)
      let count = Int.random(in: 0...octets.count + 5, using: &generator)
      var seen: [UInt8] = []
      pool.forEachRun(of: chain, from: offset, count: count) { seen.append($0) }
      #expect(seen == Array(octets.dropFirst(offset).prefix(count)))
    }
    pool.release(chain)
  }

  @Test("The leading octets of scattered chains are gathered")
  func leadingBytes() {
    var generator = SeededGenerator(71)
    var pool = PagePool(limit: 32)
    var chain = PageChain()
    let octets = generator.octets(1200)
    // Pieces too large to be packed, cut down afterwards.
    for start in stride(from: 0, to: 1200, by: 100) {
      var piece = pool.filledChain(Array(octets[start..<start + 100]) + [UInt8](repeating: 0, count: 600))
      pool.keepFirst(100, of: &piece)
      let pinned = piece.firstPage
      pool.pin(pinned)
      pool.append(piece, to: &chain)
      pool.unpin(pinned)
    }
    for count in [0, 1, 60, 150, 256, 5000] {
      let leading = pool.withLeadingBytes(of: chain, count: count) { (bytes) -> [UInt8] in
        var copy: [UInt8] = []
        copy.append(bytes)
        return copy
      }
      #expect(leading.count >= min(count, PagePool.gatherCapacity))
      #expect(leading == Array(octets.prefix(leading.count)))
    }
    pool.release(chain)
  }

  @Test("A page is written and read where one says")
  func pages() {
    var pool = PagePool(limit: 32)
    guard let page = pool.allocate() else {
      Issue.record("an empty pool has no page")
      return
    }
    [9, 8, 7].withOctets(0..<3) { pool.write($0, to: page, at: 2045) }
    let last = pool.withBytes(of: page, 2046..<2048) { [$0.uint8(at: 0), $0.uint8(at: 1)] }
    #expect(last == [8, 7])
    pool.unpin(page)
  }
}
