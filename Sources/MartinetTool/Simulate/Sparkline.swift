/// A graph in one line of text.
enum Sparkline {
  private static let blocks = Array("▁▂▃▄▅▆▇█")
  private static let plain = Array("_.-~=+*#")

  /// `values` in at most `width` columns, each the mean of its part, from 0 to the largest of them.
  static func text(_ values: [Double], width: Int, isUnicode: Bool) -> String {
    guard !values.isEmpty, width > 0 else { return "" }
    let columns = min(width, values.count)
    let means = (0..<columns).map { column in
      let part = values[column * values.count / columns..<(column + 1) * values.count / columns]
      return part.reduce(0, +) / Double(max(1, part.count))
    }
    let marks = isUnicode ? blocks : plain
    let top = means.max() ?? 0
    return String(means.map { top > 0 ? marks[min(7, Int($0 / top * 7.999))] : marks[0] })
  }
}
