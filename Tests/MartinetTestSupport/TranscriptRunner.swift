import MartinetTCP
import MartinetWire

/// Plays the lines of a transcript on one connection.
struct TranscriptRunner: ~Copyable {
  var tolerance = Interval.zero
  var environment: Environment
  let parameters: OpenParameters
  let base: SequenceBase
  var connection: Connection?
  var now = Instant.zero
  /// Segments that left and that no line has expected so far.
  var pending: [ObservedSegment] = []
  var history: [String] = []
  var peer = TranscriptPeer()
  /// What a program wrote and read so far, in octets.
  var written = 0
  var taken = 0
  var events = ConnectionEvents()
  var lastDrop: DropReason?

  init(configuration: Configuration, parameters: OpenParameters, base: SequenceBase) {
    environment = Environment(configuration: configuration, pages: 4096)
    environment.trace.isEnabled = true
    self.parameters = parameters
    self.base = base
  }

  mutating func play(_ lines: [TranscriptLine], of source: [String]) throws(TranscriptFailure) {
    var number = 0
    do throws(ParseError) {
      for line in lines {
        number = line.number
        try play(line)
      }
      number = source.count + 1
      try expectNothingPending()
      try expectAllPagesBack()
    } catch {
      var failure = TranscriptFailure(line: number, message: error.message)
      failure.history = history
      failure.source = source
      throw failure
    }
  }

  private mutating func play(_ line: TranscriptLine) throws(ParseError) {
    switch line.action {
    case .leaves(let pattern):
      for index in 0..<pattern.times { try expect(pattern, index: index, at: line.time) }
    case .arrives(let pattern):
      try advance(to: line.time)
      for index in 0..<pattern.times {
        try expectNothingPending()
        try arrive(pattern, index: index)
      }
    case .call(let call):
      try advance(to: line.time)
      if !call.isQuestion { try expectNothingPending() }
      try perform(call)
      try drain()
    }
  }

  // MARK: Time

  /// Keeps every deadline up to `time`.
  mutating func advance(to time: Instant) throws(ParseError) {
    var atThisInstant = 0
    while let deadline = nextDeadline(), deadline <= time {
      atThisInstant = deadline > now ? 0 : atThisInstant + 1
      guard atThisInstant < 1000 else { throw ParseError("a deadline of \(deadline.text) does not go away") }
      if deadline > now { now = deadline }
      with { connection, environment, now in connection.expire(in: &environment, at: now) }
      try drain()
    }
    if time > now { now = time }
  }

  mutating func nextDeadline() -> Instant? {
    with { connection, _, _ in connection.nextDeadline }
  }

  /// Works on the connection, if there is one.
  @discardableResult
  mutating func with<Result, Failure: Error>(
    _ body: (inout Connection, inout Environment, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard var current = connection.take() else { return nil }
    do {
      let result = try body(&current, &environment, now)
      connection = consume current
      return result
    } catch {
      connection = consume current
      throw error
    }
  }

  // MARK: What leaves

  /// Collects what the connection has to say after something happened to it.
  mutating func drain() throws(ParseError) {
    var departure = Departure()
    var left = 0
    while true {
      let isQuiet = with { connection, _, _ in connection.isQuiet }
      let envelope = with { connection, environment, now in
        connection.pollTransmit(into: &departure, maximumTrain: 0, in: &environment, at: now)
      }
      guard let envelope = envelope ?? nil else { break }
      if isQuiet == true { throw ParseError("a connection that is quiet has something to send") }
      left += 1
      guard left < 10_000 else { throw ParseError("segments leave without end") }
      let segment = try observe(departure, envelope)
      departure.release(to: &environment.pool)
      pending.append(segment)
      history.append("\(now.text) > \(segment.text)")
    }
    let raised = with { connection, _, _ in connection.pollEvents() }
    events.formUnion(raised ?? [])
    try readTrace()
    condense()
  }

  /// Does what a host does with a connection in TIME-WAIT: forgets all but what is left of it, and makes it anew.
  private mutating func condense() {
    with { connection, environment, now in
      guard let state = TimeWaitState(connection) else { return }
      let (id, statistics) = (connection.id, connection.statistics)
      connection.releaseMemory(in: &environment)
      connection = Connection(resuming: state, id: id, pathMTU: 1500, linkMTU: 1500, in: &environment, at: now)
      connection.statistics = statistics
    }
  }

  private mutating func readTrace() throws(ParseError) {
    while let event = environment.trace.poll() {
      switch event.kind {
      case .dropped(_, let reason):
        lastDrop = reason
        history.append("\(event.time.text)   dropped: \(reason)")
      case .phaseChanged(let from, let to, let trigger):
        history.append("\(event.time.text)   \(from.name) -> \(to.name)")
        guard from.after(trigger) == to else {
          throw ParseError("the diagram has no way from \(from.name) to \(to.name) by \(trigger)")
        }
      case .ended(let reason): history.append("\(event.time.text)   ended: \(reason.text)")
      default: break
      }
    }
  }

  /// Expects the pattern's segment number `index` to be the next that leaves.
  private mutating func expect(_ pattern: SegmentPattern, index: Int, at time: Instant) throws(ParseError) {
    if pending.isEmpty { try advance(to: time) }
    if pending.isEmpty, let deadline = nextDeadline(), deadline <= time + tolerance { try advance(to: deadline) }
    guard let segment = pending.first else { throw ParseError("nothing leaves") }
    let way = segment.time - time
    if way > tolerance || way < Interval.zero - tolerance {
      throw ParseError("a segment leaves at \(segment.time.text) instead: \(segment.text)")
    }
    if let wrong = pattern.mismatch(with: segment, index: index) {
      throw ParseError("\(wrong); what leaves is \(segment.text)")
    }
    pending.removeFirst()
  }

  private func expectNothingPending() throws(ParseError) {
    guard let segment = pending.first else { return }
    throw ParseError("before this a segment leaves that no line expects: \(segment.time.text) > \(segment.text)")
  }

  /// Ends the connection: every page has to come back to the pool.
  private mutating func expectAllPagesBack() throws(ParseError) {
    with { connection, environment, _ in connection.releaseMemory(in: &environment) }
    connection = nil
    let kept = environment.pool.pagesInUse
    guard kept == 0 else { throw ParseError("\(kept) pages do not come back to the pool") }
  }
}

extension Instant {
  /// Seconds with the decimals that matter: `0.100`, `3.000250`.
  var text: String {
    let (whole, fraction) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
    var digits = String(fraction + 1_000_000_000).dropFirst()
    while digits.count > 3 && digits.hasSuffix("0") { digits = digits.dropLast() }
    return "\(whole).\(digits)"
  }
}
