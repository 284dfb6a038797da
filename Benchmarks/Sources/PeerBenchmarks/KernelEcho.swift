import Foundation

/// The kernel's own TCP on the loopback device, one thread at each end: what a round trip through blocking sockets costs on this machine.
enum KernelEcho {
  static let name = "kernel, loopback"
  private static let port: UInt16 = 5002

  /// The median round trip of an octet in microseconds.
  static func measure(seconds: Double) throws -> Outcome {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else { throw Failure("no socket: error \(errno)") }
    defer { close(listener) }
    var reuse: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    let isBound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isBound, listen(listener, 1) == 0 else {
      throw Failure("port \(port) of loopback is not free: error \(errno)")
    }
    Thread.detachNewThread {
      let accepted = accept(listener, nil, nil)
      var one: Int32 = 1
      setsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
      var octet: UInt8 = 0
      while recv(accepted, &octet, 1, 0) == 1 && send(accepted, &octet, 1, Int32(MSG_NOSIGNAL)) == 1 {}
      close(accepted)
    }
    guard let client = try KernelSocket(address: "127.0.0.1", port: port) else {
      throw Failure("loopback does not answer: set it up with `ip link set lo up`")
    }
    defer { close(client.descriptor) }
    return Outcome(figure: try client.medianRoundTrip(seconds: seconds), costPerGigabyte: nil)
  }
}
