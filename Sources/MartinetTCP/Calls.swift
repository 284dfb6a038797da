import MartinetWire

// The user calls of RFC 9293 section 3.10.

extension Connection {
  /// SEND (section 3.10.2): queues as much of `bytes` as there is room for, pushed, and returns how much; 0 when the buffer is full.
  ///
  /// With `urgent` the last octet taken is the last urgent one (section 3.8.5). New programs do without urgent data (RFC 6093).
  public mutating func send(
    _ bytes: RawSpan, urgent: Bool = false, in environment: inout Environment, at now: Instant
  ) throws(CallError) -> Int {
    try checkOpenForSending()
    noteApplicationLimit()
    let room = flags.contains(.roomLent) ? 0 : roomToWrite
    let accepted = queue.append(bytes.extracting(0..<min(bytes.byteCount, room)), to: &environment.pool)
    if accepted < bytes.byteCount { flags.insert(.writerWaits) }
    if urgent && accepted > 0 {
      snd.up = finNumber
      // The peer hears of urgent data even behind a closed window (RFC 9293 section 3.8.5).
      if phase.isSynchronized && snd.wnd == 0 { debt.immediate = .newData }
    }
    return accepted
  }

  @inline(__always)
  func checkOpenForSending() throws(CallError) {
    if let endReason { throw .ended(endReason) }
    switch phase {
    case .synSent, .synReceived, .established, .closeWait:
      if flags.contains(.finQueued) { throw .closing }
    case .closed, .listen: throw .doesNotExist
    case .finWait1, .finWait2, .closing, .lastAck, .timeWait: throw .closing
    }
  }

  /// RECEIVE (section 3.10.3): copies octets that arrived in order into `target`.
  ///
  /// A read ends at the urgent mark. Unless the options keep urgent octets in line, the one before the mark is taken out of the stream.
  public mutating func receive(
    into target: inout MutableRawSpan, in environment: inout Environment, at now: Instant
  ) throws(CallError) -> Received {
    let readable = try readable(upTo: target.byteCount, in: &environment)
    if case .bytes(let count) = readable, count > 0 {
      environment.pool.copy(received, from: 0, limit: count, into: &target)
      environment.pool.removeFirst(count, from: &received)
      finishReading(count, in: &environment, at: now)
    }
    return readable
  }

  /// What a read of at most `limit` octets would bring.
  @inline(__always)
  mutating func readable(upTo limit: Int, in environment: inout Environment) throws(CallError) -> Received {
    if flags.contains(.inputShut) { return .endOfStream }
    dropUrgentOctet(in: &environment)
    let count = readableRun(limit: limit)
    if count > 0 { return .bytes(count) }
    if received.count > 0 { return limit == 0 ? .bytes(0) : .nothingYet }
    if let fin = rcv.fin, rcv.nxt.isAfter(fin) { return .endOfStream }
    if let endReason {
      if endReason == .closed { return .endOfStream }
      throw .ended(endReason)
    }
    if phase == .closed || phase == .listen { throw .doesNotExist }
    return limit == 0 ? .bytes(0) : .nothingYet
  }

  /// The program has `count` octets, which have left the buffer.
  @inline(always)
  mutating func finishReading(_ count: Int, in environment: inout Environment, at now: Instant) {
    forgetPassedUrgentMark()
    tuneReceiveBuffer(read: count, in: &environment, at: now)
    openWindow(in: &environment, at: now)
  }

  /// The octets that one read may take: up to the urgent mark, or to the octet before it if that one is not in line.
  @inline(__always)
  private func readableRun(limit: Int) -> Int {
    let available = min(limit, received.count)
    guard let ahead = urgentBytesAhead else { return available }
    return min(available, options.urgentInline ? ahead : ahead - 1)
  }

  @inline(__always)
  private mutating func dropUrgentOctet(in environment: inout Environment) {
    guard !options.urgentInline, urgentBytesAhead == 1, received.count > 0 else { return }
    environment.pool.removeFirst(1, from: &received)
    forgetPassedUrgentMark()
  }

  @inline(__always)
  private mutating func forgetPassedUrgentMark() {
    if urgentBytesAhead == nil { rcv.up = nil }
  }

  /// CLOSE (section 3.10.4): "I have no more data to send". A FIN follows what is queued; data still arrive.
  public mutating func close(in environment: inout Environment, at now: Instant) throws(CallError) {
    if let endReason { throw .ended(endReason) }
    switch phase {
    case .closed: throw .doesNotExist
    case .listen, .synSent:
      end(.aborted, on: .closeCall, in: &environment, at: now)
    case .synReceived where queue.count > 0:
      // Queued until the connection is established.
      flags.insert(.finQueued)
    case .synReceived, .established, .closeWait:
      if flags.contains(.finQueued) { throw .closing }
      flags.insert(.finQueued)
      move(on: .closeCall, in: &environment, at: now)
    case .finWait1, .finWait2, .closing, .lastAck, .timeWait: throw .closing
    }
  }

  /// Half of java.net's shutdownInput: what is there and what comes is thrown away, and acknowledged; the peer hears nothing of it.
  public mutating func stopReceiving(in environment: inout Environment, at now: Instant) {
    guard !flags.contains(.inputShut) else { return }
    flags.insert(.inputShut)
    environment.pool.release(received.take())
    rcv.up = nil
    events.insert(.readable)
    openWindow(in: &environment, at: now)
  }

  /// The program is gone. With unread data the peer gets an RST, since they are lost (RFC 9293 SHLD-3); else a FIN follows the queue, and
  /// what arrives later is answered with RST.
  public mutating func orphan(in environment: inout Environment, at now: Instant) {
    guard endReason == nil, phase != .closed else {
      environment.pool.release(received.take())
      return
    }
    if received.count > 0 || hasReordered {
      abort(in: &environment, at: now)
      return
    }
    flags.insert(.orphaned)
    if !flags.contains(.finQueued) {
      do throws(CallError) { try close(in: &environment, at: now) } catch {}
    }
    boundFinWait2(in: &environment, at: now)
  }

  /// A peer that never sends its FIN does not keep a record that no program holds.
  mutating func boundFinWait2(in environment: inout Environment, at now: Instant) {
    if flags.contains(.orphaned) && phase == .finWait2 {
      timers[.finWait2] = now + environment.configuration.orphanedFinWait2
    }
  }

  /// ABORT (section 3.10.5): everything queued is lost, and the peer gets an RST where it may know of the connection.
  public mutating func abort(in environment: inout Environment, at now: Instant) {
    switch phase {
    case .closed: environment.pool.release(received.take())
    case .listen, .synSent: end(.aborted, on: .abortCall, in: &environment, at: now)
    case .synReceived, .established, .finWait1, .finWait2, .closeWait:
      flags.insert(.resetDue)
      end(.aborted, on: .abortCall, in: &environment, at: now)
    case .closing, .lastAck, .timeWait: end(.aborted, on: .abortCall, in: &environment, at: now)
    }
    environment.pool.release(received.take())
  }

  /// Changes what a program may set.
  public mutating func setOptions(
    _ options: ConnectionOptions, in environment: inout Environment, at now: Instant
  ) {
    let previous = self.options
    common = environment.common(for: options)
    settleSegmentSize()
    guard endReason == nil, phase != .closed else { return }
    if options.keepAlive != previous.keepAlive || options.keepAliveIdle != previous.keepAliveIdle
      || options.deadPeerBound != previous.deadPeerBound
    {
      watchPeer(in: &environment, at: now)
    }
    if options.congestion != previous.congestion {
      congestion.change(to: options.congestion, path: congestion.window > 0 ? pathState(at: now) : nil)
    }
    if options.pathMTUDiscovery != previous.pathMTUDiscovery { discoveryChanged(in: &environment, at: now) }
    if options.advertisedUserTimeout != previous.advertisedUserTimeout { announceUserTimeout() }
    adoptUserTimeout(in: &environment, at: now)
    if options.userTimeout != previous.userTimeout { armUserTimeout(in: &environment, at: now) }
    if options.receiveBufferSize > previous.receiveBufferSize { openWindow(in: &environment, at: now) }
    if options.sendBufferSize > previous.sendBufferSize
      || options.maximumSendBufferSize > previous.maximumSendBufferSize
      || options.notSentLowWater != previous.notSentLowWater
    {
      offerRoom()
    }
  }

  /// Tells a writer that was refused that there is room again.
  @inline(__always)
  mutating func offerRoom() {
    // A third of what there can be: waking a writer for less costs more than it brings.
    if flags.contains(.writerWaits) && writableBytes * 3 >= roomLimit {
      flags.remove(.writerWaits)
      events.insert(.writable)
    }
  }
}
