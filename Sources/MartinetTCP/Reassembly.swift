import MartinetWire

/// Octets that arrived ahead of others, kept in the pages they arrived in (RFC 9293 section 3.10.7.4, seventh).
package struct Reassembly {
  private struct Held: BitwiseCopyable {
    var range: SequenceRange
    var chain: PageChain.Parked
  }

  /// Ranges in order, disjoint, none touching the next: the blocks of a selective acknowledgement.
  private var held: [Held] = []
  /// Where the latest arrivals begin, newest first, for the order of SACK blocks (RFC 2018 section 4).
  private var recent = InlineArray<4, SequenceNumber>(repeating: SequenceNumber(0))
  private var recentCount = 0
  /// Kept as long as anything is held.
  var disorder = Disorder()

  package init() {}

  package var isEmpty: Bool { held.isEmpty }
  package var count: Int { held.count }
  /// The pages that the octets lie in.
  private(set) var pages = 0

  /// What became of an arrival.
  package enum Insertion: UInt8 {
    case stored
    /// Everything in it was here already; the octets that were first are kept.
    case duplicate
    /// There are too many gaps.
    case refused
  }

  /// Keeps the octets of `range`, which `chain` holds, in `limit` ranges at most. Of octets that are here already the first copy stays.
  package mutating func insert(
    _ range: SequenceRange, _ chain: consuming PageChain, limit: Int, in pool: inout PagePool
  ) -> Insertion {
    let inUse = pool.pagesInUse
    var brought = 0
    pool.forEachRun(of: chain, from: 0, count: chain.count) { _ in brought += 1 }
    let result = place(range, chain, limit: limit, in: &pool)
    if result != .refused { remember(range.lower) }
    pages += brought + pool.pagesInUse - inUse
    return result
  }

  private mutating func place(
    _ range: SequenceRange, _ chain: consuming PageChain, limit: Int, in pool: inout PagePool
  ) -> Insertion {
    var rest = range
    var stored = false
    var index = firstEnding(after: rest.lower)
    while !rest.isEmpty {
      if index < held.count, held[index].range.contains(rest.lower) {
        let overlap = min(rest.count, held[index].range.upper.distance(from: rest.lower))
        pool.removeFirst(overlap, from: &chain)
        rest.lower += overlap
        index += 1
        continue
      }
      guard held.count < limit || touches(rest, index) else {
        pool.release(chain)
        return stored ? .stored : .refused
      }
      let end = index < held.count ? SequenceNumber.earlier(rest.upper, held[index].range.lower) : rest.upper
      let piece = SequenceRange(from: rest.lower, upTo: end)
      guard let behind = cut(&chain, after: piece.count, in: &pool) else {
        // No memory for what lies behind: the peer sends it again.
        pool.keepFirst(piece.count, of: &chain)
        store(piece, chain, at: index, in: &pool)
        return .stored
      }
      store(piece, chain.take(), at: index, in: &pool)
      chain = behind
      stored = true
      rest.lower = end
      index = firstEnding(after: rest.lower)
    }
    pool.release(chain)
    return stored ? .stored : .duplicate
  }

  /// Takes the range that begins at `number` or before it; its chain starts at `number`.
  package mutating func take(at number: SequenceNumber, in pool: inout PagePool) -> PageChain? {
    while let first = held.first, !first.range.lower.isAfter(number) {
      held.removeFirst()
      var chain = PageChain(first.chain)
      pool.forEachRun(of: chain, from: 0, count: chain.count) { _ in pages -= 1 }
      if held.isEmpty { pages = 0 }
      let stale = number.distance(from: first.range.lower)
      if stale >= first.range.count {
        pool.release(chain)
        continue
      }
      pool.removeFirst(stale, from: &chain)
      return chain
    }
    return nil
  }

  package mutating func removeAll(in pool: inout PagePool) {
    for entry in held { pool.release(PageChain(entry.chain)) }
    held = []
    recentCount = 0
    pages = 0
  }

  /// The first part of `range` that is here already.
  func firstOverlap(with range: SequenceRange) -> SequenceRange? {
    let index = firstEnding(after: range.lower)
    guard index < held.count else { return nil }
    let lower = SequenceNumber.later(range.lower, held[index].range.lower)
    let upper = SequenceNumber.earlier(range.upper, held[index].range.upper)
    return lower.isBefore(upper) ? SequenceRange(from: lower, upTo: upper) : nil
  }

  /// The range that holds `number`.
  func range(holding number: SequenceNumber) -> SequenceRange? {
    let index = firstEnding(after: number)
    guard index < held.count, held[index].range.contains(number) else { return nil }
    return held[index].range
  }

  /// Writes SACK blocks into `options`, the newest arrival's first, `limit` at most (RFC 2018 section 4).
  ///
  /// What is there already is the report of a duplicate, and does not stand for the block that it is part of (RFC 2883 section 4).
  package func writeBlocks(into options: inout TCPOptions, limit: Int) {
    let first = Int(options.sackCount)
    var position = 0
    while position < recentCount && Int(options.sackCount) < limit {
      if let block = range(holding: recent[position]) { add(block, to: &options, after: first) }
      position += 1
    }
    position = 0
    while position < held.count && position < 4 && Int(options.sackCount) < limit {
      add(held[position].range, to: &options, after: first)
      position += 1
    }
  }

  private func add(_ block: SACKBlock, to options: inout TCPOptions, after first: Int) {
    for index in first..<Int(options.sackCount) where options.sackBlocks[index] == block { return }
    options.sackBlocks[Int(options.sackCount)] = block
    options.sackCount += 1
  }

  private mutating func remember(_ number: SequenceNumber) {
    let block = range(holding: number)
    var kept = InlineArray<4, SequenceNumber>(repeating: number)
    var count = 1
    for index in 0..<recentCount where count < 4 {
      let other = recent[index]
      if let block, block.contains(other) { continue }
      kept[count] = other
      count += 1
    }
    recent = kept
    recentCount = count
  }

  /// The index of the first range that ends after `number`.
  private func firstEnding(after number: SequenceNumber) -> Int {
    var low = 0
    var high = held.count
    while low < high {
      let middle = (low + high) / 2
      if held[middle].range.upper.isAfter(number) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Whether `piece`, which belongs before the entry at `index`, adds to an entry instead of making a new one.
  private func touches(_ piece: SequenceRange, _ index: Int) -> Bool {
    if index > 0 && held[index - 1].range.upper == piece.lower { return true }
    return index < held.count && !piece.upper.isBefore(held[index].range.lower)
  }

  /// Splits `chain` after `count` octets and returns what is behind; nil, and nothing cut, without memory.
  private func cut(_ chain: inout PageChain, after count: Int, in pool: inout PagePool) -> PageChain? {
    if chain.count == count { return PageChain() }
    guard let behind = pool.copy(of: chain, from: count) else { return nil }
    pool.keepFirst(count, of: &chain)
    return behind
  }

  private mutating func store(
    _ piece: SequenceRange, _ chain: consuming PageChain, at index: Int, in pool: inout PagePool
  ) {
    var position = index
    if index > 0 && held[index - 1].range.upper == piece.lower {
      position = index - 1
      var joined = PageChain(held[position].chain)
      pool.append(chain, to: &joined)
      held[position].chain = joined.parked()
      held[position].range.upper = piece.upper
    } else {
      held.insert(Held(range: piece, chain: chain.parked()), at: index)
    }
    let next = position + 1
    if next < held.count && held[next].range.lower == piece.upper {
      var joined = PageChain(held[position].chain)
      pool.append(PageChain(held[next].chain), to: &joined)
      held[position].chain = joined.parked()
      held[position].range.upper = held[next].range.upper
      held.remove(at: next)
    }
  }
}
