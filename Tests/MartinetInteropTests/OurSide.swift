import Foundation
import Testing

/// The `martinet` tool in the namespace, on a TUN or TAP device.
struct OurSide {
  static let device = "mt0"
  /// The kernel's side of the device, which the link makes.
  static let kernel4 = "10.99.0.1"
  static let kernel6 = "fd99::1"
  static let ours4 = "10.99.0.2"
  static let ours6 = "fd99::2"

  let namespace: NetworkNamespace
  let child: Child

  /// - Parameter offload: nil leaves it to the link, which takes what the kernel offers.
  static func linkArguments(_ kind: String = "tun", offload: Bool? = nil) -> [String] {
    let option = offload.map { ",offload=\($0 ? "on" : "off")" } ?? ""
    return ["--link", "\(kind):\(device)\(option)", "--address", "\(ours4)/24", "--address", "\(ours6)/64"]
  }

  /// `martinet receive` into the folder `inbox`, listening on port 9000.
  static func receive(
    in namespace: NetworkNamespace, kind: String = "tun", offload: Bool? = nil, _ more: [String] = []
  ) throws -> OurSide {
    let inbox = namespace.file("inbox")
    try FileManager.default.createDirectory(at: inbox, withIntermediateDirectories: true)
    let child = try namespace.start(
      Program.ours("martinet"),
      ["receive", inbox.path, "--port", "9000"] + linkArguments(kind, offload: offload) + more)
    try child.awaits("listening on")
    return OurSide(namespace: namespace, child: child)
  }

  /// `martinet send` of `file` to a kernel's address and port.
  static func send(
    _ file: URL, to endpoint: String, in namespace: NetworkNamespace, kind: String = "tun", offload: Bool? = nil,
    _ more: [String] = []
  ) throws -> OurSide {
    let child = try namespace.start(
      Program.ours("martinet"), ["send", file.path, endpoint] + linkArguments(kind, offload: offload) + more)
    return OurSide(namespace: namespace, child: child)
  }

  /// The files that have arrived whole.
  var received: [URL] {
    let inbox = namespace.file("inbox")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: inbox.path)) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted().map { inbox.appending(path: $0) }
  }

  /// Waits until `number` files have arrived, 60 seconds at most.
  func awaitFiles(_ number: Int) throws -> [URL] {
    let deadline = Date().addingTimeInterval(60)
    while received.count < number {
      guard Date() < deadline && child.isRunning else {
        throw Child.Failure("\(received.count) of \(number) files arrived", child)
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return received
  }

  /// Ends it with SIGTERM and waits.
  func stop() throws {
    child.signal(SIGTERM)
    try child.status(seconds: 15)
  }

  /// The octets of a transfer: 64 MiB, or what MARTINET_INTEROP_BYTES says.
  static let transferSize = ProcessInfo.processInfo.environment["MARTINET_INTEROP_BYTES"].flatMap(Int.init) ?? 64 << 20
}

/// The two families with the addresses of both sides.
enum Family: String, CaseIterable, CustomTestStringConvertible {
  case ipv4
  case ipv6

  var testDescription: String { rawValue }
  var ours: String { self == .ipv4 ? OurSide.ours4 : OurSide.ours6 }
  var kernels: String { self == .ipv4 ? OurSide.kernel4 : OurSide.kernel6 }
  /// The kernel's address with a port, as `HOST:PORT`.
  func kernelEndpoint(_ port: Int) -> String { self == .ipv4 ? "\(kernels):\(port)" : "[\(kernels)]:\(port)" }
}
