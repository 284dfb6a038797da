import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Pages that are lent")
struct LoanTests {
  private func octets(of loan: borrowing Loan) -> [UInt8] {
    var octets: [UInt8] = []
    loan.forEachPiece { piece in piece.withUnsafeBytes { octets += $0 } }
    return octets
  }

  @Test("What is taken off a chain is lent in order, and its pages come back", arguments: 0..<40 as Range<UInt64>)
  func taken(seed: UInt64) {
    var generator = SeededGenerator(seed)
    var pool = PagePool(limit: 512)
    var chain = PageChain()
    var model: [UInt8] = []
    var held: [PageIndex] = []
    for _ in 0..<100 {
      if model.count < 200_000, Int.random(in: 0...2, using: &generator) > 0 {
        let piece = generator.octets(Int.random(in: 1...9000, using: &generator))
        var filled = pool.filledChain(piece)
        let skipped = Int.random(in: 0...(piece.count - 1), using: &generator)
        pool.removeFirst(skipped, from: &filled)
        pool.append(filled.take(), to: &chain)
        model += piece[skipped...]
        // Who holds a page between two others parts what would lie side by side.
        if Int.random(in: 0...3, using: &generator) == 0, let page = pool.allocate() { held.append(page) }
      }
      var loan = Loan()
      let limit = Int.random(in: 0...20_000, using: &generator)
      loan.take(first: limit, of: &chain, in: &pool)
      #expect(loan.count <= limit && (loan.count == min(limit, model.count) || loan.pieceCount == Loan.capacity))
      let lent = loan.count
      let rest = Int.random(in: 0...(model.count - lent), using: &generator)
      // What is removed from the chain meanwhile changes nothing of what is lent.
      pool.removeFirst(rest, from: &chain)
      #expect(octets(of: loan) == Array(model.prefix(lent)))
      pool.release(&loan)
      model.removeFirst(lent + rest)
      #expect(chain.count == model.count && pool.octets(of: chain) == model)
    }
    pool.release(chain.take())
    for page in held { pool.unpin(page) }
    #expect(pool.pagesInUse == 0)
  }

  @Test("Of room that was lent the filled pages go over and the others come back", arguments: 0...7)
  func handedOver(pages: Int) throws {
    var pool = PagePool(limit: 32)
    let allocated = pool.allocateRun(atMost: 7)
    let run = try #require(allocated)
    var loan = Loan()
    loan.append(run, count: 7 * PagePool.pageSize, in: pool)
    var kept: [PageIndex] = []
    let filled = pages == 0 ? 0 : pages * PagePool.pageSize - 5
    pool.release(&loan, behind: filled) { run in for index in 0..<run.count { kept.append(run[index]) } }
    #expect(kept == (0..<pages).map { run[$0] })
    #expect(loan.count == 0 && pool.pagesInUse == pages)
    for page in kept { pool.unpin(page) }
    #expect(pool.pagesInUse == 0)
  }

  @Test("A loan of a chain in too many pieces ends with the last that it has room for")
  func tooManyPieces() throws {
    var pool = PagePool(limit: 256)
    var chain = PageChain()
    var held: [PageIndex] = []
    for _ in 0..<(Loan.capacity + 6) {
      let pages = (pool.allocate(), pool.allocate())
      pool.append(try #require(pages.0), count: 1000, to: &chain)
      held.append(try #require(pages.1))
    }
    var loan = Loan()
    loan.take(first: .max, of: &chain, in: &pool)
    #expect(loan.pieceCount == Loan.capacity && loan.count == Loan.capacity * 1000 && chain.count == 6000)
    pool.release(&loan)
    pool.release(chain.take())
    for page in held { pool.unpin(page) }
    #expect(pool.pagesInUse == 0)
  }
}
