import MartinetTCP
import MartinetWire

/// Which shard of a stack owns a flow.
///
/// The hash is the same from both ends of a flow, so that a connection between two sockets of one stack has one owner. It is keyed: nobody outside can
/// aim all flows at one shard.
package struct Steering: Sendable {
  /// The most shards that a stack may have: a handle has six bits for the number of one.
  package static let mostShards = 64

  package let shards: Int
  private let key: SipKey

  /// - Parameter shards: 1 to ``mostShards``.
  package init(secret: HostSecret, shards: Int) {
    self.init(key: Secrets(secret).steering, shards: shards)
  }

  init(key: SipKey, shards: Int) {
    precondition(1...Steering.mostShards ~= shards, "a stack has 1 to 64 shards")
    self.key = key
    self.shards = shards
  }

  /// The number of the shard that owns `flow`, 0 ..< ``shards``.
  package func owner(of flow: FlowKey) -> Int {
    var hash = SipHash(key)
    flow.inOneOrder.feed(&hash)
    return shard(for: hash)
  }

  /// The number of the shard that puts the fragments of `datagram` together.
  func assembler(of datagram: DatagramKey) -> Int {
    var hash = SipHash(key)
    datagram.feed(&hash)
    return shard(for: hash)
  }

  /// The upper half as a fraction of one: even for any number of shards.
  private func shard(for hash: consuming SipHash) -> Int { Int(((hash.finish() >> 32) &* UInt64(shards)) >> 32) }
}

/// What of a stack one host is: all of it, or one shard of several.
package struct ShardShare: Sendable {
  package let steering: Steering
  /// The shard's number, 0 ..< ``Steering/shards``.
  package let number: Int

  package init(_ number: Int, of steering: Steering) {
    self.steering = steering
    self.number = number
  }

  /// Whether the host is one of several.
  var isPart: Bool { steering.shards > 1 }

  /// Whether `flow` is this host's.
  func owns(_ flow: FlowKey) -> Bool { !isPart || steering.owner(of: flow) == number }

  /// What the generations of this host's connections have in common, and the bits that count.
  var generations: Generations {
    isPart
      ? Generations(prefix: UInt32(number) << ConnectionID.shardShift, mask: (1 << ConnectionID.shardShift) - 1)
      : Generations()
  }
}

extension ConnectionID {
  static let shardShift: UInt32 = 26

  /// The number of the shard that the connection belongs to, in a stack that has several.
  package var shard: Int { Int(generation >> ConnectionID.shardShift) }
}

extension FlowKey {
  /// The flow with its ends in an order that does not depend on who looks.
  fileprivate var inOneOrder: FlowKey {
    local.comes(before: remote) ? self : FlowKey(local: remote, remote: local)
  }
}

extension Endpoint {
  fileprivate func comes(before other: Endpoint) -> Bool {
    switch (address, other.address) {
    case (.v4(let one), .v4(let another)) where one != another: one.rawValue < another.rawValue
    case (.v6(let one), .v6(let another)) where one != another:
      one.high == another.high ? one.low < another.low : one.high < another.high
    case (.v4, .v6): true
    case (.v6, .v4): false
    default: port < other.port
    }
  }
}
