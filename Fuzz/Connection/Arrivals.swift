import MartinetTCP
import MartinetWire

// Segments of the peer, made from the input and from what the connection waits for.

extension Conversation {
  mutating func arrive(_ choice: UInt8) {
    let status = connection.status(in: environment, at: now)
    let (next, una) = (status.receiveNext, status.sendUnacknowledged)
    let outstanding = status.sendNext.distance(from: una)
    let window = choice & 0x80 != 0 ? reader.word() : 20000
    switch choice & 0x0F {
    case 0, 1:
      let count = choice & 0x40 != 0 ? 1460 : Int(reader.byte()) + 1
      arrive(segment([.ack, .psh], at: next, acknowledging: una, window), count: count)
    case 2: arrive(segment(.ack, at: next, acknowledging: status.sendNext, window), count: 0)
    case 3:
      let part = outstanding * Int(reader.byte()) / 255
      arrive(segment(.ack, at: next, acknowledging: una + part, window), count: 0)
    case 4:
      let header = segment(.ack, at: next + reader.distance(), acknowledging: una, window)
      arrive(header, count: Int(reader.byte()) * 8)
    case 5:
      let options = blocks(una, outstanding)
      for _ in 0...Int(choice >> 4 & 3) {
        arrive(segment(.ack, at: next, acknowledging: una, window, options), count: 0)
      }
    case 6: arrive(segment([.ack, .fin], at: next, acknowledging: status.sendNext, window), count: Int(choice >> 4))
    case 8: arrive(segment(.rst, at: next + reader.distance(), acknowledging: una, window), count: 0)
    case 14:
      let count = choice & 0x40 != 0 ? Int(reader.byte()) : 0
      arrive(segment(.syn, at: irs + reader.distance(), acknowledging: una, window, synOptions()), count: count)
    case 15: arrive(segment(.ack, at: next, acknowledging: status.sendNext, 0), count: Int(reader.byte() & 1))
    default: anything(next, una, window)
    }
  }

  private mutating func anything(_ next: SequenceNumber, _ una: SequenceNumber, _ window: UInt16) {
    let flags = TCPFlags(rawValue: reader.word() & 0x1FF)
    var header = segment(
      flags, at: next + reader.distance(), acknowledging: una + reader.distance(), window,
      flags.contains(.syn) ? synOptions() : TCPOptions())
    if flags.contains(.urg) { header.urgentPointer = reader.word() }
    if reader.byte() & 1 != 0 {
      header.options.present.insert(.timestamps)
      header.options.timestamps = TCPTimestamps(value: reader.doubleWord(), echo: reader.doubleWord())
    }
    arrive(header, count: Int(reader.byte()) * 4)
  }

  private mutating func synOptions() -> TCPOptions {
    var options = TCPOptions()
    options.present = TCPOptions.Presence(rawValue: UInt16(reader.byte()) & 0x17)
    options.maximumSegmentSize = reader.word()
    options.windowScale = WindowScale(clamping: reader.byte())
    return options
  }

  private mutating func blocks(_ una: SequenceNumber, _ outstanding: Int) -> TCPOptions {
    var options = TCPOptions()
    options.present = .sack
    options.sackCount = 1 + reader.byte() & 3
    for index in 0..<Int(options.sackCount) {
      let start = reader.byte() & 0x80 != 0 ? reader.distance() : outstanding * Int(reader.byte()) / 255
      options.sackBlocks[index] = SACKBlock(from: una + start, count: Int(reader.word()))
    }
    return options
  }

  /// What the IP header of the next segment says of congestion; changes with each as the input has it.
  private mutating func nextCodepoint() -> ECNCodepoint {
    guard hasECN else { return .notECT }
    marks = marks << 1 | marks >> 15
    return ECNCodepoint(rawValue: UInt8(marks & 3)) ?? .notECT
  }

  /// The bits of congestion notification in the segments of a peer that takes part.
  private mutating func notification(_ flags: TCPFlags) -> TCPFlags {
    guard hasECN, !flags.contains(.rst) else { return [] }
    return TCPFlags(rawValue: (marks >> 2 & 7) << 6)
  }

  /// The option of accurate ECN, now and then.
  private mutating func counters(into options: inout TCPOptions) {
    guard hasECN, marks & 0x300 == 0x300 else { return }
    options.present.insert(.accurateECN)
    options.accurateECN = AccurateECNCounters(
      ect0Bytes: UInt32(marks) << 8, ceBytes: marks & 1 != 0 ? UInt32(marks) : nil,
      ect1Bytes: marks & 3 == 3 ? 1 : nil, startsWithECT1: marks & 4 != 0)
  }

  /// A header of the peer; timestamps go along where both SYNs had them.
  mutating func segment(
    _ flags: TCPFlags, at sequence: SequenceNumber, acknowledging number: SequenceNumber, _ window: UInt16,
    _ options: TCPOptions = TCPOptions()
  ) -> TCPHeader {
    var options = options
    if usesTimestamps {
      options.present.insert(.timestamps)
      let clock = UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000)
      options.timestamps = TCPTimestamps(value: clock, echo: flags.contains(.ack) ? lastTimestamp : 0)
    }
    counters(into: &options)
    return TCPHeader(
      sourcePort: 2000, destinationPort: 1000, sequence: sequence, acknowledgement: number,
      flags: flags.union(notification(flags)),
      window: window, options: options)
  }

  /// Lets a segment with `count` octets of the peer's stream reach the connection.
  mutating func arrive(_ header: TCPHeader, count: Int) {
    log("< \(header.line(payload: count))")
    let before = connection.status(in: environment, at: now)
    if header.isSYN && (before.phase == .listen || before.phase == .synSent) { irs = header.sequence }
    noteWindow(header, sendNext: before.sendNext)
    let start = header.sequence.distance(from: irs) - (header.isSYN ? 0 : 1)
    let octets = (0..<count).map { Pattern.theirs(start + $0) }
    guard let payload = environment.pool.chain(copying: octets.span.bytes) else { return }
    connection.receive(header, payload: payload, facts: ArrivalFacts(ecn: nextCodepoint()), in: &environment, at: now)
    settle()
    let after = connection.status(in: environment, at: now)
    if before.phase.isSynchronized
      && (after.receiveNext != before.receiveNext || after.sendUnacknowledged != before.sendUnacknowledged)
    {
      acceptedSegments += 1
    }
  }

  /// The largest right edge that the segment may have given us.
  private mutating func noteWindow(_ header: TCPHeader, sendNext: SequenceNumber) {
    if header.isSYN {
      if header.options.has(.windowScale) { peerShift = max(peerShift, Int(header.options.windowScale.shift)) }
      ourShift = shownEdge == nil ? ourShift : nil
    }
    let window = Int(header.window) << (header.isSYN ? 0 : peerShift)
    largestOffer = max(largestOffer, window)
    let number = header.isACK ? header.acknowledgement : iss + 1
    guard SequenceRange(from: iss, upTo: sendNext).containsOrEnds(at: number) else { return }
    offeredEdge = SequenceNumber.later(offeredEdge, number + window)
  }
}
