/// An array with one owner, which nobody can copy: unlike the library's, it need not ask before each change whether somebody else holds it.
@safe @frozen
public struct OwnedArray<Element: BitwiseCopyable>: ~Copyable {
  /// What holds arrays is large: it is used where it stands.
  @usableFromInline let anchor = Anchor()
  @usableFromInline var start: UnsafeMutablePointer<Element>?
  /// The elements that there are memory for.
  @usableFromInline var capacity: Int
  public var count: Int { @inlinable @inline(__always) get { elements } }
  @usableFromInline var elements: Int

  /// An empty array that holds no memory.
  @inlinable
  public init() {
    unsafe start = nil
    capacity = 0
    elements = 0
  }

  /// An array of `count` times `element`, one at least.
  @inlinable
  public init(repeating element: Element, count: Int) {
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: count)
    unsafe memory.initialize(repeating: element, count: count)
    unsafe start = unsafe memory
    capacity = count
    elements = count
  }

  @inlinable
  deinit {
    if let start = unsafe start { unsafe start.deallocate() }
  }

  @inlinable public var isEmpty: Bool { count == 0 }

  @inlinable
  public subscript(index: Int) -> Element {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(address(of: index)) }
    @inline(__always) unsafeMutableAddress { unsafe address(of: index) }
  }

  @unsafe @inlinable @inline(__always)
  func address(of index: Int) -> UnsafeMutablePointer<Element> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "an index beyond the array")
    // Where there are elements there is memory.
    return unsafe start.unsafelyUnwrapped + index
  }

  /// The element at `index`, which is known to be there.
  @unsafe @inlinable @inline(__always)
  package func uncheckedElement(at index: Int) -> Element { unsafe start.unsafelyUnwrapped[index] }

  @inlinable @inline(__always)
  public mutating func append(_ element: Element) {
    if count == capacity { grow() }
    unsafe (start.unsafelyUnwrapped + count).initialize(to: element)
    elements &+= 1
  }

  /// Takes out the last element, which must be there.
  @inlinable @inline(__always)
  public mutating func removeLast() -> Element {
    let last = self[elements &- 1]
    elements &-= 1
    return last
  }

  /// Gives back memory that many elements took and few need.
  @inlinable @inline(__always)
  public mutating func shrinkIfSpacious() {
    if capacity > 1024 && elements &* 8 < capacity { move(to: elements * 2) }
  }

  /// Removes all elements and keeps the memory.
  @inlinable
  public mutating func removeAll() { elements = 0 }

  @inlinable @inline(never)
  mutating func grow() { move(to: max(4, capacity * 2)) }

  @inlinable @inline(never)
  mutating func move(to room: Int) {
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: room)
    if let start = unsafe start {
      unsafe memory.initialize(from: start, count: count)
      unsafe start.deallocate()
    }
    unsafe start = unsafe memory
    capacity = room
  }
}
