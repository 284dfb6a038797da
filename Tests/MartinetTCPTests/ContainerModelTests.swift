import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Ranges, queues and buffers against simple models")
struct ContainerModelTests {
  private func runs(of model: [Bool], base: SequenceNumber) -> [SequenceRange] {
    var result: [SequenceRange] = []
    var start: Int?
    for number in 0...model.count {
      let isSet = number < model.count && model[number]
      if isSet && start == nil { start = number }
      if !isSet, let low = start {
        result.append(SequenceRange(from: base + low, upTo: base + number))
        start = nil
      }
    }
    return result
  }

  @Test("A ring buffer is an array that is cheap at both ends", arguments: 1...10)
  func ringBuffer(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var ring = RingBuffer<Int>()
    var model: [Int] = []
    for step in 0..<2000 {
      switch generator.number(0...9) {
      case 0...3:
        ring.append(step)
        model.append(step)
      case 4, 5:
        let index = generator.number(0...model.count)
        ring.insert(step, at: index)
        model.insert(step, at: index)
      case 6:
        guard !model.isEmpty else { continue }
        let index = generator.number(0...(model.count - 1))
        ring[index] = -step
        model[index] = -step
      case 7, 8:
        let count = generator.number(0...min(5, model.count))
        ring.removeFirst(count)
        model.removeFirst(count)
      default:
        guard generator.number(0...50) == 0 else { continue }
        ring.removeAll()
        model.removeAll()
      }
      #expect(ring.count == model.count)
      if !model.isEmpty { #expect(ring[model.count - 1] == model[model.count - 1] && ring[0] == model[0]) }
    }
    #expect((0..<ring.count).map { ring[$0] } == model)
  }

  @Test("The send queue gives back the octets that were written, from anywhere", arguments: 1...20)
  func sendQueue(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var pool = PagePool(limit: 32)
    var queue = SendQueue()
    var model: [UInt8] = []
    var departure = Departure()
    for step in 0..<300 {
      switch generator.number(0...2) {
      case 0:
        let octets = (0..<generator.number(0...9000)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ step) }
        let taken = queue.append(octets.span.bytes, to: &pool)
        #expect(taken == octets.count || pool.pagesInUse == pool.limit)
        model += octets[..<taken]
      case 1:
        let count = generator.number(0...model.count)
        queue.removeFirst(count, in: &pool)
        model.removeFirst(count)
      default:
        let offset = generator.number(0...model.count)
        let length = generator.number(0...min(20000, model.count - offset))
        #expect(queue.gather(from: offset, length: length, into: &departure, in: &pool) == length)
        var octets: [UInt8] = []
        departure.forEachPayloadRun { run in
          for index in 0..<run.byteCount { octets.append(run.unsafeLoad(fromByteOffset: index, as: UInt8.self)) }
        }
        #expect(octets.elementsEqual(model[offset..<(offset + length)]))
        departure.release(to: &pool)
      }
      #expect(queue.count == model.count)
      #expect(pool.pagesInUse <= model.count / PagePool.pageSize + 2)
    }
    queue.removeAll(in: &pool)
    #expect(pool.pagesInUse == 0)
  }

  @Test("Room that is lent in the send queue becomes its end, whatever is acknowledged meanwhile", arguments: 1...20)
  func lentRoom(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var pool = PagePool(limit: 256)
    var queue = SendQueue()
    var model: [UInt8] = []
    var departure = Departure()
    for step in 0..<300 {
      var loan = Loan()
      let limit = generator.number(1...9000)
      queue.lend(limit, to: &loan, in: &pool)
      #expect(loan.count <= limit)
      let wanted = generator.number(0...loan.count)
      var octets: [UInt8] = []
      let filled = loan.fill { room in
        while octets.count < wanted && !room.isFull {
          octets.append(UInt8(truncatingIfNeeded: octets.count &* 17 &+ step))
          room.append(octets[octets.count - 1])
        }
      }
      #expect(filled == wanted)
      let acknowledged = generator.number(0...9) < 3 ? model.count : generator.number(0...model.count)
      queue.removeFirst(acknowledged, in: &pool)
      model.removeFirst(acknowledged)
      queue.commit(filled, of: &loan, to: &pool)
      model += octets
      pool.release(&loan)
      if generator.number(0...3) == 0 {
        let more: [UInt8] = [1, 2, 3]
        let taken = queue.append(more.span.bytes, to: &pool)
        model += more.prefix(taken)
      }
      #expect(queue.count == model.count)
      #expect(pool.pagesInUse <= model.count / PagePool.pageSize + 2)
      let length = min(model.count, 60_000)
      #expect(queue.gather(from: 0, length: length, into: &departure, in: &pool) == length)
      var seen: [UInt8] = []
      departure.forEachPayloadRun { run in run.withUnsafeBytes { seen += $0 } }
      #expect(seen.elementsEqual(model.prefix(length)))
      departure.release(to: &pool)
      if model.count > 50_000 {
        queue.removeFirst(40_000, in: &pool)
        model.removeFirst(40_000)
      }
    }
    queue.removeAll(in: &pool)
    #expect(pool.pagesInUse == 0)
  }

  @Test("Octets out of order keep their place, and the first copy of each", .proves("ATK-09"), arguments: 1...20)
  func reassembly(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let base = SequenceNumber(0xFFFF_FFFF - 5000)
    var pool = PagePool(limit: 4096)
    var reassembly = Reassembly()
    var model = [UInt8?](repeating: nil, count: 10000)
    var start = 0
    for step in 0..<200 {
      if generator.number(0...9) == 0 {
        take(&reassembly, &pool, &model, &start, base: base)
        continue
      }
      guard start < 8900 else { break }
      let low = generator.number((start + 1)...9000)
      let length = generator.number(1...([20, 200, 999].randomElement(using: &generator) ?? 20))
      let octets = (0..<length).map { UInt8(truncatingIfNeeded: $0 &+ step &* 13) }
      let isNew = (low..<(low + length)).contains { model[$0] == nil }
      let chain = pool.chain(copying: octets.span.bytes) ?? PageChain()
      let outcome = reassembly.insert(
        SequenceRange(from: base + low, count: length), chain, limit: 1000, in: &pool)
      #expect(outcome == (isNew ? .stored : .duplicate))
      for position in 0..<length where model[low + position] == nil { model[low + position] = octets[position] }
      #expect(reassembly.count == runs(of: model.map { $0 != nil }, base: base).count)
    }
    reassembly.removeAll(in: &pool)
    #expect(pool.pagesInUse == 0)
  }

  /// Takes what is held from the first octet after `start` on.
  private func take(
    _ reassembly: inout Reassembly, _ pool: inout PagePool, _ model: inout [UInt8?], _ start: inout Int,
    base: SequenceNumber
  ) {
    guard let low = model.indices.first(where: { model[$0] != nil }), low < 8000 else { return }
    guard let chain = reassembly.take(at: base + low, in: &pool) else {
      Issue.record("nothing is held at \(low)")
      return
    }
    let expected = model[low...].prefix { $0 != nil }.compactMap { $0 }
    var octets: [UInt8] = []
    pool.forEachRun(of: chain, from: 0, count: chain.count) { run in
      for index in 0..<run.byteCount { octets.append(run.unsafeLoad(fromByteOffset: index, as: UInt8.self)) }
    }
    #expect(octets == expected)
    pool.release(chain)
    for index in 0..<(low + expected.count) { model[index] = nil }
    start = low + expected.count
  }

  @Test("No more ranges are held than allowed, and what fills or extends one is always taken")
  func reassemblyLimit() {
    var pool = PagePool(limit: 4096)
    var reassembly = Reassembly()
    let base = SequenceNumber(0xFFFF_FFF0)
    func insert(_ low: Int, _ count: Int) -> Reassembly.Insertion {
      let chain = pool.chain(copying: [UInt8](repeating: 1, count: count).span.bytes) ?? PageChain()
      return reassembly.insert(SequenceRange(from: base + low, count: count), chain, limit: 3, in: &pool)
    }
    #expect(insert(10, 5) == .stored)
    #expect(insert(20, 5) == .stored)
    #expect(insert(30, 5) == .stored)
    #expect(insert(40, 5) == .refused)
    #expect(insert(35, 5) == .stored)
    #expect(insert(5, 5) == .stored)
    #expect(insert(15, 5) == .stored)
    #expect(reassembly.count == 2)
    #expect(insert(50, 5) == .stored)
    reassembly.removeAll(in: &pool)
    #expect(pool.pagesInUse == 0)
  }

  @Test("Without memory for what lies behind, the gap is filled all the same", .proves("ATK-09"))
  func reassemblyWithoutMemory() {
    var pool = PagePool(limit: 32)
    var reassembly = Reassembly()
    let base = SequenceNumber(7)
    let held = pool.chain(copying: [1, 1].span.bytes) ?? PageChain()
    #expect(reassembly.insert(SequenceRange(from: base + 4, count: 2), held, limit: 9, in: &pool) == .stored)
    let over = pool.chain(copying: [UInt8](repeating: 2, count: 10).span.bytes) ?? PageChain()
    var ballast: [PageIndex] = []
    while let page = pool.allocate() { ballast.append(page) }
    #expect(reassembly.insert(SequenceRange(from: base, count: 10), over, limit: 9, in: &pool) == .stored)
    let chain = reassembly.take(at: base, in: &pool) ?? PageChain()
    #expect(chain.count == 6)
    pool.release(chain)
    for page in ballast { pool.unpin(page) }
    #expect(pool.pagesInUse == 0)
  }
}
