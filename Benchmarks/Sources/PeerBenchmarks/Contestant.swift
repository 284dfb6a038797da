import Foundation

/// A stack that is measured.
struct Contestant {
  let name: String
  let executable: String
  let isOurs: Bool
  /// Whether it only stands beside another of ours where waiting is measured.
  var isOnlyForWaiting = false
  /// The arguments for a load on a device, with our address on it and a port.
  let arguments: @Sendable (_ load: Load, _ device: String, _ address: String, _ port: Int) -> [String]

  /// Martinet with and without the device's offloads, then the programs of `peers` in the order of their names.
  static func all(martinet: String, peers: String?) throws -> [Contestant] {
    let ours = [
      own("martinet", martinet), own("martinet, offload off", martinet, device: ",offload=off"),
      own("martinet, no spinning", martinet, options: ["--spin", "0"], isOnlyForWaiting: true),
    ]
    guard let peers else { return ours }
    let names = try FileManager.default.contentsOfDirectory(atPath: peers).sorted()
    let others = names.map { URL(filePath: peers).appending(path: $0) }.filter {
      FileManager.default.isExecutableFile(atPath: $0.path)
        && (try? $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == false
    }
    return ours
      + others.map { file in
        Contestant(name: file.lastPathComponent, executable: file.path, isOurs: false) { load, device, address, port in
          [load.program, device, address, "\(port)"]
        }
      }
  }

  private static func own(
    _ name: String, _ executable: String, device suffix: String = "", options: [String] = [],
    isOnlyForWaiting: Bool = false
  ) -> Contestant {
    Contestant(name: name, executable: executable, isOurs: true, isOnlyForWaiting: isOnlyForWaiting) {
      load, device, address, port in
      ["serve", load.service, "--port", "\(port)", "--link", "tun:\(device)\(suffix)", "--address", "\(address)/24"]
        + options
    }
  }
}
