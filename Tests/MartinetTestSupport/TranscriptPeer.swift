import MartinetTCP
import MartinetWire

/// What a transcript remembers of both sides' headers, to write the peer's segments.
struct TranscriptPeer {
  /// What the peer's timestamp clock shows at time zero: it wraps around soon.
  static let clockBase: UInt32 = 0xFFFF_FF00
  var ourShift: Int?
  var theirShift: Int?
  var weSentTimestamps = false
  var theySentTimestamps = false
  var lastValueOfOurs: UInt32 = 0
  var lastWindow = 65535

  var scales: Bool { ourShift != nil && theirShift != nil }
  var usesTimestamps: Bool { weSentTimestamps && theySentTimestamps }
}

extension TranscriptRunner {
  // MARK: Departure to observation

  mutating func observe(_ departure: borrowing Departure, _ envelope: SegmentEnvelope) throws(ParseError)
    -> ObservedSegment
  {
    var bytes: [UInt8] = []
    for index in departure.headerStart..<departure.headerEnd { bytes.append(departure.header[index]) }
    guard let (header, length) = try? TCPHeader.parse(bytes.span.bytes), length == bytes.count else {
      throw ParseError("a header leaves that can't be read: \(bytes)")
    }
    guard header.sourcePort == parameters.local.port, header.destinationPort == parameters.remote.port else {
      throw ParseError("a segment leaves from or to the wrong port")
    }
    noteOurs(header)
    var segment = relative(header, payload: departure.payloadCount, reason: "\(envelope.reason)")
    segment.ecn = ECNCodepoint(rawValue: envelope.trafficClass & 3) ?? .notECT
    try verifyPayload(of: departure, segment)
    return segment
  }

  private mutating func noteOurs(_ header: TCPHeader) {
    if header.options.has(.timestamps) { peer.lastValueOfOurs = header.options.timestamps.value }
    guard header.isSYN else { return }
    peer.ourShift = header.options.has(.windowScale) ? Int(header.options.windowScale.shift) : nil
    peer.weSentTimestamps = header.options.has(.timestamps)
  }

  private func verifyPayload(of departure: borrowing Departure, _ segment: ObservedSegment) throws(ParseError) {
    var position = segment.sequence - (segment.flags.contains(.syn) ? 0 : 1)
    var wrong: Int?
    departure.forEachPayloadRun { run in
      for index in 0..<run.byteCount {
        if run.unsafeLoad(fromByteOffset: index, as: UInt8.self) != StreamPattern.ours.octet(at: position) {
          wrong = wrong ?? position
        }
        position += 1
      }
    }
    if let wrong { throw ParseError("octet \(wrong + 1) leaves as another than was written: \(segment.text)") }
  }

  /// One of our headers, with its numbers relative.
  func relative(_ header: TCPHeader, payload: Int, reason: String?) -> ObservedSegment {
    let scaled = peer.scales && !header.isSYN
    var options = OptionsPattern()
    let real = header.options
    if real.has(.maximumSegmentSize) { options.maximumSegmentSize = Int(real.maximumSegmentSize) }
    if real.has(.windowScale) { options.windowScale = Int(real.windowScale.shift) }
    if real.has(.fastOpen) {
      options.fastOpenCookie = (0..<Int(real.fastOpenCookie.count)).map { real.fastOpenCookie.bytes[$0] }
    }
    if real.has(.userTimeout) { options.userTimeout = real.userTimeout.interval }
    if real.has(.accurateECN) { options.accurateECN = real.accurateECN }
    options.sackPermitted = real.has(.sackPermitted)
    if real.has(.timestamps) {
      let value = Int(Int32(bitPattern: real.timestamps.value &- parameters.timestampOffset))
      let echo = real.timestamps.echo
      let relativeEcho = header.isACK ? Int(Int32(bitPattern: echo &- TranscriptPeer.clockBase)) : Int(echo)
      options.timestamps = .exactly(value: value, echo: relativeEcho)
    }
    if real.has(.sack) {
      for index in 0..<Int(real.sackCount) {
        let block = real.sackBlocks[index]
        let low = block.lower.distance(from: base.theirs)
        options.blocks.append(low..<(low + block.count))
      }
    }
    return ObservedSegment(
      time: now, flags: header.flags, sequence: header.sequence.distance(from: base.ours),
      acknowledgement: header.isACK ? header.acknowledgement.distance(from: base.theirs) : 0,
      window: Int(header.window) << (scaled ? peer.ourShift ?? 0 : 0), rawWindow: Int(header.window),
      urgent: Int(header.urgentPointer), length: payload, reason: reason, options: options)
  }

  // MARK: Pattern to arrival

  /// Lets the pattern's segment number `index` reach the connection.
  mutating func arrive(_ pattern: SegmentPattern, index: Int) throws(ParseError) {
    let header = try header(for: pattern, index: index)
    noteTheirs(header)
    let text =
      "\(pattern.flags?.text ?? "") seq \(header.sequence.distance(from: base.theirs)) length \(pattern.length)"
    history.append("\(now.text) < \(text)")
    let start = header.sequence.distance(from: base.theirs) - (header.isSYN ? 0 : 1)
    let stream = pattern.isForged ? StreamPattern.forged : .theirs
    let octets = stream.octets(from: start, count: pattern.length)
    lastDrop = nil
    if !hasRecord {
      answerWithoutRecord(header, payload: pattern.length)
      return
    }
    guard let chain = environment.pool.chain(copying: octets.span.bytes) else { throw ParseError("the pool is empty") }
    var payload: PageChain? = chain
    with { connection, environment, now in
      connection.receive(
        header, payload: payload.take() ?? PageChain(), facts: ArrivalFacts(ecn: pattern.ecn ?? .notECT),
        in: &environment, at: now)
    }
    try drain()
  }

  private var hasRecord: Bool {
    mutating get { with { connection, _, _ in connection.phase != .closed } ?? false }
  }

  /// Where there is no connection a RST answers, as RFC 9293 section 3.10.7.1 says.
  private mutating func answerWithoutRecord(_ header: TCPHeader, payload: Int) {
    guard let reset = TCPHeader.reset(answering: header, payload: payload) else { return }
    let segment = relative(reset, payload: 0, reason: "reset")
    pending.append(segment)
    history.append("\(now.text) > \(segment.text)")
  }

  private mutating func noteTheirs(_ header: TCPHeader) {
    guard header.isSYN else { return }
    peer.theirShift = header.options.has(.windowScale) ? Int(header.options.windowScale.shift) : nil
    peer.theySentTimestamps = header.options.has(.timestamps)
  }

  private mutating func header(for pattern: SegmentPattern, index: Int) throws(ParseError) -> TCPHeader {
    let flags = pattern.flags ?? []
    if flags.contains(.ack) && pattern.acknowledgement == nil { throw ParseError("an ACK that arrives needs ack") }
    let advance = index * (pattern.length + (flags.contains(.syn) ? 1 : 0))
    return TCPHeader(
      sourcePort: parameters.remote.port, destinationPort: parameters.local.port,
      sequence: base.theirs + ((pattern.sequence ?? 0) + advance),
      acknowledgement: flags.contains(.ack) ? base.ours + (pattern.acknowledgement ?? 0) : SequenceNumber(0),
      flags: flags, window: try window(for: pattern), urgentPointer: UInt16(clamping: pattern.urgent ?? 0),
      options: try options(for: pattern))
  }

  private mutating func window(for pattern: SegmentPattern) throws(ParseError) -> UInt16 {
    if let raw = pattern.rawWindow { return UInt16(clamping: raw) }
    let shift = peer.scales && !(pattern.flags ?? []).contains(.syn) ? peer.theirShift ?? 0 : 0
    if let window = pattern.window {
      guard (window >> shift) << shift == window, let field = UInt16(exactly: window >> shift) else {
        throw ParseError("a window of \(window) can't be said with a shift of \(shift)")
      }
      peer.lastWindow = window
      return field
    }
    return UInt16(clamping: peer.lastWindow >> shift)
  }

  private func options(for pattern: SegmentPattern) throws(ParseError) -> TCPOptions {
    let isSYN = (pattern.flags ?? []).contains(.syn)
    var wanted = pattern.options ?? OptionsPattern()
    if wanted.timestamps == .absent && peer.usesTimestamps && !isSYN { wanted.timestamps = .any }
    var options = TCPOptions()
    if let size = wanted.maximumSegmentSize {
      options.present.insert(.maximumSegmentSize)
      options.maximumSegmentSize = UInt16(clamping: size)
    }
    if let shift = wanted.windowScale {
      options.present.insert(.windowScale)
      options.windowScale = WindowScale(clamping: UInt8(clamping: shift))
    }
    if let octets = wanted.fastOpenCookie {
      options.present.insert(.fastOpen)
      options.fastOpenCookie = FastOpenCookie(octets)
    }
    if let option = wanted.userTimeout.flatMap({ UserTimeoutOption($0) }) {
      options.present.insert(.userTimeout)
      options.userTimeout = option
    }
    if let counters = wanted.accurateECN {
      options.present.insert(.accurateECN)
      options.accurateECN = counters
    }
    if wanted.sackPermitted { options.present.insert(.sackPermitted) }
    if let timestamps = timestamps(wanted.timestamps, isACK: (pattern.flags ?? []).contains(.ack)) {
      options.present.insert(.timestamps)
      options.timestamps = timestamps
    }
    if !wanted.blocks.isEmpty {
      options.present.insert(.sack)
      options.sackCount = UInt8(wanted.blocks.count)
      for (index, block) in wanted.blocks.enumerated() {
        options.sackBlocks[index] = SACKBlock(from: base.ours + block.lowerBound, count: block.count)
      }
    }
    return options
  }

  private func timestamps(_ pattern: TimestampsPattern, isACK: Bool) -> TCPTimestamps? {
    switch pattern {
    case .absent, .refused: return nil
    case .any:
      let clock = UInt32(truncatingIfNeeded: (now - .zero).milliseconds)
      return TCPTimestamps(value: TranscriptPeer.clockBase &+ clock, echo: isACK ? peer.lastValueOfOurs : 0)
    case .exactly(let value, let echo):
      let echoed = UInt32(truncatingIfNeeded: echo)
      return TCPTimestamps(
        value: TranscriptPeer.clockBase &+ UInt32(truncatingIfNeeded: value),
        echo: isACK ? parameters.timestampOffset &+ echoed : echoed)
    }
  }
}
