import MartinetStack
import MartinetTCP
import MartinetWire

/// What one end of a connection sends and expects.
public struct TransferPlan: Sendable {
  /// The octets to send before the output is closed.
  public var count: UInt64 = 0
  /// What is sent.
  public var outgoing = Pattern(seed: 0)
  /// What is expected.
  public var incoming = Pattern(seed: 0)
  /// The most octets of one send call: 1 to 65,536.
  public var writeSize = 8192
  /// The most octets of one receive call: 1 to 65,536.
  public var readSize = 65_536
  /// The time from one receive call that brought something to the next; zero reads everything at once.
  public var readPause = Interval.zero
  /// How long nothing is read after the start.
  public var readDelay = Interval.zero
  /// How long nothing is sent after the start.
  public var writeDelay = Interval.zero
  /// Whether the output is closed behind the last octet.
  public var closesOutput = true
  /// Whether the last octets are sent, and the output closed, only when the peer's stream has ended.
  public var waitsForPeer = false

  public init() {}

  /// Sends `count` octets of `outgoing` and expects `incoming`.
  public init(
    sending count: UInt64, _ outgoing: Pattern = Pattern(seed: 0), expecting incoming: Pattern = Pattern(seed: 0)
  ) {
    self.count = count
    self.outgoing = outgoing
    self.incoming = incoming
  }
}

/// One end of a connection at work: it sends a pattern, compares what comes with another, and closes.
public struct Transfer: Sendable {
  public let connection: ConnectionHandle
  public let plan: TransferPlan
  public let startedAt: Instant
  /// The octets that the host has taken over.
  public private(set) var sent: UInt64 = 0
  /// The octets that were read.
  public private(set) var received: UInt64 = 0
  /// When the last of them was read.
  public private(set) var lastReadAt: Instant?
  /// Where in the stream the first octet lies that is not the expected one.
  public private(set) var firstMismatch: UInt64?
  public private(set) var hasClosedOutput = false
  public private(set) var hasReadEnd = false
  /// Why the transfer ended before its time.
  public private(set) var failure: HostError?
  /// When the last of all this happened.
  public private(set) var endedAt: Instant?
  /// When the transfer wants to run without an event of its host.
  public private(set) var nextDeadline = Instant.never
  private var nextRead: Instant
  private let firstWrite: Instant

  public init(_ plan: TransferPlan, on connection: ConnectionHandle, at now: Instant) {
    self.plan = plan
    self.connection = connection
    startedAt = now
    nextRead = now + plan.readDelay
    firstWrite = now + plan.writeDelay
  }

  /// Whether nothing remains to be done.
  public var isOver: Bool { endedAt != nil }

  /// Whether both streams crossed whole and as expected.
  public var isWhole: Bool {
    failure == nil && hasReadEnd && sent == plan.count && firstMismatch == nil
  }

  /// Does what can be done; `scratch` has at least 65,536 octets.
  public mutating func run(on host: inout Host, scratch: inout [UInt8], at now: Instant) {
    guard !isOver, host.isOpenOrEnded(connection) else { return }
    do throws(HostError) {
      try read(from: &host, scratch: &scratch, at: now)
      try write(to: &host, scratch: &scratch, at: now)
      if hasReadEnd && (hasClosedOutput || !plan.closesOutput && sent == plan.count) { endedAt = now }
    } catch {
      failure = error
      endedAt = now
    }
    if isOver { host.close(connection, at: now) }
    nextDeadline = .never
    if isOver { return }
    if !hasReadEnd && nextRead > now { nextDeadline = nextRead }
    if firstWrite > now { nextDeadline = min(nextDeadline, firstWrite) }
  }

  private mutating func read(from host: inout Host, scratch: inout [UInt8], at now: Instant) throws(HostError) {
    while !hasReadEnd && now >= nextRead {
      let size = plan.readSize
      let result = try scratch.withMutableOctets(0..<size) { (target: inout MutableRawSpan) throws(HostError) in
        try host.receive(into: &target, from: connection, at: now)
      }
      switch result {
      case .nothingYet:
        return
      case .endOfStream:
        hasReadEnd = true
      case .bytes(let count):
        scratch.withOctets(0..<count) { check($0) }
        lastReadAt = now
        nextRead = now + plan.readPause
      }
    }
  }

  private mutating func check(_ bytes: RawSpan) {
    if firstMismatch == nil {
      let matching = plan.incoming.matchingPrefix(of: bytes, from: received)
      if matching < bytes.byteCount { firstMismatch = received + UInt64(matching) }
    }
    received += UInt64(bytes.byteCount)
  }

  private mutating func write(to host: inout Host, scratch: inout [UInt8], at now: Instant) throws(HostError) {
    guard !hasClosedOutput, now >= firstWrite, hasReadEnd || !plan.waitsForPeer else { return }
    while sent < plan.count {
      let size = Int(min(plan.count - sent, UInt64(plan.writeSize)))
      scratch.withMutableOctets(0..<size) { plan.outgoing.fill(&$0, from: sent) }
      let accepted = try scratch.withOctets(0..<size) { (bytes: RawSpan) throws(HostError) in
        try host.send(bytes, on: connection, at: now)
      }
      sent += UInt64(accepted)
      if accepted < size { return }
    }
    if plan.closesOutput {
      try host.shutdownOutput(connection, at: now)
      hasClosedOutput = true
    }
  }
}
