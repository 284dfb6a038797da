import Foundation
import Testing

/// A network of a test's own: a namespace with a kernel side that nothing else is in.
///
/// A holder process enters it and keeps it; whatever runs in it joins the holder.
final class NetworkNamespace {
  /// Where the test keeps its files; removed at the end.
  let folder: URL
  private let holder: Child
  private let holderInput = Pipe()
  private static let isRoot = geteuid() == 0

  /// - Parameter other: a namespace whose user may also rule this one, so that a wire between them can be laid.
  init(beside other: NetworkNamespace? = nil) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "martinet-interop-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let hold = ["sh", "-c", "ip link set lo up && echo ready && exec cat"]
    if let other {
      let enter = try other.entrance() + ["--", "unshare", "-n"]
      holder = try Child(enter + hold, in: folder, input: holderInput)
    } else {
      let enter = NetworkNamespace.isRoot ? ["unshare", "-n"] : ["unshare", "-Urn"]
      holder = try Child(["/usr/bin/env"] + enter + hold, in: folder, input: holderInput)
    }
    do {
      try holder.awaits("ready")
    } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
  }

  deinit {
    try? holderInput.fileHandleForWriting.close()
    holder.kill()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Starts a program in the namespace.
  func start(_ program: String, _ arguments: [String]) throws -> Child {
    try Child(entrance() + ["--", Program.path(of: program)] + arguments, in: folder)
  }

  /// The file that stands for the network namespace.
  var path: String { "/proc/\(holder.id)/ns/net" }

  /// The command that runs what stands behind it in the namespace.
  private func entrance() throws -> [String] {
    let nsenter = try Program.path(of: "nsenter")
    let target = String(holder.id)
    return NetworkNamespace.isRoot
      ? [nsenter, "--net=/proc/\(target)/ns/net"]
      : [nsenter, "-t", target, "-U", "-n", "--preserve-credentials"]
  }

  /// Lays a wire with `mtu` from here to `other`; its two ends are called `near` and `far`, each with its addresses.
  func connect(
    to other: NetworkNamespace, near: (name: String, addresses: [String]), far: (name: String, addresses: [String]),
    mtu: Int
  ) throws {
    try run(
      "ip", "link", "add", "name", near.name, "mtu", "\(mtu)", "type", "veth", "peer", "name", far.name, "mtu",
      "\(mtu)", "netns", "\(other.holder.id)")
    for (namespace, end) in [(self, near), (other, far)] {
      for address in end.addresses {
        try namespace.run(
          "sh", "-c", "ip addr add \(address) dev \(end.name) $(case \(address) in *:*) echo nodad;; esac)")
      }
      try namespace.run("ip", "link", "set", end.name, "up")
    }
  }

  /// Runs a program in the namespace to its success and returns what it said.
  @discardableResult
  func run(_ program: String, _ arguments: String..., seconds: Double = 60) throws -> String {
    let child = try start(program, arguments)
    try child.succeeds(seconds: seconds)
    return child.said
  }

  /// Sets a knob of the namespace's kernel side.
  func set(_ knob: String, to value: Int) throws {
    try run("sh", "-c", "echo \(value) > /proc/sys/net/\(knob)")
  }

  func file(_ name: String) -> URL { folder.appending(path: name) }

  /// A file of random octets.
  func randomFile(_ name: String, octets: Int) throws -> URL {
    let url = file(name)
    try run("sh", "-c", "head -c \(octets) /dev/urandom > '\(url.path)'")
    return url
  }

  /// A file of numbered lines: octets that no dissector takes for a protocol of its own, as it may with random ones.
  func textFile(_ name: String, octets: Int) throws -> URL {
    let url = file(name)
    try run("sh", "-c", "seq 1 \(octets) | head -c \(octets) > '\(url.path)'")
    return url
  }

  func sha256(of url: URL) throws -> String {
    String(try run("sha256sum", url.path).prefix(64))
  }
}
