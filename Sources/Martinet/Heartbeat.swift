import MartinetTCP

/// The heartbeat of an application protocol: when to ask a silent peer whether it lives, and when to believe that it does not.
///
/// It is the third layer of the detection of dead peers. Retransmissions that are given up and keep-alive probes tell of a dead host or wire;
/// only a question of the protocol itself tells of a program that no longer works behind a host that still acknowledges, or of a proxy
/// that answers for a peer it has lost.
///
/// It is a pure state machine: it has no thread and reads no clock, so that blocking and async code can drive it. Times are those of one
/// clock, such as ``NetworkStack/now``. Tell it of everything that is heard, ask ``check(at:)`` what to do, do it, and ask again at
/// ``deadline`` at the latest.
public struct Heartbeat: Hashable, Sendable {
  /// The silence after which a question is asked, and after which it is asked again.
  public let interval: Duration
  /// The silence after which the peer counts as lost.
  public let bound: Duration

  private var lastHeard: Duration
  private var firstAsked: Duration?
  private var lastAsked: Duration?
  private var questions = 0
  private var evidence: HeartbeatEvidence?

  /// What there is to do.
  public enum Step: Hashable, Sendable {
    /// Nothing, until then.
    case wait(until: Duration)
    /// Send the protocol's question.
    case ask
    /// Nobody has answered in time: end the connection. Every later step is the same.
    case lost(HeartbeatEvidence)
  }

  /// A heartbeat that begins at `now`, as if something had been heard then.
  ///
  /// - Parameters:
  ///   - interval: more than zero.
  ///   - bound: more than `interval`, so that at least one question is asked.
  /// - Throws: ``SocketError/Reason/invalidArgument(_:)``.
  public init(interval: Duration, bound: Duration, from now: Duration) throws(SocketError) {
    guard interval > .zero && bound > interval else {
      let text = "a heartbeat's interval is more than zero and its bound more than that, not \(interval) and \(bound)"
      throw SocketError(.setOption, nil, .invalidArgument(text))
    }
    self.interval = interval
    self.bound = bound
    lastHeard = now
  }

  /// Something of the peer was heard, be it the answer or anything else.
  public mutating func heard(at now: Duration) {
    guard evidence == nil else { return }
    lastHeard = max(lastHeard, now)
    firstAsked = nil
    lastAsked = nil
    questions = 0
  }

  /// When to ask ``check(at:)`` again, if nothing is heard before.
  public var deadline: Duration {
    guard let firstAsked, let lastAsked else { return lastHeard + interval }
    return min(lastAsked + interval, firstAsked + (bound - interval))
  }

  /// What there is to do at `now`.
  ///
  /// A peer has `bound` minus `interval` to answer the first question. Who is late to check, because the process was stopped or the machine slept, asks late, and
  /// the peer has as long as ever.
  public mutating func check(at now: Duration) -> Step {
    if let evidence { return .lost(evidence) }
    if let firstAsked, now >= firstAsked + (bound - interval) {
      let lost = HeartbeatEvidence(silence: now - lastHeard, questions: questions)
      evidence = lost
      return .lost(lost)
    }
    if now < deadline { return .wait(until: deadline) }
    firstAsked = firstAsked ?? now
    lastAsked = now
    questions += 1
    return .ask
  }

  /// The silence so far.
  public func silence(at now: Duration) -> Duration { now - lastHeard }
}

/// What speaks for a peer being gone: how long it was silent and what it was asked.
public struct HeartbeatEvidence: Hashable, Sendable {
  /// The time since something was heard.
  public var silence: Duration
  /// The questions since then; nobody answered one.
  public var questions: Int

  public init(silence: Duration, questions: Int) {
    self.silence = silence
    self.questions = questions
  }
}

extension HeartbeatEvidence: CustomStringConvertible {
  public var description: String {
    let noun = questions == 1 ? "question" : "questions"
    return "no heartbeat reply for \(Interval(silence).text), \(questions) \(noun) unanswered"
  }
}
