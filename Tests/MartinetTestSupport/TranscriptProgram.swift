import MartinetTCP
import MartinetWire

extension TranscriptRunner {
  /// Does what a line calls for, or checks what it claims.
  mutating func perform(_ call: TranscriptCall) throws(ParseError) {
    switch call {
    case .open(let passive, let count):
      try open(passive: passive)
      if count > 0 { try write(count, urgent: false, accepted: count, failure: nil) }
    case .write(let count, let urgent, let accepted, let failure):
      try write(count, urgent: urgent, accepted: accepted, failure: failure)
    case .read(let count, let outcome): try read(count, outcome ?? .octets(count))
    case .skip(let count): taken += count
    case .close(let failure): try close(failure: failure)
    case .abort: with { connection, environment, now in connection.abort(in: &environment, at: now) }
    case .stopReceiving: with { connection, environment, now in connection.stopReceiving(in: &environment, at: now) }
    case .orphan: with { connection, environment, now in connection.orphan(in: &environment, at: now) }
    case .set(let name, let value): try set(name, value)
    case .pathMTU(let mtu):
      with { connection, environment, now in connection.pathChanged(mtu: mtu, in: &environment, at: now) }
    case .networkError(let type, let code, let sequence, let mtu, let believed):
      try networkError(type: type, code: code, sequence: sequence, mtu: mtu, believed: believed)
    case .ignore: pending.removeAll()
    case .wait: break
    default: try check(call)
    }
  }

  private mutating func open(passive: Bool) throws(ParseError) {
    guard connection == nil else { throw ParseError("there is a connection already") }
    if passive {
      connection = Connection(listening: parameters, in: &environment, at: now)
    } else {
      connection = Connection(opening: parameters, in: &environment, at: now)
    }
  }

  private mutating func write(_ count: Int, urgent: Bool, accepted: Int, failure: String?) throws(ParseError) {
    let octets = StreamPattern.ours.octets(from: written, count: count)
    let taken: Int?
    do throws(CallError) {
      taken = try with { connection, environment, now throws(CallError) in
        try connection.send(octets.span.bytes, urgent: urgent, in: &environment, at: now)
      }
    } catch {
      return try expect(error, toBe: failure)
    }
    if let failure { throw ParseError("the call succeeds instead of failing with \(failure)") }
    guard let taken else { throw ParseError("there is no connection") }
    written += taken
    guard taken == accepted else { throw ParseError("\(taken) octets are accepted") }
  }

  private mutating func read(_ count: Int, _ outcome: ReadOutcome) throws(ParseError) {
    var octets = [UInt8](repeating: 0, count: count)
    let received: Received?
    do throws(CallError) {
      received = try with { connection, environment, now throws(CallError) in
        var span = octets.mutableSpan
        var target = span.mutableBytes
        return try connection.receive(into: &target, in: &environment, at: now)
      }
    } catch {
      guard case .failure(let name) = outcome else { throw ParseError("the call fails: \(error.text)") }
      return try expect(error, toBe: name)
    }
    switch (received, outcome) {
    case (nil, _): throw ParseError("there is no connection")
    case (.bytes(let actual), .octets(let expected)) where actual == expected:
      let wanted = StreamPattern.theirs.octets(from: taken, count: actual)
      guard Array(octets.prefix(actual)) == wanted else {
        let first = zip(octets, wanted).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
        throw ParseError("octet \(taken + first + 1) of the stream is read as another than was sent")
      }
      taken += actual
    case (.nothingYet, .nothing), (.endOfStream, .end): break
    case (let actual?, _): throw ParseError("the read gets \(actual.text)")
    }
  }

  private mutating func close(failure: String?) throws(ParseError) {
    do throws(CallError) {
      try with { connection, environment, now throws(CallError) in try connection.close(in: &environment, at: now) }
    } catch {
      return try expect(error, toBe: failure)
    }
    if let failure { throw ParseError("the call succeeds instead of failing with \(failure)") }
  }

  private func expect(_ error: CallError, toBe name: String?) throws(ParseError) {
    guard error.text == name else { throw ParseError("the call fails: \(error.text)") }
  }

  private mutating func networkError(
    type: UInt8, code: UInt8, sequence: Int, mtu: Int?, believed: Bool?
  ) throws(ParseError) {
    let cause = UnreachableCause(isIPv6: !parameters.local.address.isIPv4, type: type, code: code)
    let number = base.ours + sequence
    let answer = with { connection, environment, now in
      let claim = mtu.map { PathLesson(mtu: $0) }
      let isBelieved = connection.networkReported(cause, quoting: number, claim: claim, in: &environment, at: now)
      if isBelieved, let mtu { connection.pathChanged(mtu: mtu, in: &environment, at: now) }
      return isBelieved
    }
    if let believed, answer != believed { throw ParseError("the error is \(believed ? "ignored" : "believed")") }
  }

  private mutating func set(_ name: String, _ value: String) throws(ParseError) {
    guard var options = with({ connection, _, _ in connection.options }) else {
      throw ParseError("there is no connection")
    }
    try options.set(name, to: value)
    with { connection, environment, now in connection.setOptions(options, in: &environment, at: now) }
  }
}

extension ConnectionOptions {
  /// Sets an option by its name, as a transcript says it.
  mutating func set(_ name: String, to value: String) throws(ParseError) {
    switch name {
    case "noDelay": noDelay = try Literal.flag(value)
    case "keepAlive": keepAlive = try Literal.flag(value)
    case "urgentInline": urgentInline = try Literal.flag(value)
    case "quickAcknowledgement": quickAcknowledgement = try Literal.flag(value)
    case "keepAliveIdle": keepAliveIdle = Interval(nanoseconds: Int64(try Literal.interval(value)))
    case "keepAliveInterval": keepAliveInterval = Interval(nanoseconds: Int64(try Literal.interval(value)))
    case "keepAliveCount": keepAliveCount = try Literal.number(value)
    case "deadPeerBound": deadPeerBound = Interval(nanoseconds: Int64(try Literal.interval(value)))
    case "notSentLowWater": notSentLowWater = try Literal.number(value)
    case "advertisedUserTimeout":
      advertisedUserTimeout = Interval(nanoseconds: Int64(try Literal.interval(value)))
    case "acceptsPeerUserTimeout": acceptsPeerUserTimeout = try Literal.flag(value)
    case "userTimeout": userTimeout = Interval(nanoseconds: Int64(try Literal.interval(value)))
    case "receiveBufferSize": receiveBufferSize = try Literal.number(value)
    case "sendBufferSize": sendBufferSize = try Literal.number(value)
    case "pathMTUDiscovery":
      guard let known = PathMTUDiscovery.allCases.first(where: { "\($0)" == value }) else {
        throw ParseError("there is no \(value) discovery of the path MTU")
      }
      pathMTUDiscovery = known
    default: throw ParseError("a transcript can't set \"\(name)\"")
    }
  }
}

extension Literal {
  static func flag(_ text: String) throws(ParseError) -> Bool {
    switch text {
    case "on": true
    case "off": false
    default: throw ParseError("\"\(text)\" is neither on nor off")
    }
  }
}
