/// Proportional rate reduction (RFC 9937): how much may leave for each acknowledgement in fast recovery.
package struct ProportionalRate {
  /// RecoverFS: what was in flight when recovery began.
  private var flightSize = 0
  /// prr_delivered
  package private(set) var delivered = 0
  /// prr_out
  package private(set) var sent = 0

  package init() {}

  /// Recovery begins (section 6.1), with so many octets outstanding that no acknowledgement had reported before this one.
  package mutating func begin(flightSize: Int) {
    self.flightSize = max(flightSize, 1)
    delivered = 0
    sent = 0
  }

  /// SndCnt (section 6.2): what may leave now that `octets` have arrived. `isSafe` (SafeACK) says that SND.UNA advanced and nothing more is lost.
  ///
  /// Unlike the RFC's the first transmission is forced as well if what may leave is less than a segment, which is as good as nothing where whole
  /// segments leave.
  package mutating func allowance(
    delivered octets: Int, inFlight: Int, threshold: Int, segmentSize: Int, isSafe: Bool
  ) -> Int {
    delivered += octets
    var allowance: Int
    if inFlight > threshold {
      allowance = (delivered * threshold + flightSize - 1) / flightSize - sent
    } else {
      allowance = max(delivered - sent, octets)
      if isSafe { allowance += segmentSize }
      allowance = min(threshold - inFlight, allowance)
    }
    if sent == 0 { allowance = max(allowance, segmentSize) }
    return max(allowance, 0)
  }

  /// `octets` left, for the first time or again (section 6.3).
  package mutating func left(_ octets: Int) {
    sent += octets
  }
}
