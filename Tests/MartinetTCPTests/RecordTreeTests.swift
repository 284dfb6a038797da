import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("The tree of transmission records against an array")
struct RecordTreeTests {
  private let base = SequenceNumber(0xFFFF_F000)

  private func record(_ range: SequenceRange) -> TransmissionRecord {
    TransmissionRecord(range, segmentSize: 100, number: TransmissionNumber(), sentAt: .zero)
  }

  /// The records from first to last, and from last to first.
  private func walk(_ tree: borrowing RecordTree) -> (forth: [TransmissionRecord], back: [TransmissionRecord]) {
    var (forth, back): ([TransmissionRecord], [TransmissionRecord]) = ([], [])
    var index = tree.first
    while index >= 0 {
      forth.append(tree[index])
      index = tree.next(after: index)
    }
    index = tree.last
    while index >= 0 {
      back.append(tree[index])
      index = tree.previous(before: index)
    }
    return (forth, back)
  }

  @Test("Whatever is added, split, joined and removed, both hold the same in the same order", arguments: 1...20)
  func agreement(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var tree = RecordTree()
    var model: [TransmissionRecord] = []
    var end = base
    for _ in 0..<1500 {
      switch generator.number(0...9) {
      case 0...3:
        let range = SequenceRange(from: end, count: generator.number(2...900))
        end = range.upper
        tree.insert(record(range))
        model.append(record(range))
      case 4, 5: split(&tree, &model, &generator)
      case 6: join(&tree, &model, &generator)
      case 7:
        if !model.isEmpty {
          tree.removeFirst()
          model.removeFirst()
        }
      default: mark(&tree, &model, &generator)
      }
      let (forth, back) = walk(tree)
      #expect(forth.map(\.start) == model.map(\.start) && forth.map(\.length) == model.map(\.length))
      #expect(back.reversed().map(\.start) == model.map(\.start))
      #expect(tree.count == model.count)
      let lost = tree.firstLost()
      #expect((lost < 0 ? nil : tree[lost].start) == model.first { $0.state == .lost }?.start)
    }
  }

  private func pick(_ model: [TransmissionRecord], _ generator: inout SeededGenerator) -> Int? {
    model.isEmpty ? nil : generator.number(0...(model.count - 1))
  }

  /// Finds the record by a number within it.
  private func find(_ record: TransmissionRecord, in tree: borrowing RecordTree, _ generator: inout SeededGenerator)
    -> Int
  {
    let index = tree.index(endingAfter: record.start + generator.number(0...(Int(record.length) - 1)))
    #expect(tree[index].start == record.start)
    return index
  }

  private func split(_ tree: inout RecordTree, _ model: inout [TransmissionRecord], _ generator: inout SeededGenerator)
  {
    guard let place = pick(model, &generator), model[place].length > 1 else { return }
    let index = find(model[place], in: tree, &generator)
    let cut = generator.number(1...(Int(model[place].length) - 1))
    var head = model[place]
    var tail = head
    head.length = UInt32(cut)
    tail.start += cut
    tail.length -= UInt32(cut)
    model[place] = head
    model.insert(tail, at: place + 1)
    tree[index] = head
    tree.insert(tail, after: index)
  }

  private func join(_ tree: inout RecordTree, _ model: inout [TransmissionRecord], _ generator: inout SeededGenerator) {
    guard let place = pick(model, &generator), place + 1 < model.count else { return }
    let index = find(model[place], in: tree, &generator)
    var joined = tree[index]
    joined.length += model[place + 1].length
    tree.remove(after: index)
    tree[index] = joined
    model.remove(at: place + 1)
    model[place] = joined
  }

  private func mark(_ tree: inout RecordTree, _ model: inout [TransmissionRecord], _ generator: inout SeededGenerator) {
    guard let place = pick(model, &generator) else { return }
    let index = find(model[place], in: tree, &generator)
    let state: TransmissionRecord.State = generator.number(0...2) == 0 ? .lost : .inFlight
    tree[index].state = state
    model[place].state = state
  }

  @Test("Behind the last record there is none")
  func nothing() {
    var tree = RecordTree()
    #expect(tree.index(endingAfter: base) < 0 && tree.firstLost() < 0 && tree.first < 0 && tree.last < 0)
    tree.insert(record(SequenceRange(from: base, count: 100)))
    #expect(tree.index(endingAfter: base + 99) == tree.first)
    #expect(tree.index(endingAfter: base + 100) < 0)
    tree.removeFirst()
    #expect(tree.count == 0 && tree.first < 0 && tree.last < 0)
  }
}
