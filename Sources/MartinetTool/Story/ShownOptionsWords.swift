extension ShownOptions {
  /// One phrase an option.
  package var words: [String] {
    var phrases: [String] = []
    if let maximumSegmentSize { phrases.append("mss \(maximumSegmentSize)") }
    if let windowScale { phrases.append("window scale \(windowScale)") }
    if sackPermitted { phrases.append("sack permitted") }
    if let timestamps {
      phrases.append("ts \(timestamps.value)" + (timestamps.echo.map { " echo \($0)" } ?? ""))
    }
    for block in sackBlocks { phrases.append("sack \(block.lowerBound)–\(block.upperBound)") }
    return phrases + others
  }
}
