/// A list of marks with a bound: when it is full every second mark goes and only every second one of those to come
/// is kept, so that what remains covers the whole time evenly.
public struct Marks<Mark: Sendable>: Sendable {
  public private(set) var kept: [Mark] = []
  private let limit: Int
  private var stride = 1
  private var phase = 0
  /// The marks that there were.
  public private(set) var count = 0

  public init(limit: Int) {
    self.limit = max(2, limit)
  }

  public mutating func append(_ mark: Mark) {
    count += 1
    phase += 1
    guard phase == stride else { return }
    phase = 0
    kept.append(mark)
    guard kept.count == limit else { return }
    for index in 0..<limit / 2 { kept[index] = kept[2 * index + 1] }
    kept.removeLast(limit - limit / 2)
    stride *= 2
  }
}
