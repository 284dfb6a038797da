import MartinetWire

// The receiver's side of flow control (RFC 9293 section 3.8.6): the right edge and when it moves.

extension Connection {
  /// Octets that may still arrive before the buffer is full.
  @inline(__always)
  private var freeSpace: Int { max(0, receiveBufferSize &- received.count) }

  /// The largest window that the header can say.
  @inline(__always)
  private var largestWindow: Int { 0xFFFF &<< Int(rcv.scale.shift) }

  /// How far the right edge could move, if that is worth telling: by min(Fr * RCV.BUFF, Eff.snd.MSS) at least
  /// (section 3.8.6.2.2), so that a slow reader does not open silly windows.
  @inline(__always)
  private func worthwhileGrowth(_ space: Int) -> Int? {
    let growth = possibleGrowth(space)
    guard growth > 0 else { return nil }
    let least = min(receiveBufferSize &>> 1, Int(offeredSegmentSize))
    return growth >= max(1, least) ? growth : nil
  }

  /// How far the right edge could move with so much free space; negative where the buffer has become smaller than what was promised.
  @inline(__always)
  private func possibleGrowth(_ space: Int) -> Int {
    (rcv.nxt + min(space, largestWindow)).distance(from: rcv.edge)
  }

  /// SEG.WND for a segment that leaves: moves the right edge where that is due, and never back.
  @inline(__always)
  mutating func windowField() -> UInt16 {
    let space = freeSpace
    if let growth = worthwhileGrowth(space) { rcv.edge += growth }
    // Nothing here overflows: a scale is at most 14, and a window less than 2^31.
    let shift = Int(rcv.scale.shift)
    let granule = 1 &<< shift
    let window = rcv.wnd
    var field = (window &+ granule &- 1) &>> shift
    // Rounding up keeps the edge from moving left; a granule over the buffer is where that ends (RFC 7323 section 2.4).
    if field &<< shift > space &+ granule { field = window &>> shift }
    field = min(field, 0xFFFF)
    rcv.edge = SequenceNumber.later(rcv.edge, rcv.nxt + (field &<< shift))
    return UInt16(truncatingIfNeeded: field)
  }

  /// The program read: the peer hears of it if the window at least doubles; else with the next acknowledgement.
  @inline(__always)
  mutating func openWindow(in environment: inout Environment, at now: Instant) {
    switch phase {
    case .established, .finWait1, .finWait2: break
    default: return
    }
    let space = freeSpace
    guard possibleGrowth(space) >= rcv.wnd, worthwhileGrowth(space) != nil else { return }
    if debt.immediate == nil { debt.immediate = .windowUpdate }
  }
}
