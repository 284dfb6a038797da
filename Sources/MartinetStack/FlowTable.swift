/// From the two ends of a flow to the slot of its connection, or to its record in TIME-WAIT: a ``HashIndex`` whose entries are those themselves, so that a flow
/// stands there only.
struct FlowTable {
  private let secret: SipKey
  private var index = HashIndex()

  init(secret: SipKey) {
    self.secret = secret
  }

  /// The slot of `flow`; `isFlow` says whether that of a slot is the one.
  @inline(__always)
  func slot(of flow: FlowKey, where isFlow: (UInt32) -> Bool) -> UInt32? {
    if index.count == 0 { return nil }
    return index.entry(flow.hash(secret), where: isFlow)
  }

  /// Gives `flow`, which has none, a slot.
  mutating func add(_ slot: UInt32, for flow: FlowKey) { index.add(slot, flow.hash(secret)) }

  /// Gives `flow`, which has `slot`, another one.
  mutating func move(_ slot: UInt32, to other: UInt32, of flow: FlowKey) {
    index.renumber(slot, to: other, flow.hash(secret))
  }

  /// Forgets `flow`, which has `slot`.
  mutating func remove(_ slot: UInt32, of flow: FlowKey) { index.remove(slot, flow.hash(secret)) }
}
