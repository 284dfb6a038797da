extension PagePool {
  /// Whether the `count` octets of `one` from `offset` on are there and equal those of `other` from `otherOffset` on.
  public func haveEqualOctets(
    _ one: borrowing PageChain, from offset: Int, _ other: borrowing PageChain, from otherOffset: Int, count: Int
  ) -> Bool {
    guard offset + count <= one.count && otherOffset + count <= other.count else { return false }
    var areEqual = true
    var position = otherOffset
    forEachRun(of: one, from: offset, count: count) { run in
      var within = 0
      forEachRun(of: other, from: position, count: run.byteCount) { piece in
        for index in 0..<piece.byteCount where run.uint8(at: within + index) != piece.uint8(at: index) {
          areEqual = false
        }
        within += piece.byteCount
      }
      position += run.byteCount
    }
    return areEqual
  }
}
