import Glibc

/// A bar on standard error that tells how far a transfer is; silent unless standard error is a terminal.
package struct ProgressBar {
  private let terminal: Terminal
  private let total: Int?
  private let label: String
  private let words: @Sendable (Int) -> String
  private var lastDrawn: Int64 = 0
  private var isDrawn = false

  /// A bar for `total` octets; nil when nobody knows how many will come. What is counted otherwise has `words` of its own.
  package init(
    _ label: String, total: Int?, terminal: Terminal = .error,
    words: @escaping @Sendable (Int) -> String = Figures.octets
  ) {
    self.words = words
    self.label = label
    self.total = total
    self.terminal = terminal
  }

  /// Draws `done` octets and a remark, at most ten times a second.
  package mutating func show(_ done: Int, remark: String) {
    guard terminal.isInteractive else { return }
    let instant = ProgressBar.milliseconds()
    guard !isDrawn || instant - lastDrawn >= 100 else { return }
    lastDrawn = instant
    isDrawn = true
    Terminal.write("\r" + line(done, remark: remark) + "\u{1B}[K", to: STDERR_FILENO)
  }

  /// Takes the bar away.
  package mutating func clear() {
    guard isDrawn else { return }
    Terminal.write("\r\u{1B}[K", to: STDERR_FILENO)
    isDrawn = false
  }

  /// The line for `done` octets, no wider than the terminal.
  package func line(_ done: Int, remark: String) -> String {
    guard let total else {
      return String("\(label) \(words(done)) \(remark)".prefix(terminal.width - 1))
    }
    let share = total == 0 ? 1 : min(1, Double(done) / Double(total))
    let tail = " \(Figures.fixed(share * 100, places: 0))% \(words(done)) \(remark)"
    let room = max(4, min(40, terminal.width - label.count - tail.count - 4))
    let full = Int(share * Double(room))
    let (on, off) = terminal.isUnicode ? ("█", "░") : ("#", ".")
    let bar = String(repeating: on, count: full) + String(repeating: off, count: room - full)
    return String("\(label) \(bar)\(tail)".prefix(terminal.width - 1))
  }

  private static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
