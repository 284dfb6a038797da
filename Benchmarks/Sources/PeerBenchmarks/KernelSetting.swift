import Foundation

/// A setting of the kernel's TCP in this network namespace, for as long as somebody measures.
struct KernelSetting {
  private let path: String
  private let former: String

  /// - Parameter name: below `/proc/sys/net/ipv4`.
  init(_ name: String, _ value: String) throws {
    path = "/proc/sys/net/ipv4/\(name)"
    do {
      former = try String(contentsOfFile: path, encoding: .utf8)
      try KernelSetting.write(value, to: path)
    } catch {
      throw Failure("\(path) cannot be set, \(error): run as root or under `unshare -Urn`")
    }
  }

  func restore() throws { try KernelSetting.write(former, to: path) }

  private static func write(_ text: String, to path: String) throws {
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
  }
}
