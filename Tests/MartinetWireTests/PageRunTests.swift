import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Pages that lie side by side")
struct PageRunTests {
  private func runs(of chain: borrowing PageChain, in pool: borrowing PagePool) -> [Int] {
    var counts: [Int] = []
    pool.forEachRun(of: chain, from: 0, count: chain.count) { counts.append($0.byteCount) }
    return counts
  }

  @Test("Pages that came back in any order are given out in order again", arguments: 0..<20 as Range<UInt64>)
  func order(seed: UInt64) {
    var generator = SeededGenerator(seed)
    var pool = PagePool(limit: 32)
    var pages: [PageIndex] = []
    while let page = pool.allocate() { pages.append(page) }
    for page in pages.shuffled(using: &generator) { pool.unpin(page) }
    let run = pool.allocateRun(atMost: 100)
    let beyond = pool.allocateRun(atMost: 1)
    #expect(run?.count == 32 && beyond == nil)
    #expect(pool.pagesInUse == 32 && pool.refusals == 2)
  }

  @Test("A run ends where a page is held, and is never longer than asked for", arguments: 1..<32)
  func interrupted(held: Int) throws {
    var pool = PagePool(limit: 32)
    var pages: [PageIndex] = []
    while let page = pool.allocate() { pages.append(page) }
    for (index, page) in pages.enumerated() where index != held { pool.unpin(page) }
    let longest = pool.allocateRun(atMost: 32)
    let first = try #require(longest)
    #expect(first.count == held && first.first == pages[0])
    if held < 31 {
      let single = pool.allocateRun(atMost: 1)
      let second = try #require(single)
      #expect(second.count == 1 && second.first == pages[held + 1])
    }
  }

  @Test("A chain over pages side by side is one run of octets, and over a gap two")
  func chains() throws {
    var generator = SeededGenerator(71)
    var pool = PagePool(limit: 64)
    let octets = generator.octets(9000)
    let whole = pool.filledChain(octets)
    #expect(runs(of: whole, in: pool) == [9000] && pool.octets(of: whole) == octets)
    pool.release(whole)
    let before = pool.filledChain([1])
    let next = pool.allocate()
    let held = try #require(next)
    pool.release(before)
    let parted = pool.filledChain(octets)
    #expect(runs(of: parted, in: pool) == [2048, 6952] && pool.octets(of: parted) == octets)
    pool.release(parted)
    pool.unpin(held)
    #expect(pool.pagesInUse == 0)
  }

  @Test("A run does not go on in memory that was taken separately")
  func chunks() {
    var pool = PagePool(limit: 64)
    let chain = pool.filledChain([UInt8](repeating: 3, count: 40 * PagePool.pageSize))
    #expect(runs(of: chain, in: pool) == [32 * PagePool.pageSize, 8 * PagePool.pageSize])
    pool.release(chain)
    #expect(pool.pagesInUse == 0)
  }

  @Test("A departure pins what lies side by side as one piece, and gives back every page of it")
  func departure() {
    var generator = SeededGenerator(72)
    var pool = PagePool(limit: 32)
    let octets = generator.octets(9000)
    let chain = pool.filledChain(octets)
    var departure = Departure()
    let hasRoom = departure.append(chain, in: &pool)
    #expect(hasRoom && departure.rangeCount == 1 && departure.payloadCount == 9000 && departure.octets == octets)
    pool.release(chain)
    #expect(pool.pagesInUse == 5)
    departure.release(to: &pool)
    #expect(pool.pagesInUse == 0)
  }

  @Test("A chain in too many pieces leaves a departure as it was, to the last octet of its last piece")
  func tooManyPieces() throws {
    var generator = SeededGenerator(73)
    var pool = PagePool(limit: 128)
    let octets = generator.octets(2 * PagePool.pageSize)
    var chain = pool.filledChain(octets)
    var departure = Departure()
    let hasRoom = departure.append(chain, in: &pool)
    #expect(hasRoom && departure.rangeCount == 1)
    // Behind the first page, which goes on where the departure ends, each lies apart from the one before.
    var held: [PageIndex] = []
    var more = PageChain()
    for _ in 0...Departure.rangeCapacity {
      let pages = (pool.allocate(), pool.allocate())
      pool.append(try #require(pages.0), count: PagePool.pageSize, to: &more)
      held.append(try #require(pages.1))
    }
    let inUse = pool.pagesInUse
    let isRefused = !departure.append(more, in: &pool)
    #expect(isRefused && departure.rangeCount == 1 && departure.octets == octets && pool.pagesInUse == inUse)
    pool.release(more.take())
    for page in held { pool.unpin(page) }
    pool.release(chain.take())
    departure.release(to: &pool)
    #expect(pool.pagesInUse == 0)
  }
}
