import CMartinetLinux
import Glibc
import MartinetWire
import Synchronization

/// The UDP socket that carries a tunnel.
final class OuterSocket: Sendable {
  let descriptor: Int32
  /// Where it is bound: the system's choice where port or address was left open.
  let local: OuterEndpoint
  private let isConnected: Bool
  private let counters: LinkCounters
  private let isOpen = Atomic<Bool>(true)
  /// Whether the kernel cuts what is given to it as one into datagrams of one size (UDP_SEGMENT).
  private let segmentation = Atomic<Bool>(true)
  /// How often a call is made again because an ICMP error came back in its place.
  private static let attempts = 8

  /// A socket that listens on `host` and `port`, or (`joining`) is connected to them.
  init(host: String, port: UInt16, joining: Bool, counters: LinkCounters) throws(LinkError) {
    var target = try OuterSocket.resolve(host)
    target.endpoint.port = port
    descriptor = martinet_datagram_open(Int32(target.endpoint.address.family))
    if descriptor < 0 { throw .system("open a UDP socket", code: -descriptor) }
    var address = target.systemValue
    let result =
      joining ? martinet_datagram_connect(descriptor, &address) : martinet_datagram_bind(descriptor, &address)
    var bound = martinet_endpoint()
    if result < 0 || martinet_datagram_local(descriptor, &bound) < 0 {
      _ = Glibc.close(descriptor)
      throw OuterSocket.explain(-result, target, joining)
    }
    local = OuterEndpoint(bound)
    isConnected = joining
    self.counters = counters
  }

  deinit { close() }

  func close() {
    if isOpen.exchange(false, ordering: .relaxed) { _ = Glibc.close(descriptor) }
  }

  /// Receives datagrams into `batch`; returns how many came. ICMP errors are counted and given to `evidence`.
  func receive(_ batch: UnsafeMutableBufferPointer<martinet_datagram>, evidence: (OuterEndpoint) -> Void)
    throws(LinkError) -> Int
  {
    for _ in 0..<OuterSocket.attempts {
      let count = martinet_datagram_receive(descriptor, batch.baseAddress, Int32(batch.count))
      if count > 0 { return Int(count) }
      // An error that is left in the queue would keep the descriptor ready.
      let errors = takeErrors(evidence)
      if count == 0 || (count == -EAGAIN && errors == 0) { return 0 }
      if count == -EBADF || count == -ENOTSOCK { throw .system("receive from the tunnel", code: -count) }
    }
    return 0
  }

  /// Sends the datagrams in order; returns how many are dealt with: all that left, and one that the system refused.
  func send(_ batch: UnsafeMutableBufferPointer<martinet_datagram>) throws(LinkError) -> Int {
    for _ in 0..<OuterSocket.attempts {
      var cuts: Int32 = segmentation.load(ordering: .relaxed) ? 1 : 0
      let count = martinet_datagram_send(
        descriptor, batch.baseAddress, Int32(batch.count), isConnected ? 1 : 0, &cuts)
      if cuts == 0 { segmentation.store(false, ordering: .relaxed) }
      if count >= 0 {
        countWritten(batch, Int(count))
        return Int(count)
      }
      switch -count {
      case EAGAIN: return 0
      case EBADF, ENOTSOCK: throw .system("send into the tunnel", code: -count)
      // The system reports an earlier datagram's ICMP error in place of sending this one (RFC 1122 section 4.1.3.3).
      case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, EPROTO, EINTR, ENOPROTOOPT: continue
      case EMSGSIZE:
        counters.count(.tooLarge)
        return 1
      default:
        counters.count(.system)
        return 1
      }
    }
    counters.count(.system)
    return 1
  }

  /// Sends one packet to `peer`, or to the peer that the socket is connected to.
  func send(_ departure: borrowing Departure, to peer: martinet_endpoint) throws(LinkError) -> LinkWrite {
    let sent: Result<Int, LinkError> = departure.withPieces { pieces in
      var datagram = martinet_datagram(
        pieces: pieces.baseAddress, piece_count: Int32(pieces.count), remote: peer, received: 0, segment: 0)
      return withUnsafeMutablePointer(to: &datagram) { pointer in
        Result { () throws(LinkError) in try send(UnsafeMutableBufferPointer(start: pointer, count: 1)) }
      }
    }
    return try sent.get() == 1 ? .done : .wouldBlock
  }

  /// Sends the first `count` datagrams of `batch` and returns how many are dealt with before the socket was full.
  func sendAll(_ batch: DepartureBatch, _ count: Int) throws(LinkError) -> Int {
    var dealtWith = 0
    while dealtWith < count {
      let sent = try send(batch.datagrams(dealtWith..<count))
      if sent == 0 { break }
      dealtWith += sent
    }
    return dealtWith
  }

  private func countWritten(_ batch: UnsafeMutableBufferPointer<martinet_datagram>, _ number: Int) {
    var octets = 0
    for index in 0..<number {
      for piece in 0..<Int(batch[index].piece_count) { octets += batch[index].pieces[piece].iov_len }
    }
    counters.countWritten(packets: number, octets: octets)
  }

  /// Takes the ICMP errors that wait, and returns how many there were.
  private func takeErrors(_ evidence: (OuterEndpoint) -> Void) -> Int {
    var cause: Int32 = 0
    var about = martinet_endpoint()
    var number = 0
    while number < MARTINET_DATAGRAM_BATCH, martinet_datagram_take_error(descriptor, &cause, &about) == 1 {
      number += 1
      let endpoint = about.address.family == 0 ? nil : OuterEndpoint(about)
      counters.count(SoftError(reason: LinkError.text(of: cause), about: endpoint?.endpoint))
      if let endpoint { evidence(endpoint) }
    }
    return number
  }

  /// The address of a host by name or number; IPv4 comes first where a name has both, since it needs no bracket elsewhere.
  private static func resolve(_ host: String) throws(LinkError) -> OuterEndpoint {
    var found = [martinet_endpoint](repeating: martinet_endpoint(), count: 16)
    let count = martinet_resolve(host, 0, &found, 16)
    guard count > 0 else {
      throw .unknownHost(
        host, reason: count == 0 ? "it has no address" : String(cString: martinet_resolve_error(count)))
    }
    let all = found.prefix(Int(count)).map(OuterEndpoint.init)
    return all.first { $0.endpoint.address.isIPv4 } ?? all[0]
  }

  private static func explain(_ code: Int32, _ target: OuterEndpoint, _ joining: Bool) -> LinkError {
    let text = "\(target.endpoint)"
    switch code {
    case EADDRINUSE: return .portInUse(text)
    case EADDRNOTAVAIL where !joining: return .addressNotOurs(text)
    default: return .system(joining ? "join \(text)" : "listen on \(text)", code: code)
    }
  }
}
