import Foundation

/// A stack that is measured.
struct Contestant {
  let name: String
  let executable: String
  let isOurs: Bool
  /// The arguments for a load on a device, with our address on it and a port.
  let arguments: @Sendable (_ load: Load, _ device: String, _ address: String, _ port: Int) -> [String]

  /// Martinet with and without the device's offloads, then the programs of `peers` in the order of their names.
  static func all(martinet: String, peers: String?) throws -> [Contestant] {
    let ours = [("martinet", ""), ("martinet, offload off", ",offload=off")].map { name, suffix in
      Contestant(name: name, executable: martinet, isOurs: true) { load, device, address, port in
        [
          "serve", load.service, "--port", "\(port)", "--link", "tun:\(device)\(suffix)", "--address", "\(address)/24",
        ]
      }
    }
    guard let peers else { return ours }
    let names = try FileManager.default.contentsOfDirectory(atPath: peers).sorted()
    let others = names.map { URL(filePath: peers).appending(path: $0) }.filter {
      FileManager.default.isExecutableFile(atPath: $0.path)
        && (try? $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == false
    }
    return ours
      + others.map { file in
        Contestant(name: file.lastPathComponent, executable: file.path, isOurs: false) { load, device, address, port in
          [load.rawValue, device, address, "\(port)"]
        }
      }
  }
}
