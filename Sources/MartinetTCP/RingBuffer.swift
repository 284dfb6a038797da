/// A double-ended queue in one array whose capacity is a power of two: what the send queue and the scoreboard keep their entries in.
package struct RingBuffer<Element: BitwiseCopyable> {
  private var storage: [Element] = []
  private var head = 0
  private let filler: Element
  package private(set) var count = 0

  /// An empty buffer that holds no memory; `filler` stands in places that are not in use.
  package init(filler: Element) {
    self.filler = filler
  }

  var isEmpty: Bool { count == 0 }

  package subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count, "an index beyond the ring buffer")
      return storage[(head + index) & (storage.count - 1)]
    }
    set {
      precondition(index >= 0 && index < count, "an index beyond the ring buffer")
      storage[(head + index) & (storage.count - 1)] = newValue
    }
  }

  var first: Element? { count > 0 ? self[0] : nil }
  var last: Element? { count > 0 ? self[count - 1] : nil }

  package mutating func append(_ element: Element) {
    if count == storage.count { grow() }
    storage[(head + count) & (storage.count - 1)] = element
    count += 1
  }

  /// Appends `number` elements, those that `element` has for 0 to `number` - 1.
  mutating func append(_ number: Int, _ element: (Int) -> Element) {
    while storage.count - count < number { grow() }
    var place = head + count
    var places = storage.mutableSpan
    for index in 0..<number {
      places[place & (places.count - 1)] = element(index)
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
    head = (head + number) & (storage.count - 1)
    count -= number
  }

  /// Empties the buffer, and gives its memory back if that is more than a little.
  package mutating func removeAll() {
    count = 0
    head = 0
    if storage.count > 16 { storage = [] }
  }

  private mutating func grow() {
    var larger: [Element] = []
    let capacity = max(4, storage.count * 2)
    larger.reserveCapacity(capacity)
    for index in 0..<count { larger.append(self[index]) }
    while larger.count < capacity { larger.append(filler) }
    storage = larger
    head = 0
  }
}
