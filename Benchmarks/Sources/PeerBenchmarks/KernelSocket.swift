import Foundation

/// A connection of the kernel's own TCP.
struct KernelSocket {
  let descriptor: Int32
  private static let block = 1 << 18

  /// Connects to an IPv4 address; nil if nobody answers in time.
  init?(address: String, port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    // A SYN that nobody hears yet must not be repeated with the kernel's patience.
    set(Int32(IPPROTO_TCP), TCP_SYNCNT, 1)
    set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    // A controller that paces would measure its own timers.
    let name = Array("cubic".utf8)
    guard setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_CONGESTION, name, socklen_t(name.count)) == 0 else {
      close(descriptor)
      throw Failure("the kernel does not offer cubic")
    }
    var peer = sockaddr_in()
    peer.sin_family = sa_family_t(AF_INET)
    peer.sin_port = port.bigEndian
    inet_pton(AF_INET, address, &peer.sin_addr)
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &peer) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Foundation.connect(descriptor, $0, length) }
    }
    guard result == 0 else {
      close(descriptor)
      return nil
    }
  }

  private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Octets that were moved, and how many in a second.
  struct Amount {
    var count: Int
    var rate: Double
  }

  func push(seconds: Double) throws -> Amount {
    try move(seconds: seconds) { send(descriptor, $0, KernelSocket.block, Int32(MSG_NOSIGNAL)) }
  }

  func pull(seconds: Double) throws -> Amount {
    try move(seconds: seconds) { recv(descriptor, $0, KernelSocket.block, 0) }
  }

  private func move(seconds: Double, _ call: (UnsafeMutableRawPointer) -> Int) throws -> Amount {
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: KernelSocket.block, alignment: 64)
    buffer.initializeMemory(as: UInt8.self, repeating: 7, count: KernelSocket.block)
    defer { buffer.deallocate() }
    let begin = ContinuousClock.now
    var count = 0
    var elapsed = 0.0
    while elapsed < seconds {
      let moved = call(buffer)
      guard moved > 0 else { throw Failure("the connection ended after \(count) octets, error \(errno)") }
      count += moved
      elapsed = (ContinuousClock.now - begin) / .seconds(1)
    }
    return Amount(count: count, rate: Double(count) / elapsed)
  }

  /// The median time in microseconds that an octet takes there and back.
  func medianRoundTrip(seconds: Double) throws -> Double {
    var times: [Double] = []
    var octet: UInt8 = 1
    let begin = ContinuousClock.now
    while ContinuousClock.now - begin < .seconds(seconds) {
      let start = ContinuousClock.now
      guard send(descriptor, &octet, 1, Int32(MSG_NOSIGNAL)) == 1, recv(descriptor, &octet, 1, 0) == 1 else {
        throw Failure("the connection ended after \(times.count) octets, error \(errno)")
      }
      times.append((ContinuousClock.now - start) / .microseconds(1))
    }
    times.sort()
    return times[times.count / 2]
  }
}
