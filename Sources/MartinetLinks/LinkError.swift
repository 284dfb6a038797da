import Glibc
import MartinetWire

/// Why a link cannot be had, in one line for the person who asked for it.
public enum LinkError: Error, Hashable, Sendable {
  /// The text of a link, and what is wrong with it.
  case malformed(String, reason: String)
  /// The device may not be opened or created.
  case deviceNotPermitted(String)
  /// The machine has no /dev/net/tun.
  case noDeviceDriver
  case deviceBusy(String)
  /// The device is of another kind than was asked for.
  case deviceOfAnotherKind(String, wanted: String)
  /// The device is there, but what it needs (an address, an MTU) may not be set.
  case setupNotPermitted(String, what: String)
  /// The device can't leave checksums and segmentation to us and us to it.
  case offloadNotOffered(String)
  /// The link can't have so many queues.
  case queuesNotOffered(String, Int)
  /// The links of one stack have different numbers of queues.
  case queuesDiffer([Int])
  /// The kernel itself has the address that was meant for us.
  case addressIsKernels(IPAddress, device: String)
  /// IPv6 needs links that carry 1280 octets (RFC 8200 section 5).
  case mtuTooSmallForIPv6(Int)
  case ipv6SwitchedOff(String)
  case unknownHost(String, reason: String)
  case portInUse(String)
  case addressNotOurs(String)
  /// A network namespace that cannot be entered, and why.
  case namespace(String, reason: String)
  /// The link has ended: its device was removed.
  case gone(String)
  case captureNotWritable(String, reason: String)
  /// A call of the system failed for another reason.
  case system(String, code: Int32)
}

extension LinkError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let text, let reason):
      "\"\(text)\" is not a link: \(reason)"
    case .deviceNotPermitted(let name):
      "no permission to open device \(name): run as root, or under `unshare -Urn`, or use a device that is yours "
        + "(as root: `ip tuntap add \(name) mode tun user $USER`)"
    case .noDeviceDriver:
      "this machine offers no TUN or TAP devices (/dev/net/tun is missing); a UDP tunnel (hub:, udp:) works without"
    case .deviceBusy(let name):
      "device \(name) is in use by another program"
    case .deviceOfAnotherKind(let name, let wanted):
      "device \(name) cannot be opened as \(wanted): it is of another kind"
    case .setupNotPermitted(let name, let what):
      "no permission to set \(what) of device \(name): run as root or under `unshare -Urn`, or let root set it before"
    case .offloadNotOffered(let name):
      "the kernel offers no offload on device \(name): leave out ,offload=on"
    case .queuesNotOffered(let name, let count):
      "\(name) cannot have \(count) queues: only TUN and TAP devices have several, 256 at most, and a stack has one to 64 shards"
    case .queuesDiffer(let counts):
      "each link of a stack has one queue for each shard, not \(counts.map(String.init).joined(separator: " and "))"
    case .addressIsKernels(let address, let device):
      "\(address) is the kernel's own address on \(device): give this side another address of the prefix"
    case .mtuTooSmallForIPv6(let mtu):
      "IPv6 needs an MTU of at least 1280 octets, the link has \(mtu)"
    case .ipv6SwitchedOff(let name):
      "the kernel refuses IPv6 on \(name): it is switched off there (sysctl net.ipv6.conf.\(name).disable_ipv6)"
    case .unknownHost(let host, let reason):
      "cannot find the host \"\(host)\": \(reason)"
    case .portInUse(let endpoint):
      "\(endpoint) is in use: another program listens there"
    case .addressNotOurs(let endpoint):
      "cannot listen on \(endpoint): this machine does not have the address"
    case .namespace(let path, let reason):
      "cannot enter the network namespace \(path): \(reason)"
    case .gone(let name):
      "the link \(name) has ended: its device was removed"
    case .captureNotWritable(let path, let reason):
      "cannot write the capture file \(path): \(reason)"
    case .system(let call, let code):
      "\(call): \(LinkError.text(of: code))"
    }
  }

  /// What the system says about an error number.
  static func text(of code: Int32) -> String { String(cString: strerror(code)) }
}
