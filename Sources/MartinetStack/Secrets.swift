import MartinetTCP
import MartinetWire

/// The keys that a host derives from its secret, one for each use, so that what one use gives away says nothing of another. The ISN and the table of flows
/// have a half each of one hash (``WholeFlowHash``).
struct Secrets {
  /// The counters of identifications, a power of two.
  static let identificationCounters = 256

  let table: SipKey
  /// For the ISN and the table of flows.
  let flow: SipKey
  private let timestamp: SipKey
  private let port: SipKey
  private let identification: SipKey
  private let label: SipKey
  private let jitter: SipKey
  private let cookie: SipKey
  private let fastOpen: SipKey
  let steering: SipKey

  init(_ secret: HostSecret) {
    func key(_ number: UInt64) -> SipKey {
      var first = SipHash(k0: secret.a, k1: secret.b)
      first.add(number * 2)
      var second = SipHash(k0: secret.a, k1: secret.b)
      second.add(number * 2 + 1)
      return SipKey(k0: first.finish(), k1: second.finish())
    }
    table = key(1)
    flow = key(2)
    timestamp = key(3)
    port = key(4)
    identification = key(5)
    label = key(6)
    jitter = key(7)
    cookie = key(8)
    fastOpen = key(9)
    steering = key(10)
  }

  /// What is added to the timestamp clock: one value per pair of addresses, so that timestamps grow from one connection of the
  /// pair to the next and RFC 6191 works (RFC 7323 section 5.4).
  func timestampOffset(local: IPAddress, remote: IPAddress) -> UInt32 {
    var hash = SipHash(timestamp)
    hash.add(local)
    hash.add(remote)
    return UInt32(truncatingIfNeeded: hash.finish())
  }

  /// Where the search for an ephemeral port begins, and which counter it uses (RFC 6056 section 3.3.4).
  func portStart(local: IPAddress, remote: Endpoint) -> (offset: UInt32, counter: Int) {
    var hash = SipHash(port)
    hash.add(local)
    hash.add(remote.address)
    hash.add(UInt64(remote.port))
    let value = hash.finish()
    return (UInt32(truncatingIfNeeded: value), Int(value >> 32 & 31))
  }

  /// The identification of the `count`-th datagram to `destination` that may be fragmented (RFC 7739 section 5.1).
  func identification(source: IPAddress, destination: IPAddress, protocolNumber: UInt8, count: UInt32) -> UInt32 {
    var hash = SipHash(identification)
    hash.add(source)
    hash.add(destination)
    hash.add(UInt64(protocolNumber))
    return UInt32(truncatingIfNeeded: hash.finish()) &+ count
  }

  /// Which counter of identifications a destination shares.
  func identificationCounter(source: IPAddress, destination: IPAddress) -> Int {
    var hash = SipHash(identification)
    hash.add(destination)
    hash.add(source)
    return Int(truncatingIfNeeded: hash.finish()) & (Secrets.identificationCounters - 1)
  }

  /// What nobody else can know of a SYN with the given `content` in the given `period` (RFC 4987 section 3.6).
  func cookie(of flow: FlowKey, _ content: UInt64, period: Int64) -> UInt32 {
    var hash = SipHash(cookie)
    flow.feed(&hash)
    hash.add(content)
    hash.add(UInt64(bitPattern: period))
    return UInt32(truncatingIfNeeded: hash.finish())
  }

  /// The Fast Open cookie of a client: 8 octets (RFC 7413 section 4.1.2).
  func fastOpenCookie(of client: IPAddress, epoch: UInt64) -> FastOpenCookie {
    var hash = SipHash(fastOpen)
    hash.add(client)
    hash.add(epoch)
    let value = hash.finish()
    var cookie = FastOpenCookie()
    cookie.count = 8
    for index in 0..<8 { cookie.bytes[index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    return cookie
  }

  /// The flow label of a flow: 20 bits (RFC 6437 section 3).
  func flowLabel(of flow: FlowKey) -> UInt32 {
    var hash = SipHash(label)
    flow.feed(&hash)
    return UInt32(truncatingIfNeeded: hash.finish() & 0xF_FFFF)
  }

  /// A number from `bound` that looks random, for spreading timers.
  func jitter(_ number: UInt64, below bound: Int64) -> Int64 {
    var hash = SipHash(jitter)
    hash.add(number)
    return Int64(hash.finish() >> 1) % max(1, bound)
  }
}
