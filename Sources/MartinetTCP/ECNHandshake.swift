import MartinetWire

// The handshake of explicit congestion notification (RFC 3168 section 6.1.1, RFC 9768 section 3.1).

extension ECNMode {
  /// What the bits of a SYN ask for (RFC 9768 table 2): all but none and the classic ones ask for the accurate form (section 3.1.3).
  init(requestedBy flags: TCPFlags) {
    switch flags.notificationCode {
    case 0b000: self = .none
    case 0b011: self = .classic
    default: self = .accurate
    }
  }
}

extension Connection {
  /// What our SYN asks for. DCTCP without marks would be Reno (RFC 8257 section 3).
  var preferredNotification: ECNMode {
    switch options.ecn {
    case .off: .none
    case .answer: options.congestion == .dctcp ? .accurate : .none
    case .askClassic: .classic
    case .ask: .accurate
    }
  }

  // MARK: What leaves

  /// The bits of a SYN: none on the second repetition, nor if the peer answered with RST (RFC 3168 section 6.1.1.1, RFC 9768 section 3.1.4.1).
  mutating func notificationFlagsOfSYN() -> TCPFlags {
    let asked = ecn.isRefused || synRetransmissions > 1 ? .none : preferredNotification
    if ecn.offered == .none && asked != .none { ecn.offered = asked }
    // RFC 3168 section 6.1.1: whoever sends a SYN that does not ask sets no ECT.
    if asked == .none && ecn.offered == .classic { ecn.isRefused = true }
    switch asked {
    case .none: return []
    case .classic: return [.cwr, .ece]
    case .accurate: return .notification
    }
  }

  /// The bits of a SYN,ACK.
  mutating func notificationFlagsOfAnswer() -> TCPFlags {
    switch ecn.mode {
    case .none: return []
    case .classic:
      // Only in reply to a SYN that asks (RFC 3168 section 6.1.1).
      return ecn.isRequested ? .ece : []
    case .accurate:
      if synRetransmissions > 1 {
        // Perhaps the bits are what gets it lost (RFC 9768 section 3.2.3.2.2). Feedback goes on, ECT does not (section 3.1.5).
        ecn.mayMark = false
        return []
      }
      return TCPFlags(notificationCode: ecn.handshakeCodepoint.handshakeCode)
    }
  }

  /// The ECN field of a SYN or SYN,ACK: not ECN-capable (RFC 3168 section 6.1.1), but for DCTCP's first (RFC 8257 section 3.6).
  mutating func codepointOfSYN(_ flags: TCPFlags) -> ECNCodepoint {
    let isFirst = !self.flags.contains(.synRepeated)
    guard options.congestion == .dctcp, isFirst, !flags.isDisjoint(with: .notification) else { return .notECT }
    ecn.sentCodepoint = .ect0
    return .ect0
  }

  // MARK: What arrives

  /// The peer's first SYN, to a listener or across our own (RFC 9768 sections 3.1.1 and 3.1.2).
  mutating func notificationIsRequested(by header: TCPHeader, _ codepoint: ECNCodepoint) {
    let requested = ECNMode(requestedBy: header.flags)
    guard requested != .none || ecnPart.isPresent else { return }
    ecn.requested = requested
    ecn.isRequested = requested != .none
    ecn.handshakeCodepoint = codepoint
    // In a simultaneous open no more than our own SYN asked for, since the peer sees only that.
    let most = isPassive ? (options.ecn == .askClassic ? .classic : .accurate) : ecn.offered
    guard options.ecn != .off, most != .none else { return }
    // Who knows no AE takes all three bits for a classic request.
    ecn.mode = requested == .accurate && most == .classic ? .classic : requested
    ecn.mayMark = ecn.mode != .none && !(ecn.mode == .classic && ecn.isRefused)
    ecn.awaitsHandshakeCode = ecn.mode == .accurate
  }

  /// Another SYN of the peer's, before the handshake is complete; false if it asks for another form than the first, which leaves the two ends in
  /// doubt of each other (RFC 9768 section 3.1.5).
  mutating func notificationIsRequestedAgain(by header: TCPHeader, _ codepoint: ECNCodepoint) -> Bool {
    let requested = ECNMode(requestedBy: header.flags)
    guard requested != .none || ecnPart.isPresent else { return true }
    ecn.handshakeCodepoint = codepoint
    ecn.isRequested = requested != .none
    guard requested != .none else {
      ecn.mayMark = false
      return true
    }
    let isMixed = ecn.requested != .none && requested != ecn.requested
    return !isMixed || options.ecn == .off || options.ecn == .askClassic
  }

  /// The SYN,ACK that answers our SYN.
  mutating func notificationIsAnswered(by header: TCPHeader, _ codepoint: ECNCodepoint) {
    guard ecn.offered != .none else { return }
    let code = header.flags.notificationCode
    ecn.handshakeCodepoint = codepoint
    switch ecn.offered {
    case .none: return
    case .classic:
      // Both bits are but reflected (RFC 3168 section 6.1.1).
      if code & 3 == 1 { ecn.mode = .classic }
    case .accurate:
      switch code {
      case 0b000, 0b111: break
      case 0b001: ecn.mode = .classic
      default: ecn.mode = .accurate
      }
    }
    ecn.mayMark = ecn.mode != .none && !(ecn.mode == .classic && (ecn.isRefused || synRetransmissions > 1))
    if ecn.mode == .accurate { accurateAnswerArrives(header, codepoint) }
    if ecn.mode == .none && (ecn.isRefused || synRetransmissions > 1) { rare.notificationFailed = true }
  }

  /// Whether the peer answered only when our SYN did not ask for ECN; forgets it.
  package mutating func takeNotificationFailure() -> Bool {
    guard rarePart.isPresent, rare.notificationFailed else { return false }
    rare.notificationFailed = false
    return true
  }

  private mutating func accurateAnswerArrives(_ header: TCPHeader, _ codepoint: ECNCodepoint) {
    ecn.handshakeAcknowledgementDue = true
    ecn.option.demanded = 2
    ecn.option.awaitsData = true
    if codepoint == .congestionExperienced { ecn.counted.packets = MarkCounters.initialPackets + 1 }
    noteOptions(of: header)
    // 101 is for later use, and says that the SYN came as it was sent (RFC 9768 section 3.1.3).
    guard let seen = ECNCodepoint(handshakeCode: header.flags.notificationCode) else { return }
    ecn.synWasMarked = seen == .congestionExperienced
    judgeHandshake(seen)
  }

  /// Compares what our SYN or SYN,ACK arrived with to what it was sent with (RFC 9768 section 3.2.2.3): a path that changes what is not its to
  /// change gets no ECT. Which of several was seen is not known, so they don't count.
  mutating func judgeHandshake(_ seen: ECNCodepoint) {
    guard !flags.contains(.synRepeated) else { return }
    let isValid = seen == ecn.sentCodepoint || (ecn.sentCodepoint == .ect0 && seen == .congestionExperienced)
    if !isValid { ecn.mayMark = false }
  }

  /// A SYN,ACK that comes again is answered with what it came with (RFC 9768 section 3.2.2.1).
  mutating func notificationIsAnsweredAgain(by header: TCPHeader, _ codepoint: ECNCodepoint) {
    guard ecn.mode == .accurate, !isPassive, header.isACK, header.sequence == rcv.irs,
      header.flags.notificationCode & 6 != 0
    else { return }
    ecn.handshakeCodepoint = codepoint
    ecn.handshakeAcknowledgementDue = true
    if codepoint == .congestionExperienced && ecn.counted.packets == MarkCounters.initialPackets {
      ecn.counted.packets += 1
    }
  }

  /// A RST answers a SYN that asks: perhaps something on the way refuses the bits, so another asks without (RFC 3168 section 6.1.1.1); whether
  /// there is one to send.
  mutating func retriesWithoutNotification() -> Bool {
    guard ecn.offered != .none, !ecn.isRefused, synRetransmissions <= 1 else { return false }
    ecn.isRefused = true
    flags.insert(.synDue)
    return true
  }
}
