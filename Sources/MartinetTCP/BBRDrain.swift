// BBR's Drain (draft-ietf-ccwg-bbr section 5.3.2).

extension BBR {
  /// Rounds after which Drain ends whatever is in flight: the bandwidth was overestimated.
  private static let longestDrain = 3

  /// EnterDrain
  mutating func enterDrain() {
    state = .drain
    cycle.drainStart = rounds.count
  }

  /// CheckDrainDone
  mutating func checkDrainDone() {
    guard state == .drain else { return }
    if path.inFlight <= targetFlight(of: usableBandwidth) || rounds.count > cycle.drainStart + BBR.longestDrain {
      startDown()
    }
  }
}
