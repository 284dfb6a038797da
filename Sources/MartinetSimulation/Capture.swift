import MartinetStack
import MartinetTCP
import MartinetWire

/// Which way a captured packet went, as the host sees it.
public enum CaptureDirection: UInt8, Sendable {
  case sent
  case received
}

/// A packet that a host sent or received, without its octets.
public struct CapturedPacket: Sendable {
  public var time: Instant
  public var host: HostID
  public var interface: InterfaceID
  public var direction: CaptureDirection
  /// The number of the transmission: what one host sent and another received has the same number at both, so that a number
  /// that was never received is a packet that was lost.
  public var serial: UInt64
  /// The octets of the packet, or of the frame on Ethernet.
  public var count: Int
}

/// A packet that vanished on the way.
public struct LostPacket: Sendable {
  public var time: Instant
  public var wire: WireID
  public var direction: WireDirection
  public var serial: UInt64
  public var cause: PacketLoss
}

/// The packets that a tap has seen and nobody has taken yet, in order, in one flat array.
struct CaptureQueue {
  private var packets = Line<CapturedPacket>()
  private var octets: [UInt8] = []
  private var nextOctet = 0
  private var endOctet = 0
  /// The most octets that wait.
  let capacity: Int
  /// What found no room.
  private(set) var lost: UInt64 = 0

  init(capacity: Int) {
    self.capacity = capacity
  }

  mutating func append(_ packet: CapturedPacket, bytes: RawSpan) {
    guard endOctet - nextOctet + bytes.byteCount <= capacity else {
      lost += 1
      return
    }
    makeRoom(for: bytes.byteCount)
    packets.append(packet)
    octets.withMutableOctets(endOctet..<endOctet + bytes.byteCount) { $0.copy(bytes, at: 0) }
    endOctet += bytes.byteCount
  }

  private mutating func makeRoom(for count: Int) {
    if nextOctet == endOctet { (nextOctet, endOctet) = (0, 0) }
    if endOctet + count > octets.count {
      if nextOctet * 2 >= octets.count {
        octets.removeFirst(nextOctet)
        (nextOctet, endOctet) = (0, endOctet - nextOctet)
      }
      octets.append(contentsOf: repeatElement(0, count: max(octets.count, count, 65_536)))
    }
  }

  /// Shows the oldest packet to `body` and forgets it; false if there is none.
  mutating func take(_ body: (CapturedPacket, RawSpan) -> Void) -> Bool {
    guard let packet = packets.popFirst() else { return false }
    octets.withOctets(nextOctet..<nextOctet + packet.count) { body(packet, $0) }
    nextOctet += packet.count
    return true
  }
}
