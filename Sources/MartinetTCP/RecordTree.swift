import MartinetWire

/// Transmission records in the order of their sequence numbers: a height-balanced tree in one array, so that whichever is wanted is found,
/// split or joined in logarithmic time, and one at either end without a search.
package struct RecordTree: ~Copyable {
  /// What stands for no record.
  static let none = -1

  struct Node: BitwiseCopyable {
    var record: TransmissionRecord
    var left: Int32 = -1
    var right: Int32 = -1
    var parent: Int32 = -1
    var height: UInt8 = 1
    /// Whether this record, or one below it, is lost.
    var holdsLost = false
  }

  private var nodes = OwnedArray<Node>()
  private var root: Int32 = -1
  /// Places in `nodes` that are not in use, chained by their parents.
  private var free: Int32 = -1
  private var firstNode: Int32 = -1
  private var lastNode: Int32 = -1
  package private(set) var count = 0

  package init() {}

  var isEmpty: Bool { count == 0 }

  package var first: Int { Int(firstNode) }
  package var last: Int { Int(lastNode) }

  package subscript(index: Int) -> TransmissionRecord {
    get { nodes[index].record }
    set {
      let affectsSearch = (newValue.state == .lost) != (nodes[index].record.state == .lost)
      nodes[index].record = newValue
      if affectsSearch { retrace(from: Int32(index)) }
    }
  }

  // MARK: Finding

  /// The first record that ends after `number`.
  package func index(endingAfter number: SequenceNumber) -> Int {
    var found: Int32 = -1
    var position = root
    while position >= 0 {
      let node = nodes[Int(position)]
      if node.record.end.isAfter(number) {
        found = position
        position = node.left
      } else {
        position = node.right
      }
    }
    return Int(found)
  }

  /// The first record that is lost.
  package func firstLost() -> Int {
    var position = root
    guard position >= 0, nodes[Int(position)].holdsLost else { return RecordTree.none }
    while true {
      let node = nodes[Int(position)]
      if node.left >= 0 && nodes[Int(node.left)].holdsLost {
        position = node.left
      } else if node.record.state == .lost {
        return Int(position)
      } else {
        position = node.right
      }
    }
  }

  package func next(after index: Int) -> Int {
    var position = Int32(index)
    if nodes[index].right >= 0 {
      position = nodes[index].right
      while nodes[Int(position)].left >= 0 { position = nodes[Int(position)].left }
      return Int(position)
    }
    while true {
      let parent = nodes[Int(position)].parent
      guard parent >= 0 else { return RecordTree.none }
      if nodes[Int(parent)].left == position { return Int(parent) }
      position = parent
    }
  }

  package func previous(before index: Int) -> Int {
    var position = Int32(index)
    if nodes[index].left >= 0 {
      position = nodes[index].left
      while nodes[Int(position)].right >= 0 { position = nodes[Int(position)].right }
      return Int(position)
    }
    while true {
      let parent = nodes[Int(position)].parent
      guard parent >= 0 else { return RecordTree.none }
      if nodes[Int(parent)].right == position { return Int(parent) }
      position = parent
    }
  }

  // MARK: Changing

  /// Makes the last record longer by `range`, if that left in the same transmission and in segments of the same size; whether it did.
  mutating func extendLast(by range: SequenceRange, segmentSize: Int, number: TransmissionNumber, at now: Instant)
    -> Bool
  {
    nodes[Int(lastNode)].record.extend(by: range, segmentSize: segmentSize, number: number, at: now)
  }

  /// Puts `record` behind the one at `index`, which with none is the last.
  package mutating func insert(_ record: TransmissionRecord, after index: Int = RecordTree.none) {
    let new = place(record)
    count += 1
    let before = index == RecordTree.none ? lastNode : Int32(index)
    guard before >= 0 else {
      root = new
      firstNode = new
      lastNode = new
      return
    }
    var parent = before
    if nodes[Int(before)].right < 0 {
      nodes[Int(before)].right = new
    } else {
      parent = nodes[Int(before)].right
      while nodes[Int(parent)].left >= 0 { parent = nodes[Int(parent)].left }
      nodes[Int(parent)].left = new
    }
    nodes[Int(new)].parent = parent
    if before == lastNode { lastNode = new }
    retrace(from: parent)
  }

  /// Removes the first record.
  package mutating func removeFirst() {
    precondition(firstNode >= 0, "a record is removed where there is none")
    let old = firstNode
    firstNode = Int32(next(after: Int(old)))
    detach(old)
  }

  /// Removes the record behind the one at `index`, which keeps its place.
  package mutating func remove(after index: Int) {
    let victim = Int32(next(after: index))
    precondition(victim >= 0, "a record is removed where there is none")
    if victim == lastNode { lastNode = Int32(index) }
    guard nodes[Int(victim)].left >= 0 && nodes[Int(victim)].right >= 0 else {
      detach(victim)
      return
    }
    // With records on both sides the one that follows takes its place.
    let following = Int32(next(after: Int(victim)))
    nodes[Int(victim)].record = nodes[Int(following)].record
    if following == lastNode { lastNode = victim }
    detach(following)
    retrace(from: victim)
  }

  /// Forgets all records, and gives the memory back if that is more than a little.
  package mutating func removeAll() {
    if nodes.count > 64 {
      nodes = OwnedArray()
    } else if count == 1 {
      // The place of the only record is the next one's.
      nodes[Int(root)].parent = free
      (root, free, firstNode, lastNode) = (-1, root, -1, -1)
      count = 0
      return
    } else if count > 0 {
      nodes.removeAll()
    } else {
      return
    }
    (root, free, firstNode, lastNode) = (-1, -1, -1, -1)
    count = 0
  }

  @inline(__always)
  private mutating func place(_ record: TransmissionRecord) -> Int32 {
    var node = Node(record: record)
    node.holdsLost = record.state == .lost
    guard free >= 0 else {
      nodes.append(node)
      return Int32(nodes.count - 1)
    }
    let place = free
    free = nodes[Int(place)].parent
    nodes[Int(place)] = node
    return place
  }

  /// Takes out a node with one child at most.
  private mutating func detach(_ index: Int32) {
    let node = nodes[Int(index)]
    let child = node.left >= 0 ? node.left : node.right
    if child >= 0 { nodes[Int(child)].parent = node.parent }
    replaceChild(index, of: node.parent, by: child)
    nodes[Int(index)].parent = free
    free = index
    count -= 1
    if count == 0 { (firstNode, lastNode) = (-1, -1) }
    retrace(from: node.parent)
  }

  private mutating func replaceChild(_ old: Int32, of parent: Int32, by new: Int32) {
    if parent < 0 {
      root = new
    } else if nodes[Int(parent)].left == old {
      nodes[Int(parent)].left = new
    } else {
      nodes[Int(parent)].right = new
    }
  }

  // MARK: Balance

  private func height(_ index: Int32) -> Int { index < 0 ? 0 : Int(nodes[Int(index)].height) }

  /// How much higher the left side is than the right one.
  private func balance(_ index: Int32) -> Int { height(nodes[Int(index)].left) - height(nodes[Int(index)].right) }

  /// Makes height and what is known of losses right again from `start` up to where nothing changes.
  private mutating func retrace(from start: Int32) {
    var position = start
    while position >= 0 {
      let lean = balance(position)
      if lean > 1 {
        let left = nodes[Int(position)].left
        if balance(left) < 0 { _ = rotateLeft(left) }
        position = rotateRight(position)
      } else if lean < -1 {
        let right = nodes[Int(position)].right
        if balance(right) > 0 { _ = rotateRight(right) }
        position = rotateLeft(position)
      } else if !refresh(position) {
        return
      }
      position = nodes[Int(position)].parent
    }
  }

  /// Computes what a node knows of those below it; returns whether that changed.
  @discardableResult
  private mutating func refresh(_ index: Int32) -> Bool {
    let node = nodes[Int(index)]
    let height = UInt8(1 + max(height(node.left), height(node.right)))
    let holdsLost =
      node.record.state == .lost || (node.left >= 0 && nodes[Int(node.left)].holdsLost)
      || (node.right >= 0 && nodes[Int(node.right)].holdsLost)
    guard height != node.height || holdsLost != node.holdsLost else { return false }
    nodes[Int(index)].height = height
    nodes[Int(index)].holdsLost = holdsLost
    return true
  }

  private mutating func rotateLeft(_ index: Int32) -> Int32 {
    let top = nodes[Int(index)].right
    let middle = nodes[Int(top)].left
    nodes[Int(index)].right = middle
    if middle >= 0 { nodes[Int(middle)].parent = index }
    nodes[Int(top)].left = index
    return settle(top, above: index)
  }

  private mutating func rotateRight(_ index: Int32) -> Int32 {
    let top = nodes[Int(index)].left
    let middle = nodes[Int(top)].right
    nodes[Int(index)].left = middle
    if middle >= 0 { nodes[Int(middle)].parent = index }
    nodes[Int(top)].right = index
    return settle(top, above: index)
  }

  /// Finishes a rotation: `top` stands where `index` stood.
  private mutating func settle(_ top: Int32, above index: Int32) -> Int32 {
    let parent = nodes[Int(index)].parent
    replaceChild(index, of: parent, by: top)
    nodes[Int(top)].parent = parent
    nodes[Int(index)].parent = top
    refresh(index)
    refresh(top)
    return top
  }
}
