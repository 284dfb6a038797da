import Foundation
import Testing

/// A HAProxy of the test's own in the namespace, between whoever comes to it and one server.
struct Middle {
  static let port = 8000
  let child: Child
  private let namespace: NetworkNamespace

  /// Starts HAProxy on the kernel's side of our device, which must be there, and waits until it listens.
  ///
  /// - Parameters:
  ///   - server: where it connects, as `HOST:PORT`.
  ///   - patience: how many seconds it bears silence on either side.
  ///   - connecting: how many seconds it tries to reach the server.
  init(in namespace: NetworkNamespace, to server: String, patience: Double = 3600, connecting: Double = 5) throws {
    self.namespace = namespace
    let configuration = namespace.file("haproxy.cfg")
    func milliseconds(_ seconds: Double) -> String { "\(Int(seconds * 1000))ms" }
    let text = """
      global
        maxconn 16
      defaults
        mode tcp
        retries 0
        timeout connect \(milliseconds(connecting))
        timeout client \(milliseconds(patience))
        timeout server \(milliseconds(patience))
      listen middle
        bind \(OurSide.kernel4):\(Middle.port)
        server behind \(server)

      """
    try text.write(to: configuration, atomically: true, encoding: .utf8)
    child = try namespace.start("haproxy", ["-db", "-f", configuration.path])
    for _ in 0..<500 {
      if try namespace.run("ss", "-Hltn", "sport", "=", ":\(Middle.port)").isEmpty == false { return }
      if !child.isRunning { throw Child.Failure("it ended at once", child) }
      Thread.sleep(forTimeInterval: 0.02)
    }
    throw Child.Failure("it does not listen", child)
  }

  /// How the way behind HAProxy is cut.
  enum Cut: String, CaseIterable, CustomTestStringConvertible {
    case packetFilter = "nft drops"
    case linkDown = "the link goes down"
    var testDescription: String { rawValue }
  }

  /// Cuts the way between HAProxy and TCP port `port` of a server, without a word to anybody.
  func cut(_ cut: Cut, port: Int) throws {
    switch cut {
    case .packetFilter: try Middle.drop(port: port, in: namespace)
    case .linkDown: try namespace.run("ip", "link", "set", OurSide.device, "down")
    }
  }

  /// Lets every packet to and from TCP port `port` vanish.
  static func drop(port: Int, in namespace: NetworkNamespace) throws {
    let rules = """
      add table ip cut; \
      add chain ip cut in { type filter hook input priority 0; }; \
      add rule ip cut in tcp sport \(port) drop; \
      add rule ip cut in tcp dport \(port) drop; \
      add chain ip cut out { type filter hook output priority 0; }; \
      add rule ip cut out tcp dport \(port) drop
      """
    try namespace.run("nft", rules)
  }
}
