/// What the table of flows finds a flow by: as much of its keyed hash as the table looks at.
struct FlowHash {
  let bits: UInt32
}

/// The keyed hash of a flow, which a connection is given only at its beginning. Its halves have nothing to do with each other for who does not know the key: one is
/// for the table and stays in the host, and one for what the peer sees.
struct WholeFlowHash {
  fileprivate let value: UInt64

  /// What the table finds the flow by.
  var forTable: FlowHash { FlowHash(bits: UInt32(truncatingIfNeeded: value >> 32)) }
  /// F(localip, localport, remoteip, remoteport, secretkey) of RFC 6528 section 3.
  var forSequence: UInt32 { UInt32(truncatingIfNeeded: value) }
}

/// From the two ends of a flow to the slot of its connection, or to its record in TIME-WAIT: a ``HashIndex`` whose entries are those themselves, so that a flow
/// stands there only.
struct FlowTable {
  private let secret: SipKey
  private var index = HashIndex()

  init(secret: SipKey) {
    self.secret = secret
  }

  /// What `flow` is found by. Whoever needs it more than once keeps it.
  func hash(of flow: FlowKey) -> FlowHash { wholeHash(of: flow).forTable }

  func wholeHash(of flow: FlowKey) -> WholeFlowHash { WholeFlowHash(value: flow.hash(secret)) }

  /// The slot of a flow with `hash`; `isFlow` says whether that of a slot is the one.
  @inline(__always)
  func slot(_ hash: FlowHash, where isFlow: (UInt32) -> Bool) -> UInt32? {
    index.entry(UInt64(hash.bits), where: isFlow)
  }

  /// Gives a flow with `hash`, which has none, a slot.
  mutating func add(_ slot: UInt32, _ hash: FlowHash) { index.add(slot, UInt64(hash.bits)) }

  /// Gives a flow with `hash`, which has `slot`, another one.
  mutating func move(_ slot: UInt32, to other: UInt32, _ hash: FlowHash) {
    index.renumber(slot, to: other, UInt64(hash.bits))
  }

  /// Forgets a flow with `hash`, which has `slot`.
  mutating func remove(_ slot: UInt32, _ hash: FlowHash) { index.remove(slot, UInt64(hash.bits)) }
}
