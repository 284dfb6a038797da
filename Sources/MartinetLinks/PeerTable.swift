import MartinetTCP
import MartinetWire

/// Which inner address lives behind which outer endpoint, as a hub learns it from the packets that come.
///
/// An address belongs to whoever claimed it first for as long as he is alive; a second claimant is refused.
package struct PeerTable {
  package struct Limits {
    /// The most inner addresses in all.
    package var addresses = 4096
    /// The most inner addresses behind one outer endpoint.
    package var addressesPerPeer = 64
    /// How long after its last packet a peer counts as alive.
    package var lifetime = Interval.seconds(60)
    /// The same once an ICMP error said that the peer does not listen.
    package var doubtedLifetime = Interval.seconds(5)
    package init() {}
  }

  package enum Claim: Equatable {
    case accepted
    /// Another peer has the address, and is alive.
    case refused
    case full
  }

  private struct Entry {
    var peer: OuterEndpoint
    var lastHeard: Instant
    var isDoubted = false
  }

  private let limits: Limits
  private var entries: [IPAddress: Entry] = [:]
  private var addressesBehind: [OuterEndpoint: Int] = [:]
  private var lastSweep = Instant.zero

  package init(limits: Limits = Limits()) {
    self.limits = limits
  }

  package var count: Int { entries.count }

  package func peer(of address: IPAddress) -> OuterEndpoint? { entries[address]?.peer }

  /// `peer` sent a packet from `address`.
  package mutating func claim(_ address: IPAddress, by peer: OuterEndpoint, at now: Instant) -> Claim {
    if let entry = entries[address] {
      if entry.peer == peer {
        entries[address] = Entry(peer: peer, lastHeard: now)
        return .accepted
      }
      if isAlive(entry, at: now) { return .refused }
      remove(address)
    }
    if entries.count >= limits.addresses { sweep(at: now) }
    let behind = addressesBehind[peer, default: 0]
    guard entries.count < limits.addresses, behind < limits.addressesPerPeer else { return .full }
    entries[address] = Entry(peer: peer, lastHeard: now)
    addressesBehind[peer] = behind + 1
    return .accepted
  }

  /// An ICMP error says that nobody listens at `peer`.
  package mutating func doubt(_ peer: OuterEndpoint) {
    for (address, entry) in entries where entry.peer == peer {
      entries[address]?.isDoubted = true
    }
  }

  private func isAlive(_ entry: Entry, at now: Instant) -> Bool {
    now - entry.lastHeard < (entry.isDoubted ? limits.doubtedLifetime : limits.lifetime)
  }

  private mutating func remove(_ address: IPAddress) {
    guard let entry = entries.removeValue(forKey: address) else { return }
    let behind = addressesBehind[entry.peer, default: 1]
    addressesBehind[entry.peer] = behind == 1 ? nil : behind - 1
  }

  /// Forgets the dead, at most once a second, so that a flood of claims does not pay for a sweep each.
  private mutating func sweep(at now: Instant) {
    guard now - lastSweep >= .seconds(1) else { return }
    lastSweep = now
    for (address, entry) in entries where !isAlive(entry, at: now) { remove(address) }
  }
}
