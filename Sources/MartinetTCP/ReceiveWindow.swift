import MartinetWire

// The receiver's side of flow control (RFC 9293 section 3.8.6): the right edge and when it moves.

extension Connection {
  /// Octets that may still arrive before the buffer is full.
  private var freeSpace: Int { max(0, receiveBufferSize - received.count) }

  /// The largest window that the header can say.
  private var largestWindow: Int { 0xFFFF << Int(rcv.scale.shift) }

  /// How far the right edge could move, if that is worth telling: by min(Fr * RCV.BUFF, Eff.snd.MSS) at least
  /// (section 3.8.6.2.2), so that a slow reader does not open silly windows.
  private var worthwhileGrowth: Int? {
    let candidate = rcv.nxt + min(freeSpace, largestWindow)
    let growth = candidate.distance(from: rcv.edge)
    let least = min(receiveBufferSize / 2, Int(offeredSegmentSize))
    return growth >= max(1, least) ? growth : nil
  }

  /// SEG.WND for a segment that leaves: moves the right edge where that is due, and never back.
  mutating func windowField() -> UInt16 {
    if let growth = worthwhileGrowth { rcv.edge += growth }
    let shift = Int(rcv.scale.shift)
    let granule = 1 << shift
    var field = (rcv.wnd + granule - 1) >> shift
    // Rounding up keeps the edge from moving left; a granule over the buffer is where that ends (RFC 7323 section 2.4).
    if field << shift > freeSpace + granule { field = rcv.wnd >> shift }
    field = min(field, 0xFFFF)
    rcv.edge = SequenceNumber.later(rcv.edge, rcv.nxt + (field << shift))
    return UInt16(field)
  }

  /// The program read: the peer hears of it if the window at least doubles; else with the next acknowledgement.
  mutating func openWindow(in environment: inout Environment, at now: Instant) {
    switch phase {
    case .established, .finWait1, .finWait2: break
    default: return
    }
    guard let growth = worthwhileGrowth, growth >= rcv.wnd else { return }
    if debt.immediate == nil { debt.immediate = .windowUpdate }
  }
}
