// BBR's states (draft-ietf-ccwg-bbr section 5.1) and what each does to the control parameters (section 5.6.1).

extension BBR {
  package enum State: UInt8, Sendable, CaseIterable {
    /// Startup: looks for the bandwidth, doubling the rate in each round trip.
    case startup
    /// Drain: empties the queue that Startup made.
    case drain
    /// ProbeBW_DOWN: sends less than the path takes.
    case down
    /// ProbeBW_CRUISE: sends as much as the path takes.
    case cruise
    /// ProbeBW_REFILL: fills the path, without a queue.
    case refill
    /// ProbeBW_UP: sends more than the path is known to take.
    case up
    /// ProbeRTT: keeps the flight small to see the round trip without a queue.
    case probeRoundTrip

    /// BBR.pacing_gain, in percent.
    var pacingGain: Int {
      switch self {
      case .startup: 277
      case .drain: 50
      case .down: 90
      case .cruise, .refill, .probeRoundTrip: 100
      case .up: 125
      }
    }

    /// BBR.cwnd_gain, in percent.
    var windowGain: Int {
      switch self {
      case .startup, .drain, .down, .cruise, .refill: 200
      case .up: 225
      case .probeRoundTrip: 50
      }
    }

    /// IsInAProbeBWState
    var isOfProbeCycle: Bool {
      switch self {
      case .down, .cruise, .refill, .up: true
      case .startup, .drain, .probeRoundTrip: false
      }
    }

    /// IsProbingBW: whether the state looks for more bandwidth, so that losses say how much is too much.
    var isProbingBandwidth: Bool {
      switch self {
      case .startup, .refill, .up: true
      case .drain, .down, .cruise, .probeRoundTrip: false
      }
    }

    /// Why the window changes in this state.
    var cause: CongestionCause {
      switch self {
      case .startup: .startup
      case .drain: .drain
      case .down: .probingDown
      case .cruise: .cruising
      case .refill: .refilling
      case .up: .probingUp
      case .probeRoundTrip: .probingRoundTrip
      }
    }
  }
}
