import MartinetTCP
import MartinetWire

// TCP Fast Open (RFC 7413): cookies for clients, and what is learned from servers.
extension Host {
  /// Makes the secret of Fast Open cookies another one. The one before stays valid until the next change (RFC 7413 section 4.1.2); the secret changes by itself, too, as
  /// often as ``HostConfiguration/fastOpenSecretAge`` says.
  public mutating func rotateFastOpenSecret() { fastOpenRotations &+= 1 }

  private func fastOpenEpoch(at now: Instant) -> UInt64 {
    let age = max(1, configuration.fastOpenSecretAge.nanoseconds)
    return UInt64(bitPattern: now.nanoseconds / age) &+ fastOpenRotations
  }

  /// How the SYN of a client is answered by `listener`; nil if Fast Open plays no part. A SYN with a valid cookie counts as a pending request until its handshake is
  /// complete (RFC 7413 section 4.2).
  mutating func fastOpen(_ header: TCPHeader, of listener: UInt32, from client: IPAddress, at now: Instant) -> FastOpen?
  {
    guard listeners[listener].options.fastOpen, header.options.has(.fastOpen) else { return nil }
    let epoch = fastOpenEpoch(at: now)
    let current = secrets.fastOpenCookie(of: client, epoch: epoch)
    let shown = header.options.fastOpenCookie
    if shown.matches(current) || shown.matches(secrets.fastOpenCookie(of: client, epoch: epoch &- 1)) {
      guard listeners[listener].fastOpens.begin(limit: configuration.fastOpenQueue, at: now) else {
        counters.fastOpensRefused &+= 1
        return nil
      }
      counters.fastOpensAccepted &+= 1
      return FastOpen(cookie: shown.matches(current) ? nil : current, acceptsText: true)
    }
    if shown.count > 0 { counters.fastOpensRefused &+= 1 }
    counters.fastOpenCookiesSent &+= 1
    return FastOpen(cookie: current)
  }

  /// Re-reads a connection that counts as a pending request. One that a RST ended goes on to count for a while: else whoever steals a cookie could have the host
  /// answer without bound by resetting each connection (RFC 7413 section 5.1).
  mutating func reviewFastOpen(_ slot: UInt32, at now: Instant) {
    guard let listener = connections[slot].fastOpenListener, !connections[slot].connection.awaitsHandshake else {
      return
    }
    connections[slot].fastOpenListener = nil
    guard contains(listener) else { return }
    if case .reset = connections[slot].connection.endReason {
      listeners[listener.slot].fastOpens.end(countingUntil: now + FastOpenRequests.penalty)
    } else {
      listeners[listener.slot].fastOpens.end()
    }
  }
}

/// The requests of one listener whose handshakes are not complete.
struct FastOpenRequests {
  /// How long one that was reset goes on to count.
  static let penalty = Interval.seconds(60)

  private var pending = 0
  /// When those that were reset cease to count, oldest first: no more than the limit.
  private var resets: [Instant] = []

  /// Counts one more; false at the limit.
  mutating func begin(limit: Int, at now: Instant) -> Bool {
    while let first = resets.first, first <= now { resets.removeFirst() }
    guard pending + resets.count < limit else { return false }
    pending += 1
    return true
  }

  mutating func end() { pending -= 1 }

  mutating func end(countingUntil time: Instant) {
    end()
    resets.append(time)
  }
}

extension FastOpenCookie {
  /// Whether both are the same, found in the same time wherever they differ.
  func matches(_ other: FastOpenCookie) -> Bool {
    var difference = count ^ other.count
    for index in 0..<bytes.count { difference |= bytes[index] ^ other.bytes[index] }
    return difference == 0
  }
}
