import MartinetTCP
import MartinetWire

extension TranscriptCall {
  init(_ cursor: inout WordCursor) throws(ParseError) {
    switch try cursor.take() {
    case "connect":
      self = .open(passive: false, sending: cursor.take(if: "sending") ? try cursor.takeNumber() : 0)
    case "listen": self = .open(passive: true, sending: 0)
    case "write": self = try TranscriptCall.write(&cursor)
    case "read": self = .read(try cursor.takeNumber(), try TranscriptCall.readOutcome(&cursor))
    case "skip": self = .skip(try cursor.takeNumber())
    case "close": self = .close(failure: try TranscriptCall.failure(&cursor))
    case "abort": self = .abort
    case "shutdown":
      guard cursor.take(if: "input") else { throw ParseError("shutdown what? shutdown input") }
      self = .stopReceiving
    case "orphan": self = .orphan
    case "set": self = .set(try cursor.take(), try cursor.take())
    case "mtu": self = .pathMTU(try cursor.takeNumber())
    case "icmp": self = try TranscriptCall.networkError(&cursor)
    case "ignore": self = .ignore
    case "wait": self = .wait
    case "events": self = .events(try cursor.take().split(separator: ",").map(String.init))
    case "phase": self = .phase(try cursor.take())
    case "warned": self = .warned(try TranscriptCall.rest(&cursor))
    case "ended": self = .ended(try TranscriptCall.rest(&cursor))
    case "dropped": self = .dropped(try cursor.take())
    case "status": self = .status(try StatusExpectation.list(&cursor))
    case let other: throw ParseError("there is no call \"\(other)\"")
    }
  }

  /// Whether the call only looks: it may stand while a segment waits to be expected.
  var isQuestion: Bool {
    switch self {
    case .ignore, .events, .phase, .warned, .ended, .dropped, .status, .skip: true
    default: false
    }
  }

  private static func write(_ cursor: inout WordCursor) throws(ParseError) -> TranscriptCall {
    let count = try cursor.takeNumber()
    let urgent = cursor.take(if: "urgent")
    let accepted = cursor.take(if: "accepts") ? try cursor.takeNumber() : count
    return .write(count, urgent: urgent, accepted: accepted, failure: try failure(&cursor))
  }

  private static func readOutcome(_ cursor: inout WordCursor) throws(ParseError) -> ReadOutcome? {
    if let failure = try failure(&cursor) { return .failure(failure) }
    guard cursor.take(if: "gets") else { return nil }
    if cursor.take(if: "nothing") { return .nothing }
    if cursor.take(if: "end") { return .end }
    return .octets(try cursor.takeNumber())
  }

  private static func failure(_ cursor: inout WordCursor) throws(ParseError) -> String? {
    cursor.take(if: "fails") ? try cursor.take() : nil
  }

  private static func networkError(_ cursor: inout WordCursor) throws(ParseError) -> TranscriptCall {
    let (type, code) = (try cursor.takeNumber(), try cursor.takeNumber())
    guard let type = UInt8(exactly: type), let code = UInt8(exactly: code), cursor.take(if: "seq") else {
      throw ParseError("icmp TYPE CODE seq N")
    }
    let sequence = try cursor.takeNumber()
    let mtu = cursor.take(if: "mtu") ? try cursor.takeNumber() : nil
    let believed: Bool? = cursor.take(if: "believed") ? true : cursor.take(if: "ignored") ? false : nil
    return .networkError(type: type, code: code, sequence: sequence, mtu: mtu, believed: believed)
  }

  private static func rest(_ cursor: inout WordCursor) throws(ParseError) -> String {
    var words = [try cursor.take()]
    while cursor.peek() != nil { words.append(try cursor.take()) }
    return words.joined(separator: " ")
  }
}

extension StatusExpectation {
  static func list(_ cursor: inout WordCursor) throws(ParseError) -> [StatusExpectation] {
    var list: [StatusExpectation] = []
    repeat {
      let name = try cursor.take()
      guard StatusFigure.names.contains(name) else { throw ParseError("the status has no \"\(name)\"") }
      list.append(StatusExpectation(name: name, value: try ExpectedValue(try cursor.take())))
    } while cursor.peek() != nil
    return list
  }
}

extension ExpectedValue {
  init(_ text: String) throws(ParseError) {
    if text == "none" {
      self = .none
    } else if text.hasPrefix(">=") {
      self = .between(try ExpectedValue.figure(text.dropFirst(2)), Int.max)
    } else if text.hasPrefix("<=") {
      self = .between(Int.min, try ExpectedValue.figure(text.dropFirst(2)))
    } else if let dots = text.firstRange(of: "..") {
      self = .between(
        try ExpectedValue.figure(text[..<dots.lowerBound]), try ExpectedValue.figure(text[dots.upperBound...]))
    } else {
      let figure = try ExpectedValue.figure(text[...])
      self = .between(figure, figure)
    }
  }

  private static func figure(_ text: Substring) throws(ParseError) -> Int {
    (text.last?.isLetter ?? false) ? try Literal.interval(String(text)) : try Literal.number(String(text))
  }

  var text: String {
    switch self {
    case .none: "none"
    case .between(let low, let high) where low == high: "\(low)"
    case .between(let low, let high) where high == Int.max: ">=\(low)"
    case .between(let low, let high) where low == Int.min: "<=\(high)"
    case .between(let low, let high): "\(low)..\(high)"
    }
  }
}
