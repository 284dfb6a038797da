import MartinetWire

/// What few connections need.
struct RareState: ~Copyable {
  /// What the SYN or SYN,ACK has to do with Fast Open.
  var fastOpen: FastOpen?
  var fastOpenLesson: FastOpenLesson?
  /// The peer answered only when our SYN did not ask for ECN.
  var notificationFailed = false
  /// Segments that came without the timestamps that were agreed on.
  var withoutTimestamps: UInt32 = 0
  var userTimeout = UserTimeoutState()
  /// The budget of challenge acknowledgements, and that of answers to probes that an attacker may have forged.
  var challenges = ChallengeBudget()
  var probeAnswers = ChallengeBudget()
  var reassembly = Reassembly()
  var endReason: EndReason?
  /// What is being found out about the path, if anything is.
  var search = Part<PathSearch>()
}

extension Connection {
  var fastOpen: FastOpen? {
    get { rare.fastOpen }
    set { if newValue != nil || rarePart.isPresent { rare.fastOpen = newValue } }
  }

  var fastOpenLesson: FastOpenLesson? {
    get { rare.fastOpenLesson }
    set { if newValue != nil || rarePart.isPresent { rare.fastOpenLesson = newValue } }
  }

  var userTimeout: UserTimeoutState {
    get { rare.userTimeout }
    set { if newValue != rare.userTimeout { rare.userTimeout = newValue } }
  }

  var challenges: ChallengeBudget {
    get { rare.challenges }
    set { rare.challenges = newValue }
  }

  var probeAnswers: ChallengeBudget {
    get { rare.probeAnswers }
    set { rare.probeAnswers = newValue }
  }

  var reassembly: Reassembly {
    @inline(__always) _read { yield rare.reassembly }
    @inline(__always) _modify { yield &rare.reassembly }
  }

  /// Why the connection is over; nil while it is not. What nearly all come to takes no memory.
  public internal(set) var endReason: EndReason? {
    get { flags.contains(.ended) ? rare.endReason ?? .closed : nil }
    set {
      if newValue == nil { flags.remove(.ended) } else { flags.insert(.ended) }
      if newValue != .closed || rarePart.isPresent { rare.endReason = newValue }
    }
  }

  /// Whether there is an ``endReason``.
  @inline(__always)
  var isOver: Bool { flags.contains(.ended) }

  /// Whether both sides speak of congestion marks.
  @inline(__always)
  var usesECN: Bool { ecnPart.isPresent && ecn.mode != .none }

  /// Whether anything waits for what is missing before it.
  var hasReordered: Bool { rarePart.isPresent && !rare.reassembly.isEmpty }
}
