import MartinetStack
import MartinetTCP
import MartinetWire

/// A local address and port that a socket holds before it is connected.
package struct PortReservation: Hashable, Sendable {
  package let local: Endpoint
}

/// The reservations of one host. They are few: each is a socket between bind and connect.
struct ReservationList {
  private var held: [Endpoint] = []

  /// Whether a socket holds the port of `local` at its address, or at every address.
  func conflicts(with local: Endpoint) -> Bool {
    held.contains { one in
      one.port == local.port && one.address.isIPv4 == local.address.isIPv4
        && (one.address == local.address || one.address.isUnspecified || local.address.isUnspecified)
    }
  }

  /// Whether a socket holds `port` at any address.
  func holds(_ port: UInt16) -> Bool { held.contains { $0.port == port } }

  mutating func add(_ local: Endpoint) { held.append(local) }

  /// False: it is not held.
  mutating func remove(_ local: Endpoint) -> Bool {
    guard let place = held.firstIndex(of: local) else { return false }
    held.remove(at: place)
    return true
  }
}

extension StackCore {
  /// How many ephemeral ports are tried before there is none.
  private static let attempts = 65536

  /// Holds a local address and port; port 0 gets one that is free.
  package func reserve(_ local: Endpoint, sharesTimeWait: Bool) throws(HostError) -> PortReservation {
    if let shardCalls { return try reserveInAll(local, sharesTimeWait: sharesTimeWait, shardCalls) }
    return try turn { host, notices, _ throws(HostError) in
      for _ in 0..<StackCore.attempts {
        let chosen = try host.bindable(local, sharesTimeWait: sharesTimeWait)
        if !notices.reservations.conflicts(with: chosen) {
          notices.reservations.add(chosen)
          host.hold(chosen.port)
          return PortReservation(local: chosen)
        }
        if local.port != 0 { throw .addressInUse }
      }
      throw .noPorts
    }
  }

  /// Lets go of an address and port that were not connected, or have been.
  package func release(_ reservation: PortReservation) {
    let isHeld = turn { _, notices, _ in notices.reservations.remove(reservation.local) }
    guard isHeld else { return }
    for shard in 0..<shardCount { turn(in: shard) { host, _, _ in host.letGo(reservation.local.port) } }
  }
}
