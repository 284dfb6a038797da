import MartinetTCP
import MartinetWire

/// What is known of the way to one destination.
struct Path {
  /// The largest IP packet that gets through, in octets.
  var mtu: Int
  /// Whether the way is narrower than ``mtu`` says, so that routers must be allowed to fragment.
  var mayBeFragmented: Bool
  var destination: IPAddress
}

/// The path MTU of each destination for which a router asked for smaller packets (RFC 1191, RFC 8201), or a connection found that larger ones vanish (RFC
/// 4821). A bounded memory: the
/// oldest entry makes room.
struct PathMemory: ~Copyable {
  private var table: Table<AddressKey>
  private var paths: Slab<Path>
  private var links = SlotLinks()
  private var order = SlotList()
  var deadlines = Deadlines()
  /// Changes with every entry that is made, lowered or forgotten.
  private(set) var epoch: UInt32 = 0

  init(secret: SipKey, limit: Int) {
    table = Table(secret: secret)
    paths = Slab(limit: max(1, limit))
  }

  func path(to destination: IPAddress) -> Path? {
    table.slot(of: AddressKey(address: destination)).map { paths[$0] }
  }

  /// Believes for `age` that the way to `destination` takes `mtu` octets. What was lower stays.
  mutating func lower(to mtu: Int, mayBeFragmented: Bool, for destination: IPAddress, age: Interval, at now: Instant) {
    epoch &+= 1
    let key = AddressKey(address: destination)
    if let slot = table.slot(of: key) {
      paths[slot].mtu = min(paths[slot].mtu, mtu)
      paths[slot].mayBeFragmented = paths[slot].mayBeFragmented || mayBeFragmented
      deadlines.set(now + age, for: slot)
      return
    }
    if paths.count == paths.limit { forget(order.first) }
    guard let slot = paths.insert(Path(mtu: mtu, mayBeFragmented: mayBeFragmented, destination: destination)) else {
      return
    }
    table.set(slot, for: key)
    links.append(slot, to: &order)
    deadlines.set(now + age, for: slot)
  }

  /// Forgets what is too old, so that larger packets are tried again (RFC 1191 section 6.3, RFC 8201 section 4).
  mutating func expire(at now: Instant) {
    while let slot = deadlines.popDue(at: now) { forget(slot) }
  }

  private mutating func forget(_ slot: UInt32) {
    epoch &+= 1
    let path = paths.remove(slot)
    table.remove(AddressKey(address: path.destination))
    links.remove(slot, from: &order)
    deadlines.remove(slot)
  }

  var count: Int { paths.count }
}
