import MartinetTCP
import MartinetWire

/// What a client knows of one server.
struct FastOpenEntry {
  var address: IPAddress
  var cookie = FastOpenCookie()
  var peerSegmentSize = 0
  /// Until then nothing but an ordinary SYN is sent.
  var restsUntil = Instant.zero
}

/// What a client knows of servers that it opened connections to with Fast Open (RFC 7413 section 4.1.3): per address a cookie with the MSS that came
/// with it, or that it is of no use to try. A bounded memory: the oldest entry makes room.
struct FastOpenCache: ~Copyable {
  private var table: Table<AddressKey>
  private var entries: Slab<FastOpenEntry>
  private var links = SlotLinks()
  private var order = SlotList()

  init(secret: SipKey, limit: Int) {
    table = Table(secret: secret)
    entries = Slab(limit: max(1, limit))
  }

  var count: Int { entries.count }

  /// What a SYN to `address` is to say: the cookie, a request for one, or nil for nothing.
  func opening(to address: IPAddress, at now: Instant) -> FastOpen? {
    guard let slot = table.slot(of: AddressKey(address: address)) else { return FastOpen(cookie: FastOpenCookie()) }
    if now < entries[slot].restsUntil { return nil }
    return FastOpen(cookie: entries[slot].cookie, peerSegmentSize: entries[slot].peerSegmentSize)
  }

  /// Takes note of what a connection to `address` taught. What is of no use rests for `rest`, a cookie that was refused is forgotten.
  mutating func learn(_ lesson: FastOpenLesson, about address: IPAddress, rest: Interval, at now: Instant) {
    let slot = slot(for: address)
    guard let slot else { return }
    switch lesson {
    case .cookie(let cookie, let peerSegmentSize):
      entries[slot] = FastOpenEntry(address: address, cookie: cookie, peerSegmentSize: peerSegmentSize)
    case .accepted:
      entries[slot].restsUntil = .zero
    case .refused where entries[slot].cookie.count > 0:
      // Whoever has a cookie and is refused without a new one asks again: the secret may be another, or the server busy.
      entries[slot] = FastOpenEntry(address: address)
    case .refused, .unanswered:
      entries[slot].restsUntil = now + rest
    }
  }

  private mutating func slot(for address: IPAddress) -> UInt32? {
    if let slot = table.slot(of: AddressKey(address: address)) { return slot }
    if entries.count == entries.limit {
      let oldest = order.first
      table.remove(AddressKey(address: entries.remove(oldest).address))
      links.remove(oldest, from: &order)
    }
    guard let slot = entries.insert(FastOpenEntry(address: address)) else { return nil }
    table.set(slot, for: AddressKey(address: address))
    links.append(slot, to: &order)
    return slot
  }
}
