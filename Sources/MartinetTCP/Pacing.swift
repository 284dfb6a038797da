import MartinetWire

/// When data may leave that keep a pace (draft-ietf-ccwg-bbr sections 5.6.2 and 5.6.3).
struct Pacer {
  /// Unlike in the draft a departure that comes late is made good, by so much at most: a timer is seldom exact, and each delay would lower the rate.
  private static let credit = Interval.milliseconds(1)
  /// The largest quantum, in octets, and the time that its octets take at most where a rate is high.
  private static let largestQuantum = 65_536
  private static let quantumTime = Interval.milliseconds(1)

  /// C.next_send_time
  private(set) var nextDeparture = Instant.zero
  /// What is left of the quantum that leaves at once.
  private var rest = 0

  /// C.send_quantum: the octets that leave together.
  static func quantum(_ rate: Rate, segmentSize: Int) -> Int {
    max(min(rate.octets(in: quantumTime), largestQuantum), 2 * segmentSize)
  }

  /// The octets that may leave now; none before ``nextDeparture``.
  mutating func allowance(quantum: Int, at now: Instant) -> Int {
    if nextDeparture <= now { rest = quantum }
    return max(rest, 0)
  }

  /// `octets` left.
  mutating func left(_ octets: Int, rate: Rate, at now: Instant) {
    let earliest = Instant(nanoseconds: now.nanoseconds - Pacer.credit.nanoseconds)
    nextDeparture = max(nextDeparture, earliest) + rate.time(for: octets)
    rest -= octets
  }
}

extension Connection {
  /// How fast data may leave; nil if they do not keep a pace.
  @inline(__always)
  var pacingRate: Rate? { options.pacing || congestion.algorithm == .bbr ? rateOfPace : nil }

  private var rateOfPace: Rate? {
    congestion.pacingRate(isPaced: options.pacing, smoothedRoundTrip: roundTrip.smoothed)
  }

  /// How many of the `octets` that could leave may leave by their pace: full segments, unless all of them may. If none may, the timer says when.
  @inline(__always)
  mutating func paced(_ octets: Int, optionLength: Int, at now: Instant) -> Int {
    guard octets > 0, let rate = pacingRate else { return octets }
    return paced(octets, by: rate, optionLength: optionLength, at: now)
  }

  private mutating func paced(_ octets: Int, by rate: Rate, optionLength: Int, at now: Instant) -> Int {
    let allowance = pacer.allowance(
      quantum: Pacer.quantum(rate, segmentSize: segmentSize), at: now)
    guard allowance > 0 else {
      timers[.pacing] = pacer.nextDeparture
      return 0
    }
    let full = payloadLimit(optionLength: optionLength)
    return octets <= allowance ? octets : min(octets, max(full, allowance / full * full))
  }

  /// `octets` of data left.
  @inline(__always)
  mutating func paceLeft(_ octets: Int, at now: Instant) {
    timers.cancel(.pacing)
    if let rate = pacingRate { pacer.left(octets, rate: rate, at: now) }
  }
}
