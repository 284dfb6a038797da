import Foundation

/// Many clients of the kernel's own TCP in one thread: each connects, sends an octet, gets it back, says that it has no more to say, waits for the same from the
/// peer, closes, and begins anew.
final class KernelClients {
  /// How many there are at a time.
  static let count = 32

  private enum Stage {
    case connecting
    case awaitingOctet
    case awaitingEnd
  }

  private let address: sockaddr_in
  private var stages = [Stage](repeating: .connecting, count: count)
  private var polls = [pollfd](repeating: pollfd(fd: -1, events: 0, revents: 0), count: count)
  private var finished = 0

  init(address: String, port: UInt16) throws {
    var peer = sockaddr_in()
    peer.sin_family = sa_family_t(AF_INET)
    peer.sin_port = port.bigEndian
    inet_pton(AF_INET, address, &peer.sin_addr)
    self.address = peer
    for index in 0..<KernelClients.count { try connect(index) }
  }

  deinit {
    for poll in polls where poll.fd >= 0 { close(poll.fd) }
  }

  /// The connections that are made and ended in a second.
  func rate(seconds: Double) throws -> Double {
    let begin = ContinuousClock.now
    var elapsed = 0.0
    while elapsed < seconds {
      guard poll(&polls, nfds_t(polls.count), 1000) >= 0 else { throw Failure("poll: error \(errno)") }
      for index in polls.indices where polls[index].revents != 0 { try advance(index) }
      elapsed = (ContinuousClock.now - begin) / .seconds(1)
    }
    return Double(finished) / elapsed
  }

  private func connect(_ index: Int) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw Failure("no socket: error \(errno)") }
    polls[index] = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    stages[index] = .connecting
    var peer = address
    let result = withUnsafePointer(to: &peer) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 || errno == EINPROGRESS else { throw Failure("connect: error \(errno)") }
  }

  /// Something has happened to a client: the next step.
  private func advance(_ index: Int) throws {
    let descriptor = polls[index].fd
    var octet: UInt8 = 1
    switch stages[index] {
    case .connecting:
      guard send(descriptor, &octet, 1, Int32(MSG_NOSIGNAL)) == 1 else { throw failure("connecting") }
      polls[index].events = Int16(POLLIN)
      stages[index] = .awaitingOctet
    case .awaitingOctet:
      guard recv(descriptor, &octet, 1, 0) == 1 else { throw failure("waiting for its octet") }
      shutdown(descriptor, Int32(SHUT_WR))
      stages[index] = .awaitingEnd
    case .awaitingEnd:
      guard recv(descriptor, &octet, 1, 0) == 0 else { throw failure("waiting for the end") }
      close(descriptor)
      polls[index].fd = -1
      finished += 1
      try connect(index)
    }
  }

  private func failure(_ stage: String) -> Failure {
    Failure("a connection failed while \(stage), after \(finished) others: error \(errno)")
  }
}
