import MartinetTCP
import MartinetWire

extension SegmentPattern {
  init(_ cursor: inout WordCursor) throws(ParseError) {
    flags = try TCPFlags.parse(try cursor.take())
    while let word = cursor.peek() {
      _ = try cursor.take()
      if word.hasPrefix("<") {
        options = try OptionsPattern(word)
      } else if word.hasPrefix("(") {
        reason = String(word.dropFirst().dropLast())
      } else {
        try takeField(word, &cursor)
      }
    }
    guard times >= 1, length >= 0 else { throw ParseError("times and length can't be so small") }
  }

  private mutating func takeField(_ word: String, _ cursor: inout WordCursor) throws(ParseError) {
    switch word {
    case "seq": sequence = try takeOptional(&cursor)
    case "ack": acknowledgement = try takeOptional(&cursor)
    case "win": window = try takeOptional(&cursor)
    case "rawwin": rawWindow = try takeOptional(&cursor)
    case "length": length = try cursor.takeNumber()
    case "urg": urgent = try takeOptional(&cursor)
    case "times": times = try cursor.takeNumber()
    case "forged": isForged = true
    case "ect0": ecn = .ect0
    case "ect1": ecn = .ect1
    case "ce": ecn = .congestionExperienced
    case "noect": ecn = .notECT
    default: throw ParseError("a segment has no field \"\(word)\"")
    }
  }

  private func takeOptional(_ cursor: inout WordCursor) throws(ParseError) -> Int? {
    cursor.take(if: "*") ? nil : try cursor.takeNumber()
  }

  /// What is wrong with `segment`, which should be the pattern's segment number `index`; nil if nothing is.
  func mismatch(with segment: ObservedSegment, index: Int) -> String? {
    let advance = index * (length + ((flags?.contains(.syn) ?? false) ? 1 : 0))
    let checks: [(String, Int?, Int)] = [
      ("seq", sequence.map { $0 + advance }, segment.sequence), ("ack", acknowledgement, segment.acknowledgement),
      ("win", window, segment.window), ("rawwin", rawWindow, segment.rawWindow), ("length", length, segment.length),
      ("urg", urgent, segment.urgent),
    ]
    if let flags, flags != segment.flags { return "flags \(flags.text) expected" }
    for (name, expected, actual) in checks {
      if let expected, expected != actual { return "\(name) \(expected) expected" }
    }
    if let ecn, ecn != segment.ecn { return "\(ecn) expected" }
    if let reason, reason != segment.reason { return "reason \(reason) expected" }
    return options?.mismatch(with: segment.options)
  }
}

/// A segment that really left or arrived, with its numbers relative.
struct ObservedSegment {
  var time: Instant
  var flags: TCPFlags
  var sequence: Int
  var acknowledgement: Int
  var window: Int
  var rawWindow: Int
  var urgent: Int
  var length: Int
  var reason: String?
  var options: OptionsPattern
  var ecn = ECNCodepoint.notECT

  var text: String {
    var text = "\(flags.text) seq \(sequence)"
    if flags.contains(.ack) { text += " ack \(acknowledgement)" }
    text += " win \(window)"
    if length > 0 { text += " length \(length)" }
    if flags.contains(.urg) { text += " urg \(urgent)" }
    text += " " + options.text
    if ecn != .notECT { text += ecn == .ect0 ? " ect0" : ecn == .ect1 ? " ect1" : " ce" }
    if let reason { text += " (\(reason))" }
    return text
  }
}

extension TCPFlags {
  static let names: [(String, TCPFlags)] = [
    ("SYN", .syn), ("FIN", .fin), ("RST", .rst), ("PSH", .psh), ("URG", .urg), ("AE", .ae), ("ECE", .ece),
    ("CWR", .cwr),
    ("ACK", .ack),
  ]

  /// `SYN.ACK`, `none`.
  var text: String {
    isEmpty ? "none" : TCPFlags.names.filter { contains($0.1) }.map(\.0).joined(separator: ".")
  }

  /// Reads `SYN.ACK`, `none`; nil for `*`.
  static func parse(_ text: String) throws(ParseError) -> TCPFlags? {
    if text == "*" { return nil }
    var flags = TCPFlags()
    if text == "none" { return flags }
    for part in text.split(separator: ".") {
      guard let flag = names.first(where: { $0.0 == part })?.1 else { throw ParseError("there is no flag \"\(part)\"") }
      flags.insert(flag)
    }
    return flags
  }
}
