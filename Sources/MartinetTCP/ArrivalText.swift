import MartinetWire

// RFC 9293 section 3.10.7.4: what a segment brings.

extension Connection {
  // MARK: Sixth, check the URG bit

  mutating func sixthCheckUrgent(_ segment: borrowing ArrivingSegment, _ environment: inout Environment) {
    guard segment.header.flags.contains(.urg) else { return }
    switch phase {
    case .established, .finWait1, .finWait2: break
    default: return
    }
    // The pointer is behind the last urgent octet (section 3.8.5, MUST-62).
    let up = segment.header.sequence + Int(segment.header.urgentPointer)
    guard up.isAfter(readPosition) else { return }
    if let known = rcv.up, !up.isAfter(known) { return }
    rcv.up = up
    // One signal for each advance (MUST-32).
    events.insert(.urgent)
  }

  // MARK: Seventh, process the segment text

  mutating func seventhProcessText(_ segment: inout ArrivingSegment, _ environment: inout Environment) {
    guard segment.payload.count > 0 else { return }
    switch phase {
    case .established, .finWait1, .finWait2: break
    case .synReceived where isFastOpened: break
    default:
      drop(segment, .dataAfterFin, &environment)
      return
    }
    if flags.contains(.orphaned) {
      // Nobody will ever read it: the peer is to know (section 3.6.1, SHLD-3).
      drop(segment, .dataAfterClose, &environment)
      flags.insert(.resetDue)
      end(.aborted, on: .abortCall, in: &environment, at: segment.now)
      return
    }
    let start = segment.header.sequence
    let range = SequenceRange(from: start, count: segment.payload.count)
    rcv.segmentSize = max(
      rcv.segmentSize, segment.facts.segmentSize > 0 ? segment.facts.segmentSize : range.count)
    let overlap = hasReordered ? reassembly.firstOverlap(with: range) : nil
    // Of several old parts the first is reported (RFC 2883 section 4.2).
    if debt.duplicateRange == nil { debt.duplicateRange = overlap }
    if start == rcv.nxt {
      let chain = segment.payload.take()
      inOrder(range, chain, overlaps: overlap != nil, &environment, at: segment.now)
      let options = segment.header.options
      measureAsReceiver(echo: options.has(.timestamps) ? options.timestamps.echo : 0, at: segment.now)
    } else {
      outOfOrder(range, segment.payload.take(), segment, &environment)
    }
  }

  /// Whether a segment has full text that comes next in order, and nothing is out of order.
  package func expects(_ sequence: SequenceNumber, payload: Int) -> Bool {
    phase.isSynchronized && sequence == rcv.nxt && payload >= rcv.segmentSize && !hasReordered
  }

  private mutating func inOrder(
    _ range: SequenceRange, _ chain: consuming PageChain, overlaps: Bool, _ environment: inout Environment,
    at now: Instant
  ) {
    let filledGap = hasReordered
    let before = rcv.nxt
    if overlaps {
      // Octets that were reported as held do not change: the new ones fill the gaps between them.
      _ = reassembly.insert(range, chain, limit: Int.max, in: &environment.pool)
    } else {
      deliver(chain, &environment)
    }
    while hasReordered, let next = reassembly.take(at: rcv.nxt, in: &environment.pool) {
      deliver(next, &environment)
    }
    let octets = rcv.nxt.distance(from: before)
    statistics.bytesReceived += UInt64(octets)
    events.insert(.readable)
    // A segment that fills a gap, all or part of it, is acknowledged at once (RFC 5681 section 3.2).
    if filledGap { owe(.acknowledgement) }
    countArrival(range.count, &environment, at: now)
  }

  @inline(__always)
  mutating func deliver(_ chain: consuming PageChain, _ environment: inout Environment) {
    rcv.nxt += chain.count
    if flags.contains(.inputShut) {
      environment.pool.release(chain)
    } else {
      environment.pool.append(chain, to: &received)
    }
  }

  private mutating func outOfOrder(
    _ range: SequenceRange, _ chain: consuming PageChain, _ segment: borrowing ArrivingSegment,
    _ environment: inout Environment
  ) {
    statistics.reorderedSegments += 1
    noteDisorder()
    // A gap costs at least a page, so the gaps are bounded by the buffer in pages; and small segments that come in reverse
    // take a page each, so the pages are bounded, too.
    let bufferPages = receiveBufferSize / PagePool.pageSize
    let limit = min(environment.configuration.maximumRecords, max(64, bufferPages))
    if reassembly.pages >= 64 + 4 * bufferPages {
      environment.pool.release(chain)
      drop(segment, .noRoom, &environment)
      owe(.duplicateAcknowledgement)
      return
    }
    switch reassembly.insert(range, chain, limit: limit, in: &environment.pool) {
    case .stored, .duplicate: break
    case .refused: drop(segment, .noRoom, &environment)
    }
    owe(.duplicateAcknowledgement)
  }

  /// Delayed acknowledgement (section 3.8.6.3): at once for every second full segment and at the start of a flow, else by the timer.
  @inline(__always)
  mutating func countArrival(_ octets: Int, _ environment: inout Environment, at now: Instant) {
    debt.octets += octets
    let full = max(1, rcv.segmentSize)
    if octets >= full { debt.segments += octets < 2 * full ? 1 : octets / full }
    if debt.quick > 0 || options.quickAcknowledgement {
      debt.quick = max(0, debt.quick - 1)
      owe(.acknowledgement)
    } else if debt.segments >= 2 || debt.octets >= 2 * full {
      owe(.acknowledgement)
    } else if !timers.isSet(.delayedAcknowledgement) {
      timers[.delayedAcknowledgement] = now + environment.configuration.delayedAcknowledgement
    }
  }

  // MARK: Eighth, check the FIN bit

  mutating func eighthCheckFIN(_ segment: borrowing ArrivingSegment, _ environment: inout Environment) {
    if endReason != nil { return }
    if let number = segment.fin, rcv.fin == nil {
      rcv.fin = number
      // A FIN ahead of missing text is acknowledged as any segment out of order is, once with the text it came with.
      if number != rcv.nxt && number == segment.textStart { owe(.duplicateAcknowledgement) }
    }
    guard let fin = rcv.fin, fin == rcv.nxt else { return }
    finArrives(in: &environment, at: segment.now)
  }

  /// Everything before the peer's FIN is here: RCV.NXT passes it.
  mutating func finArrives(in environment: inout Environment, at now: Instant) {
    switch phase {
    case .established, .finWait1, .finWait2: break
    default: return
    }
    rcv.nxt += 1
    if hasReordered { reassembly.removeAll(in: &environment.pool) }
    events.insert([.readable, .peerClosed])
    owe(.acknowledgement)
    move(on: .finArrives, in: &environment, at: now)
    if phase == .timeWait { restartTimeWait(in: &environment, at: now) }
  }
}
