import MartinetTCP
import MartinetWire

/// Reads the lines of a ``Transcript``.
enum TranscriptParser {
  static func parse(_ source: [String]) throws(TranscriptFailure) -> [TranscriptLine] {
    var lines: [TranscriptLine] = []
    var time = Instant.zero
    for (index, text) in source.enumerated() {
      let words = words(in: text)
      guard !words.isEmpty else { continue }
      do throws(ParseError) {
        var cursor = WordCursor(words)
        if let moved = try takeTime(&cursor, after: time) {
          guard moved >= time else { throw ParseError("the time goes backwards") }
          time = moved
        }
        let action = try action(&cursor)
        lines.append(TranscriptLine(number: index + 1, time: time, action: action))
      } catch {
        var failure = TranscriptFailure(line: index + 1, message: error.message)
        failure.source = source
        throw failure
      }
    }
    return lines
  }

  /// The words of a line without its comment; what stands in angle or round brackets is one word.
  private static func words(in text: String) -> [String] {
    var words: [String] = []
    var word = ""
    var closing: Character?
    for character in text.prefix(while: { $0 != "#" }) {
      if let bracket = closing {
        word.append(character)
        if character == bracket { closing = nil }
      } else if character == " " || character == "\t" {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
        if character == "(" { closing = ")" }
        if character == "<" && words.contains(where: { $0 == "<" || $0 == ">" }) { closing = ">" }
      }
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  private static func takeTime(_ cursor: inout WordCursor, after last: Instant) throws(ParseError) -> Instant? {
    guard let word = cursor.peek(), let first = word.first, first.isNumber || first == "+" else { return nil }
    _ = try cursor.take()
    if first == "+" { return last + (try Literal.seconds(String(word.dropFirst()))) }
    return Instant.zero + (try Literal.seconds(word))
  }

  private static func action(_ cursor: inout WordCursor) throws(ParseError) -> TranscriptAction {
    guard let first = cursor.peek() else { throw ParseError("a time and nothing that happens") }
    let action: TranscriptAction
    switch first {
    case ">":
      _ = try cursor.take()
      action = .leaves(try SegmentPattern(&cursor))
    case "<":
      _ = try cursor.take()
      let pattern = try SegmentPattern(&cursor)
      guard pattern.flags != nil, pattern.sequence != nil else {
        throw ParseError("a segment that arrives needs flags and seq")
      }
      action = .arrives(pattern)
    default:
      action = .call(try TranscriptCall(&cursor))
    }
    try cursor.finish()
    return action
  }
}

struct ParseError: Error {
  let message: String
  init(_ message: String) { self.message = message }
}

/// The words of a line, taken one after the other.
struct WordCursor {
  private let words: [String]
  private var position = 0

  init(_ words: [String]) { self.words = words }

  func peek() -> String? { position < words.count ? words[position] : nil }

  mutating func take() throws(ParseError) -> String {
    guard let word = peek() else { throw ParseError("the line ends too early") }
    position += 1
    return word
  }

  /// Takes the next word if it is `word`.
  mutating func take(if word: String) -> Bool {
    guard peek() == word else { return false }
    position += 1
    return true
  }

  mutating func takeNumber() throws(ParseError) -> Int { try Literal.number(try take()) }

  func finish() throws(ParseError) {
    if let word = peek() { throw ParseError("\"\(word)\" means nothing here") }
  }
}

/// Numbers and times as transcripts write them.
enum Literal {
  /// A whole number, `_` allowed between digits.
  static func number(_ text: String) throws(ParseError) -> Int {
    guard let number = Int(text.filter { $0 != "_" }) else { throw ParseError("\"\(text)\" is not a number") }
    return number
  }

  /// Seconds with up to nine decimals, exactly.
  static func seconds(_ text: String) throws(ParseError) -> Interval {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let whole = Int64(parts[0]), whole >= 0, whole < 1 << 32 else {
      throw ParseError("\"\(text)\" is not a time in seconds")
    }
    guard parts.count == 2 else { return .seconds(whole) }
    let decimals = parts[1]
    guard (1...9).contains(decimals.count), let fraction = Int64(decimals), fraction >= 0 else {
      throw ParseError("\"\(text)\" is not a time in seconds")
    }
    var nanoseconds = fraction
    for _ in decimals.count..<9 { nanoseconds *= 10 }
    return .seconds(whole) + Interval(nanoseconds: nanoseconds)
  }

  /// A time with its unit: `200ms`, `3s`, `50us`, `2min`; in nanoseconds.
  static func interval(_ text: String) throws(ParseError) -> Int {
    let units: [(String, times: Int64, over: Int64)] = [
      ("ms", 1, 1000), ("us", 1, 1_000_000), ("ns", 1, 1_000_000_000), ("min", 60, 1), ("s", 1, 1),
    ]
    for (unit, times, over) in units where text.hasSuffix(unit) {
      let digits = text.dropLast(unit.count)
      guard let last = digits.last, last.isNumber else { continue }
      return Int(try seconds(String(digits)).nanoseconds * times / over)
    }
    throw ParseError("\"\(text)\" is not a time with its unit (ms, us, ns, min, s)")
  }
}
