import MartinetWire

// TCP Fast Open (RFC 7413): text in the SYN, on the strength of a cookie that an earlier handshake brought.

/// What a SYN or SYN,ACK of ours has to do with Fast Open.
public struct FastOpen: Sendable {
  /// What the option carries: in a SYN the cookie of an earlier handshake, or an empty one to ask for one; in a SYN,ACK a new cookie for the
  /// client. Nil: there is no option.
  public var cookie: FastOpenCookie?
  /// For an active open with a cookie: the peer's MSS in the handshake that brought it (RFC 7413 section 4.1.3).
  public var peerSegmentSize: Int
  /// For a passive open: the SYN's cookie is a valid one, so that its text may be delivered before the handshake is complete.
  public var acceptsText: Bool

  public init(cookie: FastOpenCookie?, peerSegmentSize: Int = 0, acceptsText: Bool = false) {
    self.cookie = cookie
    self.peerSegmentSize = peerSegmentSize
    self.acceptsText = acceptsText
  }
}

/// What an active open with the option taught about the server.
public enum FastOpenLesson: Sendable {
  /// The server gave a cookie, and offered this MSS.
  case cookie(FastOpenCookie, peerSegmentSize: Int)
  /// The server took the text of the SYN: the cookie that it carried is good.
  case accepted
  /// The server took no text, and gave no cookie.
  case refused
  /// The SYN got no answer: perhaps something on the way drops what it does not know (RFC 7413 section 7.1).
  case unanswered
}

extension Connection {
  /// Whether our SYN is not yet acknowledged.
  public var awaitsHandshake: Bool { endReason == nil && phase != .closed && !flags.contains(.synAcknowledged) }

  /// Whether the peer's text was delivered, or may be, before the handshake is complete.
  public var isFastOpened: Bool { flags.contains(.fastOpened) }

  /// What was learned; forgets it.
  public mutating func takeFastOpenLesson() -> FastOpenLesson? { fastOpenLesson.take() }

  // MARK: Client

  /// The octets of the queue that may go with the first SYN: with a cookie, and as many as the peer took then (RFC 7413 section 4.1.3).
  func textForSYN(optionLength: Int) -> Int {
    guard phase == .synSent, snd.nxt == snd.iss, let fastOpen, let cookie = fastOpen.cookie, cookie.count > 0 else {
      return 0
    }
    var limit = min(fastOpen.peerSegmentSize, pathMTU - networkHeaderLength - 20)
    if options.maximumSegmentSize > 0 { limit = min(limit, Int(options.maximumSegmentSize)) }
    return max(0, min(queue.count, limit - optionLength))
  }

  /// Takes note of what the SYN,ACK says of the option that our SYN had.
  mutating func learnFastOpen(from header: TCPHeader) {
    guard let asked = fastOpen?.cookie, !isPassive else { return }
    let given = header.options.fastOpenCookie
    if header.options.has(.fastOpen) && given.count > 0 {
      fastOpenLesson = .cookie(given, peerSegmentSize: snd.peerSegmentSize)
    } else if asked.count > 0 && header.acknowledgement.isAfter(snd.iss + 1) {
      fastOpenLesson = .accepted
    } else if synRetransmissions == 0 && (flags.contains(.textInSYN) || asked.count == 0) {
      fastOpenLesson = .refused
    }
  }

  /// The text of our SYN, as far as the first acknowledgement does not cover it, is as good as never sent, and leaves again at once (RFC 7413 section 4.2.2).
  mutating func takeBackRefusedText() {
    guard flags.contains(.textInSYN), snd.una != snd.nxt else { return }
    statistics.bytesSent -= UInt64(snd.nxt.distance(from: snd.una))
    scoreboard.removeAll()
    snd.nxt = snd.una
    flags.insert(.textRefused)
  }

  // MARK: Server

  /// Delivers the text of a SYN whose cookie is valid; the SYN,ACK acknowledges it. Text without a valid cookie is not taken.
  mutating func takeTextOfSYN(_ segment: inout ArrivingSegment, _ environment: inout Environment) {
    guard let fastOpen, fastOpen.acceptsText else { return }
    flags.insert(.fastOpened)
    // What answers may leave before the handshake is complete, within the initial window (RFC 7413 section 4.2.2).
    beginCongestionControl(in: &environment, at: segment.now)
    segment.header.sequence += 1
    segment.header.flags.remove(.syn)
    environment.pool.keepFirst(min(segment.payload.count, rcv.wnd), of: &segment.payload)
    seventhProcessText(&segment, &environment)
  }
}
