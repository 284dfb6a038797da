import MartinetWire

/// Takes the segments that hold the planned octets of one flow.
final class PlannedLossFilter {
  private let receiver: IPv4Address
  private var losses: [PlannedLoss]
  private var position = StreamPosition()

  init(_ losses: [PlannedLoss], of receiver: IPv4Address) {
    self.losses = losses
    self.receiver = receiver
  }

  /// Whether the IPv4 packet is to be lost.
  func takes(_ packet: RawSpan) -> Bool {
    guard packet.byteCount >= 40, packet.uint8(at: 0) >> 4 == 4, packet.uint8(at: 9) == 6,
      packet.uint32(at: 16) == receiver.rawValue
    else { return false }
    let header = Int(packet.uint8(at: 0) & 15) * 4
    guard header + 20 <= packet.byteCount else { return false }
    let place = position.place(SequenceNumber(packet.uint32(at: header + 4)))
    let octets = packet.byteCount - header - Int(packet.uint8(at: header + 12) >> 4) * 4
    guard octets > 0, place > 0 else { return false }
    let start = UInt64(place - 1)
    for index in losses.indices where losses[index].times > 0 {
      if losses[index].octet >= start && losses[index].octet < start + UInt64(octets) {
        losses[index].times -= 1
        return true
      }
    }
    return false
  }
}
