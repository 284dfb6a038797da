import MartinetWire

/// A double-ended queue in one array whose capacity is a power of two: what the send queue and the scoreboard keep their entries in.
package struct RingBuffer<Element: BitwiseCopyable>: ~Copyable {
  private var storage = OwnedArray<Element>()
  private var head = 0
  package private(set) var count = 0

  /// An empty buffer that holds no memory.
  package init() {}

  var isEmpty: Bool { count == 0 }

  package subscript(index: Int) -> Element {
    get { storage[place(of: index)] }
    set { storage[place(of: index)] = newValue }
  }

  @inline(__always)
  private func place(of index: Int) -> Int {
    precondition(index >= 0 && index < count, "an index beyond the ring buffer")
    return (head &+ index) & (storage.count &- 1)
  }

  var first: Element? { count > 0 ? self[0] : nil }
  var last: Element? { count > 0 ? self[count - 1] : nil }

  @inline(__always)
  package mutating func append(_ element: Element) {
    if count == storage.count { grow(filler: element) }
    storage[(head &+ count) & (storage.count &- 1)] = element
    count &+= 1
  }

  /// Appends `number` elements, those that `element` has for 0 to `number` - 1.
  mutating func append(_ number: Int, _ element: (Int) -> Element) {
    while storage.count - count < number { grow(filler: element(0)) }
    var place = head + count
    for index in 0..<number {
      storage[place & (storage.count - 1)] = element(index)
      place += 1
    }
    count += number
  }

  /// Puts `element` before the entry at `index`; costs as much as there are entries behind.
  package mutating func insert(_ element: Element, at index: Int) {
    append(element)
    var position = count - 1
    while position > index {
      self[position] = self[position - 1]
      position -= 1
    }
    self[index] = element
  }

  package mutating func removeFirst(_ number: Int = 1) {
    precondition(number <= count, "more entries are removed than there are")
    guard number > 0 else { return }
    head = (head &+ number) & (storage.count &- 1)
    count &-= number
  }

  /// Empties the buffer, and gives its memory back if that is more than a little.
  package mutating func removeAll() {
    count = 0
    head = 0
    if storage.count > 16 { storage = OwnedArray() }
  }

  /// Makes room for as many again; `filler` stands in places that are not in use.
  @inline(never)
  private mutating func grow(filler: Element) {
    var larger = OwnedArray(repeating: filler, count: max(4, storage.count * 2))
    for index in 0..<count { larger[index] = self[index] }
    storage = larger
    head = 0
  }
}
