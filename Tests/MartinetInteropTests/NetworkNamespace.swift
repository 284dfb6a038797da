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

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "martinet-interop-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let enter = NetworkNamespace.isRoot ? ["unshare", "-n"] : ["unshare", "-Urn"]
    let hold = ["sh", "-c", "ip link set lo up && echo ready && exec cat"]
    holder = try Child(["/usr/bin/env"] + enter + hold, in: folder, input: holderInput)
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
    let path = try Program.path(of: program)
    let target = String(holder.id)
    let enter =
      NetworkNamespace.isRoot
      ? ["nsenter", "--net=/proc/\(target)/ns/net"]
      : ["nsenter", "-t", target, "-U", "-n", "--preserve-credentials"]
    return try Child([try Program.path(of: enter[0])] + enter.dropFirst() + ["--", path] + arguments, in: folder)
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
