import MartinetStack
import MartinetTCP
import MartinetWire

/// What the wire between two joined hosts is like.
public struct JoinDescription: Sendable {
  /// The largest IP packet, in octets.
  public var mtu = 1500
  /// The most payload octets of a train; 0: single segments.
  public var maximumTrain = 0
  /// Whether transport checksums are made and verified.
  public var hasChecksums = true
  /// Packets that one host sends before the other has its turn: what arrives in one turn is acknowledged at its end, if anything is owed.
  public var turn = 64
  public var configuration = HostConfiguration()
  public init() {}
}

/// Two hosts joined back to back in memory: no simulator, no events, no loss, and no time between them but what the load lets pass.
///
/// A packet that leaves is copied into pages of the other host, as a link would read it, and arrives at once.
public struct JoinedHosts: ~Copyable {
  public var left: Host
  public var right: Host
  public private(set) var now = Instant(nanoseconds: 1_000_000_000)
  /// Packets that arrived on each side.
  public private(set) var arrivedLeft: UInt64 = 0
  public private(set) var arrivedRight: UInt64 = 0
  private var departure = Departure()
  private let wire: InterfaceID
  private let turn: Int
  private let trust: ChecksumTrust

  /// Written out, so that a module which keeps the hosts can end them without seeing the parts inside.
  deinit {}

  public static let leftAddress = IPAddress.v4(IPv4Address(10, 0, 0, 1))
  public static let rightAddress = IPAddress.v4(IPv4Address(10, 0, 0, 2))

  public init(_ description: JoinDescription) {
    var link = LinkDescription(name: InterfaceName("joined"), mtu: description.mtu)
    link.isPointToPoint = true
    link.maximumTrain = description.maximumTrain
    link.vouchesForChecksums = !description.hasChecksums
    link.completesChecksums = !description.hasChecksums
    left = Host(configuration: description.configuration, secret: HostSecret(1, 2))
    right = Host(configuration: description.configuration, secret: HostSecret(3, 4))
    turn = description.turn
    trust = description.hasChecksums ? .unverified : .vouched
    wire = left.addInterface(link)
    _ = right.addInterface(link)
    left.addAddress(IPPrefix(JoinedHosts.leftAddress, 24), to: wire, at: now)
    right.addAddress(IPPrefix(JoinedHosts.rightAddress, 24), to: wire, at: now)
  }

  /// Lets time pass.
  public mutating func pass(_ interval: Interval) { now = now + interval }

  /// Runs the timers of both that are due.
  public mutating func expire() {
    if left.nextDeadline <= now { left.expire(at: now) }
    if right.nextDeadline <= now { right.expire(at: now) }
  }

  /// One turn each: moves what left has to send, then what right has; returns how many packets moved.
  @discardableResult
  public mutating func exchange() -> Int {
    let toRight = JoinedHosts.move(from: &left, to: &right, &departure, most: turn, wire, trust, at: now)
    let toLeft = JoinedHosts.move(from: &right, to: &left, &departure, most: turn, wire, trust, at: now)
    arrivedRight &+= UInt64(toRight)
    arrivedLeft &+= UInt64(toLeft)
    return toRight + toLeft
  }

  /// Exchanges until neither has anything to send.
  public mutating func settle() { while exchange() > 0 {} }

  private static func move(
    from sender: inout Host, to receiver: inout Host, _ departure: inout Departure, most: Int, _ wire: InterfaceID,
    _ trust: ChecksumTrust, at now: Instant
  ) -> Int {
    var moved = 0
    while moved < most, sender.pollTransmit(into: &departure, at: now) {
      let segmentSize = UInt16(truncatingIfNeeded: departure.segmentSize)
      if let chain = receiver.reservePacket(copying: departure) {
        receiver.receive(Packet(chain, trust: trust, segmentSize: segmentSize), on: wire, at: now)
      }
      sender.release(&departure)
      moved += 1
    }
    return moved
  }
}
