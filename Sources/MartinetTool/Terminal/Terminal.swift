import Glibc

/// What an output stream can show: how wide it is, which characters it knows, whether it has colours.
package struct Terminal: Sendable {
  /// Columns of text, 60 to 160.
  package var width: Int
  /// Whether arrows and boxes can be drawn with their own characters.
  package var isUnicode: Bool
  package var hasColour: Bool
  /// Whether somebody watches: progress is drawn only then.
  package var isInteractive: Bool

  package init(width: Int = 100, isUnicode: Bool = true, hasColour: Bool = false, isInteractive: Bool = false) {
    self.width = min(max(width, 60), 160)
    self.isUnicode = isUnicode
    self.hasColour = hasColour
    self.isInteractive = isInteractive
  }

  /// Standard output as it is.
  package static var output: Terminal { Terminal(descriptor: STDOUT_FILENO) }

  /// Standard error as it is.
  package static var error: Terminal { Terminal(descriptor: STDERR_FILENO) }

  private init(descriptor: Int32) {
    let interactive = isatty(descriptor) == 1
    let dumb = Terminal.variable("TERM") == "dumb"
    var size = winsize()
    let isSized = interactive && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    let columns = isSized ? Int(size.ws_col) : Terminal.variable("COLUMNS").flatMap { Int($0) } ?? 100
    self.init(
      width: columns, isUnicode: Terminal.localeIsUnicode,
      hasColour: interactive && !dumb && Terminal.variable("NO_COLOR") == nil, isInteractive: interactive && !dumb)
  }

  /// POSIX: the first of the three that is set decides. Unlike POSIX, no locale at all counts as UTF-8, which is what
  /// files, pagers and terminals expect where nobody says otherwise.
  private static var localeIsUnicode: Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      if let locale = variable(name) {
        let lowered = locale.lowercased()
        return lowered.contains("utf-8") || lowered.contains("utf8")
      }
    }
    return true
  }

  private static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  /// Writes `text` to the descriptor, all of it unless the reader is gone.
  package static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
    var text = text
    text.withUTF8 { bytes in
      var position = 0
      while position < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + position, bytes.count - position)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return }
        position += count
      }
    }
  }

  /// One line on standard error.
  package static func complain(_ line: String) {
    write("martinet: " + line + "\n", to: STDERR_FILENO)
  }
}

/// The inks of a terminal; on one without colour they leave the text as it is.
package struct Ink: Sendable {
  package let isOn: Bool
  package init(_ terminal: Terminal) { isOn = terminal.hasColour }

  package enum Tone: String, Sendable {
    case bold = "1"
    case faint = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
    case cyan = "36"
  }

  package func callAsFunction(_ tone: Tone, _ text: String) -> String {
    isOn && !text.isEmpty ? "\u{1B}[\(tone.rawValue)m\(text)\u{1B}[0m" : text
  }
}
