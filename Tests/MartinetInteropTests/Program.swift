import Foundation

/// Programs that the tests need, and how to get them.
enum Program {
  private static let packages = [
    "ping": "iputils-ping", "traceroute": "traceroute", "tshark": "tshark", "nc": "netcat-openbsd", "ip": "iproute2",
    "ss": "iproute2", "python3": "python3", "curl": "curl", "setpriv": "util-linux", "unshare": "util-linux",
    "nsenter": "util-linux", "ssh": "openssh-client", "ssh-keygen": "openssh-client", "sshd": "openssh-server",
    "nginx": "nginx-light", "rabbitmq-server": "rabbitmq-server", "epmd": "erlang-base", "iperf3": "iperf3",
    "dnsmasq": "dnsmasq-base",
    "dumpcap": "tshark", "haproxy": "haproxy", "nft": "nftables",
  ]

  struct Missing: Error, CustomStringConvertible {
    let program: String
    var command: String?
    var description: String {
      "\(program) is missing: \(command ?? "apt-get install \(packages[program] ?? program)")"
    }
  }

  /// Checks that python3 has `module`.
  static func require(pythonModule module: String, in namespace: NetworkNamespace) throws {
    guard try namespace.start("python3", ["-c", "import \(module)"]).status() == 0 else {
      throw Missing(program: "the Python module \(module)", command: "pip install \(module)")
    }
  }

  static func path(of program: String) throws -> String {
    if program.hasPrefix("/") { return program }
    let search = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = (search + ":/usr/sbin:/sbin").split(separator: ":")
    for folder in folders {
      let path = "\(folder)/\(program)"
      if access(path, X_OK) == 0 { return path }
    }
    throw Missing(program: program)
  }

  /// A program of this package, which the build puts beside the tests.
  static func ours(_ name: String) throws -> String {
    let tests = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    let path = tests.deletingLastPathComponent().appending(path: name).path
    guard access(path, X_OK) == 0 else { throw Missing(program: name) }
    return path
  }
}
