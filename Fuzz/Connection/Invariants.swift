import MartinetTCP
import MartinetWire

// What has to hold after every step.

extension Conversation {
  /// Takes everything that the connection has to say, and checks it and its figures.
  mutating func settle() {
    var departure = Departure()
    var left = 0
    let isQuiet = connection.isQuiet
    while connection.pollTransmit(into: &departure, maximumTrain: 0, in: &environment, at: now) != nil {
      check(departure)
      departure.release(to: &environment.pool)
      left += 1
      claim(!isQuiet, "a connection that is quiet has something to send")
      claim(left < 10_000, "segments leave without end")
    }
    _ = connection.pollEvents()
    while let event = environment.trace.poll() {
      if case .phaseChanged(let from, let to, let trigger) = event.kind {
        log("\(from.name) -> \(to.name)")
        // A host drops a record that is back in LISTEN, and what was written to it is gone.
        if to == .listen && from == .synReceived { isDropped = true }
        claim(from.after(trigger) == to, "the diagram has no way from \(from.name) to \(to.name) by \(trigger)")
      }
    }
    checkFigures()
  }

  private mutating func check(_ departure: borrowing Departure) {
    var octets: [UInt8] = []
    for index in departure.headerStart..<departure.headerEnd { octets.append(departure.header[index]) }
    guard let (header, length) = try? TCPHeader.parse(octets.span.bytes) else {
      claim(false, "a header leaves that can't be read")
      return
    }
    claim(length == octets.count, "a header is as long as it says")
    let count = departure.payloadCount
    log("> \(header.line(payload: count))")
    if header.options.has(.timestamps) { lastTimestamp = header.options.timestamps.value }
    checkPayload(departure, from: header.sequence.distance(from: iss) - (header.isSYN ? 0 : 1))
    if header.isRST { return }
    claim(!header.isSYN || count == 0 || (opensFast && !passive), "a SYN of ours carries no data")
    claim(header.sequence.isAtOrAfter(iss), "nothing leaves from before the SYN")
    let end = header.sequence + header.sequenceLength(payload: count)
    // SND.UNA may pass where the window stood when SND.WND was set: the edge that counts is the sum of both.
    let status = connection.status(in: environment, at: now)
    let edge = SequenceNumber.later(offeredEdge, status.sendUnacknowledged + status.sendWindow)
    // What left within it stays sent when the peer takes window back: SND.NXT does not move. The text of a SYN left before there was a window (RFC 7413).
    offeredEdge = header.isSYN ? SequenceNumber.later(edge, end) : edge
    // A probe of a closed window, and a FIN, go one octet beyond.
    claim(header.isSYN || end.distance(from: edge) <= 1, "\(end.distance(from: edge)) octets beyond the window")
    checkOurWindow(header)
  }

  private func checkPayload(_ departure: borrowing Departure, from start: Int) {
    var position = start
    departure.forEachPayloadRun { run in
      for index in 0..<run.byteCount {
        let octet = run.unsafeLoad(fromByteOffset: index, as: UInt8.self)
        claim(octet == Pattern.ours(position), "octet \(position) leaves as another than was written")
        position += 1
      }
    }
    claim(start < 0 || position <= written || departure.payloadCount == 0, "nothing leaves that was not written")
  }

  /// The right edge of our window never moves left, but for the rounding of a scale.
  private mutating func checkOurWindow(_ header: TCPHeader) {
    guard !header.isSYN, let shift = ourShift else { return }
    let edge = header.acknowledgement + Int(header.window) << shift
    if let shown = shownEdge { claim(edge.isAtOrAfter(shown), "the right edge moves \(edge.distance(from: shown))") }
    shownEdge = edge
  }

  private mutating func checkFigures() {
    let status = connection.status(in: environment, at: now)
    let outstanding = status.sendNext.distance(from: status.sendUnacknowledged)
    claim(outstanding >= 0, "SND.UNA passes SND.NXT by \(-outstanding)")
    claim(status.bytesInFlight >= 0 && status.bytesInFlight <= outstanding, "\(status.bytesInFlight) in flight")
    claim(status.sendWindow <= largestOffer, "a window of \(status.sendWindow) was never offered")
    claim(status.receiveWindow >= 0 && status.sendWindow >= 0, "a window is negative")
    claim(status.unreadBytes >= 0 && status.unsentBytes >= 0, "a queue is negative")
    let granule = 1 << 14
    claim(status.unreadBytes <= max(largestBuffer, 65535) + granule, "\(status.unreadBytes) octets unread")
    claim(connection.writableBytes >= 0, "room is negative")
    let timeout = status.retransmissionTimeout
    let knobs = environment.configuration
    if status.phase.isSynchronized {
      let synIsAcknowledged = status.sendUnacknowledged.isAfter(iss)
      claim(!synIsAcknowledged || status.congestionWindow > 0, "the congestion window is closed")
      claim(timeout >= knobs.minimumRetransmissionTimeout, "the timeout is \(timeout.nanoseconds) ns")
    }
    claim(timeout <= knobs.maximumRetransmissionTimeout, "the timeout is \(timeout.nanoseconds) ns")
    if connection.endReason != nil {
      claim(connection.phase == .closed, "an end is CLOSED")
      claim(connection.nextDeadline == .never, "nothing is due after the end")
    }
  }
}
