import MartinetTCP
import MartinetWire

/// From the two ends of a flow to the slot of its connection: a ``HashIndex`` whose entries are the connections themselves, so that a flow stands there only.
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

  /// Forgets `flow`, which has `slot`.
  mutating func remove(_ slot: UInt32, of flow: FlowKey) { index.remove(slot, flow.hash(secret)) }
}

extension Host {
  /// The slot of the connection over `flow`.
  func connectionSlot(of flow: FlowKey) -> UInt32? {
    flows.slot(of: flow) { slot in connections[slot].isOver(flow) }
  }
}
