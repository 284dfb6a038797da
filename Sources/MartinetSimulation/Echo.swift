import MartinetStack
import MartinetTCP
import MartinetWire

/// One end of a connection that sends back what it hears, and closes when its peer has.
public struct Echo: Sendable {
  public let connection: ConnectionHandle
  /// The octets sent back.
  public private(set) var echoed: UInt64 = 0
  public private(set) var failure: HostError?
  public private(set) var endedAt: Instant?
  private var pending: [UInt8] = []
  private var hasReadEnd = false

  public init(on connection: ConnectionHandle) {
    self.connection = connection
  }

  public var isOver: Bool { endedAt != nil }

  /// Does what can be done; `scratch` has at least 65,536 octets.
  public mutating func run(on host: inout Host, scratch: inout [UInt8], at now: Instant) {
    guard !isOver, host.isOpenOrEnded(connection) else { return }
    do throws(HostError) {
      while try sendBack(to: &host, at: now), !hasReadEnd, try read(from: &host, scratch: &scratch, at: now) {}
      if hasReadEnd && pending.isEmpty {
        try host.shutdownOutput(connection, at: now)
        endedAt = now
      }
    } catch {
      failure = error
      endedAt = now
    }
    if isOver { host.close(connection, at: now) }
  }

  /// Whether everything that was read has been sent back.
  private mutating func sendBack(to host: inout Host, at now: Instant) throws(HostError) -> Bool {
    guard !pending.isEmpty else { return true }
    let accepted = try pending.withOctets(0..<pending.count) { (bytes: RawSpan) throws(HostError) in
      try host.send(bytes, on: connection, at: now)
    }
    pending.removeFirst(accepted)
    echoed += UInt64(accepted)
    return pending.isEmpty
  }

  /// Whether something was read.
  private mutating func read(from host: inout Host, scratch: inout [UInt8], at now: Instant) throws(HostError) -> Bool {
    let result = try scratch.withMutableOctets(0..<65_536) { (target: inout MutableRawSpan) throws(HostError) in
      try host.receive(into: &target, from: connection, at: now)
    }
    switch result {
    case .bytes(let count): pending.append(contentsOf: scratch[0..<count])
    case .endOfStream: hasReadEnd = true
    case .nothingYet: return false
    }
    return true
  }
}

/// One end of a connection that asks, waits for as many octets as it sent, and asks again.
public struct Questioner: Sendable {
  public let connection: ConnectionHandle
  /// The octets of a question: 1 to 65,536.
  public let size: Int
  /// The questions to ask.
  public let count: Int
  /// The questions that were answered.
  public private(set) var answered = 0
  /// The longest time from a question to its whole answer.
  public private(set) var longest = Interval.zero
  public private(set) var failure: HostError?
  public private(set) var endedAt: Instant?
  private let pattern: Pattern
  private var sent = 0
  private var heard = 0
  private var askedAt: Instant
  /// Whether every answer was the question.
  public private(set) var isFaithful = true

  public init(size: Int, count: Int, pattern: Pattern, on connection: ConnectionHandle, at now: Instant) {
    self.size = size
    self.count = count
    self.pattern = pattern
    self.connection = connection
    askedAt = now
  }

  public var isOver: Bool { endedAt != nil }

  /// Does what can be done; `scratch` has at least 65,536 octets.
  public mutating func run(on host: inout Host, scratch: inout [UInt8], at now: Instant) {
    guard !isOver, host.isOpenOrEnded(connection) else { return }
    do throws(HostError) {
      while answered < count {
        try ask(&host, scratch: &scratch, at: now)
        guard try hear(&host, scratch: &scratch, at: now) else { break }
      }
      if answered == count {
        try host.shutdownOutput(connection, at: now)
        endedAt = now
      }
    } catch {
      failure = error
      endedAt = now
    }
    if isOver { host.close(connection, at: now) }
  }

  private mutating func ask(_ host: inout Host, scratch: inout [UInt8], at now: Instant) throws(HostError) {
    guard sent < size else { return }
    let start = UInt64(answered * size + sent)
    let rest = size - sent
    scratch.withMutableOctets(0..<rest) { pattern.fill(&$0, from: start) }
    sent += try scratch.withOctets(0..<rest) { (bytes: RawSpan) throws(HostError) in
      try host.send(bytes, on: connection, at: now)
    }
  }

  /// Whether the answer is complete.
  private mutating func hear(_ host: inout Host, scratch: inout [UInt8], at now: Instant) throws(HostError) -> Bool {
    let rest = size - heard
    let result = try scratch.withMutableOctets(0..<rest) { (target: inout MutableRawSpan) throws(HostError) in
      try host.receive(into: &target, from: connection, at: now)
    }
    guard case .bytes(let octets) = result else {
      if result == .endOfStream { throw HostError.call(.closing) }
      return false
    }
    let start = UInt64(answered * size + heard)
    if scratch.withOctets(0..<octets, { pattern.matchingPrefix(of: $0, from: start) }) < octets { isFaithful = false }
    heard += octets
    guard heard == size else { return true }
    longest = max(longest, now - askedAt)
    answered += 1
    (sent, heard, askedAt) = (0, 0, now)
    return true
  }
}
