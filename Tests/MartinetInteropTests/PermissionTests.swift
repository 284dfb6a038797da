import Foundation
import MartinetTestSupport
import Testing

/// Whether this machine lets tests have a network of their own.
enum Permission {
  /// nil: it does. Otherwise why not, and the command that helps.
  static let obstacle: String? = {
    do {
      let namespace = try NetworkNamespace()
      try namespace.run("sh", "-c", "test -c /dev/net/tun && exec 3<>/dev/net/tun")
      try namespace.run("ip", "tuntap", "add", "probe", "mode", "tun")
      return nil
    } catch {
      return """
        the kernel-interop tests need a network namespace and /dev/net/tun, which this machine refuses. What helps: run them as \
        root; or `sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`; in a container \
        `docker run --cap-add NET_ADMIN --cap-add SYS_ADMIN --device /dev/net/tun`; or leave them out: \
        `swift test --skip MartinetInteropTests`.
        \(error)
        """
    }
  }()
}

@Suite("The machine")
struct PermissionTests {
  @Test("lets tests have a network of their own, with a TUN device")
  func permission() {
    if let obstacle = Permission.obstacle { Issue.record("\(obstacle)") }
  }
}

/// Everything that has the Linux kernel as its peer, one test at a time.
@Suite(
  "With the kernel as the peer", .serialized, .blocksThreads,
  .enabled(if: Permission.obstacle == nil, "the test of the machine's permissions says why"))
struct KernelInterop {}
