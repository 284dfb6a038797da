import MartinetWire

extension Connection {
  // MARK: What a SYN says

  /// Takes the options of the peer's SYN or SYN,ACK; what counts is what both sides offer.
  mutating func negotiate(_ header: TCPHeader, in environment: inout Environment, at now: Instant) {
    let configuration = environment.configuration
    let offered = header.options
    if offered.has(.maximumSegmentSize) && offered.maximumSegmentSize > 0 {
      // An absurd size would make nothing but headers.
      snd.peerSegmentSize = max(Int(offered.maximumSegmentSize), configuration.minimumSegmentSize)
    }
    negotiated.sack = offered.has(.sackPermitted) && configuration.selectiveAcknowledgement
    negotiated.windowScaling = offered.has(.windowScale) && configuration.windowScaling
    if negotiated.windowScaling {
      snd.scale = offered.windowScale
    } else {
      rcv.scale = .none
    }
    negotiated.timestamps = offered.has(.timestamps) && configuration.timestamps
    settleSegmentSize()
    if negotiated.timestamps {
      rcv.timestampRecent = offered.timestamps.value
      rcv.timestampRecentAt = now
    }
    takeUserTimeout(of: header, in: &environment, at: now)
    rcv.irs = header.sequence
    rcv.nxt = header.sequence + 1
    rcv.edge = rcv.nxt + min(options.receiveBufferSize, 0xFFFF)
    rcv.lastAckSent = rcv.nxt
  }

  /// The handshake is complete; a CLOSE that waited for that follows.
  mutating func establish(on trigger: Trigger, in environment: inout Environment, at now: Instant) {
    move(on: trigger, in: &environment, at: now)
    beginTransfer(in: &environment, at: now)
    if flags.contains(.finQueued) { move(on: .closeCall, in: &environment, at: now) }
  }

  /// The congestion window begins, and with it the timers of a standing connection.
  mutating func beginTransfer(in environment: inout Environment, at now: Instant) {
    flags.remove(.synDue)
    beginPathSearch(in: &environment, at: now)
    beginCongestionControl(in: &environment, at: now)
    if synRetransmissions > 0 { roundTrip.handshakeTimedOut() }
    // What was asked for and not agreed on is over.
    if ecn.mode == .none { ecnPart.drop() }
    timers.cancel(.retransmission)
    timers.cancel(.userTimeout)
    recovery.silentSince = .never
    recovery.timeouts = 0
    flags.remove(.warned)
    keepAlive.lastHeard = now
    watchPeer(in: &environment, at: now)
    if options.advertisedUserTimeout > .zero { flags.insert(.userTimeoutDue) }
    events.insert([.connected, .writable])
  }

  /// The initial window (RFC 5681 section 3.1, RFC 6928).
  mutating func beginCongestionControl(in environment: inout Environment, at now: Instant) {
    let window = Congestion.initialWindow(
      segments: environment.configuration.initialWindowSegments, segmentSize: segmentSize,
      handshakeWasLossy: synRetransmissions > 1)
    let path = options.congestion == .bbr ? pathState(at: now) : nil
    congestion.begin(options.congestion, window: window, path: path)
    traceCongestion(.initialWindow, in: &environment, at: now)
  }

  /// SND.WND from a segment whose window counts for sure (RFC 9293 section 3.10.7.3); `isSYN` windows are not scaled.
  mutating func takeWindow(of header: TCPHeader) {
    let shift = header.isSYN ? 0 : Int(snd.scale.shift)
    takeWindow(Int(header.window) << shift, header.sequence, header.acknowledgement)
  }

  /// SND.WND, SND.WL1 and SND.WL2.
  @inline(__always)
  mutating func takeWindow(_ window: Int, _ sequence: SequenceNumber, _ acknowledgement: SequenceNumber) {
    snd.wnd = window
    snd.maximumWindow = max(snd.maximumWindow, snd.wnd)
    snd.wl1 = sequence
    snd.wl2 = acknowledgement
  }

  func traceCongestion(_ cause: CongestionCause, in environment: inout Environment, at now: Instant) {
    trace(
      .congestion(
        window: congestion.window, threshold: congestion.threshold, inFlight: scoreboard.inFlight, cause),
      in: &environment, at: now)
  }

  // MARK: Segment sizes

  /// The octets of an IP header without options.
  var networkHeaderLength: Int { remote.address.isIPv4 ? 20 : 40 }

  /// Eff.snd.MSS for a segment with so many octets of TCP options (RFC 9293 section 3.7.1).
  @inline(__always)
  func payloadLimit(optionLength: Int) -> Int { max(1, spaceForOptionsAndText - optionLength) }

  /// The same if the path took packets of `size` octets.
  func payloadLimit(optionLength: Int, ofPackets size: Int) -> Int { max(1, space(inPackets: size) - optionLength) }

  /// Works ``spaceForOptionsAndText``, ``segmentSize`` and ``offeredSegmentSize`` out, after each change of the path, of what the peer offered or of the options.
  mutating func settleSegmentSize() {
    let size = UInt16(max(64, min(linkMTU - networkHeaderLength - 20, 0xFFFF)))
    offeredSegmentSize = options.maximumSegmentSize > 0 ? min(size, options.maximumSegmentSize) : size
    spaceForOptionsAndText = space(inPackets: pathMTU)
    segmentSize = payloadLimit(optionLength: negotiated.timestamps ? 12 : 0)
  }

  /// The octets behind the header of a segment in a packet of `size` octets, as far as the peer and the program want them.
  private func space(inPackets size: Int) -> Int {
    let mmsS = size - networkHeaderLength
    var limit = min(snd.peerSegmentSize + 20, mmsS)
    if options.maximumSegmentSize > 0 { limit = min(limit, Int(options.maximumSegmentSize) + 20) }
    return limit - 20
  }

  // MARK: Timestamps

  /// TSval: a millisecond clock with an offset of the pair's own (RFC 7323 sections 4.1 and 7.1).
  func timestamp(at now: Instant) -> UInt32 {
    UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000) &+ timestampOffset
  }
}
