/// Places that connections have given back, some at most: whoever opens and closes many one after the other takes no memory for it.
///
/// The end of it is inlinable for the reason that ``Part`` gives.
@safe @frozen @usableFromInline
struct SpareParts<Value: ~Copyable>: ~Copyable {
  /// Places with values in them that nobody needs; nil as long as none was given back.
  @usableFromInline var places: UnsafeMutablePointer<UnsafeMutablePointer<Value>>?
  @usableFromInline var count = 0
  /// As many as connections begin and end in one turn.
  private static var limit: Int { 16 }

  init() { unsafe places = nil }

  @inlinable
  deinit {
    guard let places = unsafe places else { return }
    for index in 0..<count {
      unsafe places[index].deinitialize(count: 1)
      unsafe places[index].deallocate()
    }
    unsafe places.deallocate()
  }

  @unsafe
  mutating func take() -> UnsafeMutablePointer<Value>? {
    guard count > 0, let places = unsafe places else { return nil }
    count -= 1
    return unsafe places[count]
  }

  /// Keeps `place`, with the value that is there; false if there are enough.
  @unsafe
  mutating func keep(_ place: UnsafeMutablePointer<Value>) -> Bool {
    guard count < SpareParts.limit else { return false }
    let all = unsafe places ?? .allocate(capacity: SpareParts.limit)
    unsafe places = unsafe all
    unsafe all.advanced(by: count).initialize(to: place)
    count += 1
    return true
  }
}
