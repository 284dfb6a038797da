import MartinetTCP
import MartinetWire

/// What a client knows of one server.
struct KnownServer {
  var address: IPAddress
  var cookie = FastOpenCookie()
  var peerSegmentSize = 0
  /// Until then no SYN has the option of Fast Open.
  var fastOpenRestsUntil = Instant.zero
  /// Until then no SYN asks for ECN.
  var notificationRestsUntil = Instant.zero
}

/// What a client knows of servers that it opened connections to: per address a cookie for Fast Open with the MSS that came with it (RFC 7413 section 4.1.3), and
/// what is of no use to try, Fast Open or ECN (RFC 9768 section 3.1.4.1). A bounded memory: the oldest entry makes room.
struct ServerMemory: ~Copyable {
  private var table: Table<AddressKey>
  private var entries: Slab<KnownServer>
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
    if now < entries[slot].fastOpenRestsUntil { return nil }
    return FastOpen(cookie: entries[slot].cookie, peerSegmentSize: entries[slot].peerSegmentSize)
  }

  /// Takes note of what a connection to `address` taught. What is of no use rests for `rest`, a cookie that was refused is forgotten.
  mutating func learn(_ lesson: FastOpenLesson, about address: IPAddress, rest: Interval, at now: Instant) {
    guard let slot = slot(for: address) else { return }
    entries[slot].fastOpenRestsUntil = .zero
    switch lesson {
    case .cookie(let cookie, let peerSegmentSize):
      entries[slot].cookie = cookie
      entries[slot].peerSegmentSize = peerSegmentSize
    case .accepted: break
    case .refused where entries[slot].cookie.count > 0:
      // Whoever has a cookie and is refused without a new one asks again: the secret may be another, or the server busy.
      entries[slot].cookie = FastOpenCookie()
      entries[slot].peerSegmentSize = 0
    case .refused, .unanswered:
      entries[slot].fastOpenRestsUntil = now + rest
    }
  }

  /// Whether a SYN to `address` may ask for ECN.
  func takesNotification(_ address: IPAddress, at now: Instant) -> Bool {
    guard count > 0, let slot = table.slot(of: AddressKey(address: address)) else { return true }
    return now >= entries[slot].notificationRestsUntil
  }

  /// Takes note that `address` answered only when a SYN did not ask for ECN: those of the next `rest` don't.
  mutating func notificationFailed(for address: IPAddress, rest: Interval, at now: Instant) {
    guard let slot = slot(for: address) else { return }
    entries[slot].notificationRestsUntil = now + rest
  }

  private mutating func slot(for address: IPAddress) -> UInt32? {
    if let slot = table.slot(of: AddressKey(address: address)) { return slot }
    if entries.count == entries.limit {
      let oldest = order.first
      table.remove(AddressKey(address: entries.remove(oldest).address))
      links.remove(oldest, from: &order)
    }
    guard let slot = entries.insert(KnownServer(address: address)) else { return nil }
    table.set(slot, for: AddressKey(address: address))
    links.append(slot, to: &order)
    return slot
  }
}
