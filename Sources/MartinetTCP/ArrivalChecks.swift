import MartinetWire

// RFC 9293 section 3.10.7.4: the checks that decide whether a segment counts at all.

extension Connection {
  // MARK: First, check sequence number

  /// PAWS (RFC 7323 section 5.3), then the acceptability test, then trimming to the window.
  mutating func firstCheckSequenceNumber(
    _ segment: inout ArrivingSegment, _ environment: inout Environment
  ) -> Bool {
    // A SYN in a synchronized state is answered wherever it stands (RFC 5961 section 4.2): the fourth check does.
    if segment.header.isSYN && !segment.header.isRST && phase.isSynchronized { return true }
    guard timestampIsAcceptable(segment, &environment) else { return false }
    if phase == .synReceived && segment.header.isSYN && !segment.header.isRST && segment.header.sequence == rcv.irs {
      guard segment.header.isACK else {
        // The peer repeats its SYN, with text or without: ours was lost.
        drop(segment, .outsideWindow, &environment)
        guard notificationIsRequestedAgain(by: segment.header, segment.facts.ecn) else {
          flags.insert(.resetDue)
          end(.aborted, on: .abortCall, in: &environment, at: segment.now)
          return false
        }
        flags.insert(.synDue)
        return false
      }
      // The other half of a simultaneous open: its SYN is known, its ACK counts (section 3.5 and appendix A.2).
      segment.header.flags.remove(.syn)
      segment.header.sequence += 1
      segment.hadSYN = true
    }
    if !isAcceptable(segment) {
      if segment.header.isRST {
        drop(segment, .resetOutsideWindow, &environment)
      } else {
        answerUnacceptable(segment, &environment)
      }
      // Appendix A.2: the ACK field of a segment just outside counts, or two zero windows would lock each other.
      return isJustOutside(segment) && !segment.header.isRST && !segment.header.isSYN && emptied(&segment, &environment)
    }
    segment.renewsTimestamp = !segment.header.sequence.isAfter(rcv.lastAckSent) && !timestampIsOlder(segment)
    trim(&segment, &environment)
    return true
  }

  /// The four cases of the acceptability test, modulo 2^32.
  func isAcceptable(_ segment: borrowing ArrivingSegment) -> Bool {
    let sequence = segment.header.sequence
    // The octets behind an RST are a message to people, and take no window (section 3.5.3).
    let length = segment.header.isRST ? 0 : segment.length
    // What any acknowledgement ever offered is in the window (RFC 7323 section 2.4).
    let window = rcv.wnd
    if window == 0 { return length == 0 && sequence == rcv.nxt }
    let range = SequenceRange(from: rcv.nxt, count: window)
    if range.contains(sequence) { return true }
    return length > 0 && range.contains(sequence + (length - 1))
  }

  /// A segment that begins at RCV.NXT when the window is closed: a probe. Or one without text behind the octet of a probe, from a peer whose SND.NXT that has moved.
  private func isJustOutside(_ segment: borrowing ArrivingSegment) -> Bool {
    guard segment.header.isACK, rcv.wnd == 0, phase != .timeWait else { return false }
    return segment.header.sequence == rcv.nxt || (segment.length == 0 && segment.header.sequence == rcv.nxt + 1)
  }

  /// Leaves of a segment only its header, so that its text is not taken.
  private mutating func emptied(_ segment: inout ArrivingSegment, _ environment: inout Environment) -> Bool {
    environment.pool.release(segment.payload.take())
    segment.header.flags.remove(.fin)
    return true
  }

  private mutating func answerUnacceptable(_ segment: borrowing ArrivingSegment, _ environment: inout Environment) {
    drop(segment, .outsideWindow, &environment)
    if phase == .timeWait {
      if segment.header.isFIN { restartTimeWait(in: &environment, at: segment.now) }
      owe(.duplicateAcknowledgement)
      return
    }
    reportIfKnown(segment)
    let configuration = environment.configuration
    if segment.payload.count > 0 || segment.header.isFIN {
      owe(.duplicateAcknowledgement)
    } else if isProbe(segment) {
      // Within a budget of their own: two peers that an attacker has put one octet apart would answer for ever.
      let limit = configuration.challengeLimit
      if probeAnswers.spend(limit: limit, interval: configuration.challengeInterval, at: segment.now) {
        owe(.duplicateAcknowledgement)
      }
    } else {
      // An empty segment from nowhere is answered within the budget, or two lost peers would answer for ever (RFC 5961 section 7).
      challenge(in: &environment, at: segment.now)
    }
  }

  /// Text that is here already is reported (RFC 2883 section 4).
  mutating func reportIfKnown(_ segment: borrowing ArrivingSegment) {
    guard segment.payload.count > 0, !segment.end.isAfter(rcv.nxt) else { return }
    debt.duplicateRange = SequenceRange(from: segment.header.sequence, upTo: segment.end)
  }

  /// A keep-alive, or a probe of a window that we closed: answered (RFC 9293 sections 3.8.4 and 3.8.6.1).
  private func isProbe(_ segment: borrowing ArrivingSegment) -> Bool {
    segment.header.sequence == rcv.nxt - 1 || segment.header.sequence == rcv.nxt
  }

  /// Cuts what lies outside the window off both ends.
  private mutating func trim(_ segment: inout ArrivingSegment, _ environment: inout Environment) {
    let stale = rcv.nxt.distance(from: segment.header.sequence)
    if stale > 0 {
      let octets = min(stale, segment.payload.count)
      if octets > 0 {
        debt.duplicateRange = SequenceRange(from: segment.header.sequence, count: octets)
        environment.pool.removeFirst(octets, from: &segment.payload)
      }
      segment.header.sequence = rcv.nxt
      if segment.header.flags.contains(.urg) {
        let pointer = max(0, Int(segment.header.urgentPointer) - stale)
        segment.header.urgentPointer = UInt16(pointer)
        if pointer == 0 { segment.header.flags.remove(.urg) }
      }
    }
    let excess = segment.end.distance(from: rcv.edge)
    if excess > 0 && rcv.wnd > 0 {
      var octets = excess
      if segment.header.isFIN {
        segment.header.flags.remove(.fin)
        octets -= 1
      }
      environment.pool.keepFirst(max(0, segment.payload.count - octets), of: &segment.payload)
    }
  }

  // MARK: Second, check the RST bit (and RFC 5961 section 3.2)

  mutating func secondCheckReset(_ segment: borrowing ArrivingSegment, _ environment: inout Environment) -> Bool {
    guard segment.header.isRST else { return true }
    if phase == .timeWait {
      // Unlike section 3.10.7.4 a RST does not end TIME-WAIT (RFC 1337 section 3).
      drop(segment, .resetInTimeWait, &environment)
      return false
    }
    guard segment.header.sequence == rcv.nxt else {
      drop(segment, .resetNotAtLeftEdge, &environment)
      challenge(in: &environment, at: segment.now)
      return false
    }
    if phase == .synReceived {
      if isPassive && !isFastOpened {
        releaseMemory(in: &environment)
        timers.cancelAll()
        flags.remove(.synDue)
        debt.clear()
        move(on: .resetOfPassiveOpen, in: &environment, at: segment.now)
      } else {
        // A program may have read what a Fast Open SYN brought: it hears of the end.
        end(isPassive ? .reset(in: phase) : .refused, on: .resetArrives, in: &environment, at: segment.now)
      }
    } else {
      end(.reset(in: phase), on: .resetArrives, in: &environment, at: segment.now)
    }
    return false
  }

  // MARK: Fourth, check the SYN bit (and RFC 5961 section 4.2)

  mutating func fourthCheckSYN(_ segment: borrowing ArrivingSegment, _ environment: inout Environment) -> Bool {
    guard segment.header.isSYN else { return true }
    drop(segment, .synInSynchronizedState, &environment)
    if phase == .timeWait {
      // A SYN that opens no new incarnation is not answered (RFC 6191 section 2).
      return false
    }
    if phase == .synReceived && isPassive && !isFastOpened {
      releaseMemory(in: &environment)
      timers.cancelAll()
      flags.remove(.synDue)
      move(on: .resetOfPassiveOpen, in: &environment, at: segment.now)
    } else if challenge(in: &environment, at: segment.now) {
      notificationIsAnsweredAgain(by: segment.header, segment.facts.ecn)
    }
    return false
  }

  // MARK: Answers

  /// An acknowledgement leaves at once.
  mutating func owe(_ reason: TransmissionReason) {
    if debt.immediate == nil { debt.immediate = reason }
    if reason == .duplicateAcknowledgement && !negotiated.sack { debt.duplicates = min(debt.duplicates + 1, 64) }
  }

  /// A challenge acknowledgement, if the budget allows (RFC 5961 section 7); whether it does.
  @discardableResult
  mutating func challenge(in environment: inout Environment, at now: Instant) -> Bool {
    let configuration = environment.configuration
    guard
      challenges.spend(limit: configuration.challengeLimit, interval: configuration.challengeInterval, at: now)
    else { return false }
    statistics.challenges += 1
    debt.immediate = .challengeAcknowledgement
    return true
  }
}
