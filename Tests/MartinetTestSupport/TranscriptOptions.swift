import MartinetTCP
import MartinetWire

extension OptionsPattern {
  /// Reads `<mss 1460,sackOK,ts,ws 5>`.
  init(_ text: String) throws(ParseError) {
    guard text.hasSuffix(">") else { throw ParseError("the options have no end") }
    for part in text.dropFirst().dropLast().split(separator: ",") {
      var cursor = WordCursor(part.split(separator: " ").map(String.init))
      switch try cursor.take() {
      case "mss": maximumSegmentSize = try cursor.takeNumber()
      case "ws": windowScale = try cursor.takeNumber()
      case "sackOK": sackPermitted = true
      case "ts": timestamps = try OptionsPattern.timestamps(&cursor)
      case "nots": timestamps = .refused
      case "sack": blocks = try OptionsPattern.blocks(&cursor)
      case "uto": userTimeout = Interval(nanoseconds: Int64(try Literal.interval(try cursor.take())))
      case "fo": fastOpenCookie = try OptionsPattern.cookie(&cursor)
      case "ecn0", "ecn1":
        accurateECN = try OptionsPattern.counters(&cursor, startsWithECT1: part.contains("ecn1"))
      case "*": allowsOthers = true
      case let other: throw ParseError("there is no option \"\(other)\"")
      }
      try cursor.finish()
    }
  }

  private static func timestamps(_ cursor: inout WordCursor) throws(ParseError) -> TimestampsPattern {
    guard cursor.peek() != nil else { return .any }
    return .exactly(value: try cursor.takeNumber(), echo: try cursor.takeNumber())
  }

  private static func cookie(_ cursor: inout WordCursor) throws(ParseError) -> [UInt8] {
    guard cursor.peek() != nil else { return [] }
    let text = try cursor.take()
    guard let octets = Hexadecimal.octets(text) else { throw ParseError("\"\(text)\" are no octets") }
    return octets
  }

  /// `ecn0 E0B CEB E1B` or `ecn1 E1B CEB E0B`, with as many of the numbers as there are.
  private static func counters(
    _ cursor: inout WordCursor, startsWithECT1: Bool
  ) throws(ParseError) -> AccurateECNCounters {
    var counters = AccurateECNCounters(startsWithECT1: startsWithECT1)
    var position = 0
    while cursor.peek() != nil {
      let number = UInt32(try cursor.takeNumber())
      switch (position, startsWithECT1) {
      case (0, false), (2, true): counters.ect0Bytes = number
      case (1, _): counters.ceBytes = number
      case (0, true), (2, false): counters.ect1Bytes = number
      default: throw ParseError("the option has three counters")
      }
      position += 1
    }
    return counters
  }

  private static func blocks(_ cursor: inout WordCursor) throws(ParseError) -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    while let word = cursor.peek() {
      _ = try cursor.take()
      let ends = word.split(separator: "-")
      guard ends.count == 2 else { throw ParseError("\"\(word)\" is not a block like 1001-2001") }
      let (low, high) = (try Literal.number(String(ends[0])), try Literal.number(String(ends[1])))
      guard low <= high else { throw ParseError("the block \(word) ends before it begins") }
      blocks.append(low..<high)
    }
    guard (1...4).contains(blocks.count) else { throw ParseError("a header has one to four blocks") }
    return blocks
  }

  func mismatch(with actual: OptionsPattern) -> String? {
    let same =
      equals(maximumSegmentSize, actual.maximumSegmentSize) && equals(windowScale, actual.windowScale)
      && (fastOpenCookie == actual.fastOpenCookie || (allowsOthers && fastOpenCookie == nil))
      && (userTimeout == actual.userTimeout || (allowsOthers && userTimeout == nil))
      && (accurateECN == actual.accurateECN || (allowsOthers && accurateECN == nil))
      && (sackPermitted == actual.sackPermitted || (allowsOthers && !sackPermitted))
      && (blocks == actual.blocks || (allowsOthers && blocks.isEmpty)) && timestampsMatch(actual.timestamps)
    return same ? nil : "options \(text) expected"
  }

  private func equals(_ expected: Int?, _ actual: Int?) -> Bool {
    expected == actual || (allowsOthers && expected == nil)
  }

  private func timestampsMatch(_ actual: TimestampsPattern) -> Bool {
    switch timestamps {
    case .absent: actual == .absent || allowsOthers
    case .refused: actual == .absent
    case .any: actual != .absent
    case .exactly: actual == timestamps
    }
  }

  var text: String {
    var parts: [String] = []
    if let maximumSegmentSize { parts.append("mss \(maximumSegmentSize)") }
    if sackPermitted { parts.append("sackOK") }
    switch timestamps {
    case .absent: break
    case .refused: parts.append("nots")
    case .any: parts.append("ts")
    case .exactly(let value, let echo): parts.append("ts \(value) \(echo)")
    }
    if let windowScale { parts.append("ws \(windowScale)") }
    if !blocks.isEmpty {
      parts.append("sack " + blocks.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " "))
    }
    if let userTimeout { parts.append("uto \(userTimeout.milliseconds / 1000)s") }
    if let fastOpenCookie {
      parts.append((["fo"] + (fastOpenCookie.isEmpty ? [] : [Hexadecimal.text(fastOpenCookie)])).joined(separator: " "))
    }
    if let accurateECN {
      let order = accurateECN.startsWithECT1
      let all = [accurateECN.ect0Bytes, accurateECN.ceBytes, accurateECN.ect1Bytes]
      let numbers = (order ? all.reversed() : all).compactMap { $0.map(String.init) }
      parts.append(([order ? "ecn1" : "ecn0"] + numbers).joined(separator: " "))
    }
    if allowsOthers { parts.append("*") }
    return "<" + parts.joined(separator: ",") + ">"
  }
}
