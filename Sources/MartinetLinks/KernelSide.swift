import CMartinetLinux
import Glibc
import MartinetWire

/// What the kernel needs on its side of a device: an MTU, the device up, an address or a route. What is there already is used; what was added is
/// taken back.
struct KernelSide {
  let name: String
  private let index: Int32
  private var addedAddresses: [IPPrefix] = []
  private var addedRoutes: [IPPrefix] = []

  init(name: String) throws(LinkError) {
    self.name = name
    index = martinet_device_index(name)
    if index < 0 { throw .system("device \(name)", code: -index) }
  }

  /// The device's MTU, once it has been set to `wanted` where one is wanted.
  func settleMTU(_ wanted: Int?) throws(LinkError) -> Int {
    let present = martinet_device_mtu(name)
    if present < 0 { throw .system("MTU of device \(name)", code: -present) }
    guard let wanted, wanted != Int(present) else { return Int(present) }
    try check(martinet_device_set_mtu(name, Int32(wanted)), setting: "the MTU")
    return wanted
  }

  func setUp() throws(LinkError) {
    if martinet_device_is_up(name) != 1 { try check(martinet_device_set_up(name), setting: "the state") }
    awaitRunning()
  }

  /// Waits until the kernel sends through the device. One that was up before somebody held its other end takes what the kernel has to send for nothing until a
  /// worker of the kernel has heard of it: the answer to the first packet would be lost, and a connection begin a second late. The worker seldom takes
  /// more than a millisecond, and looks at least once a second.
  private func awaitRunning() {
    for _ in 0..<KernelSide.longestWait where martinet_device_is_running(name) == 0 { usleep(1000) }
  }

  /// In milliseconds.
  private static let longestWait = 1500

  /// Makes the kernel reach `prefix.address` through the device, from an address that is not in `ours`.
  mutating func reach(_ prefix: IPPrefix, ours: [IPAddress]) throws(LinkError) {
    let present = KernelSide.addresses(of: index)
    if KernelSide.addresses(of: 0).contains(where: { $0.address == prefix.address }) {
      throw .addressIsKernels(prefix.address, device: name)
    }
    if present.contains(where: { $0.contains(prefix.address) && $0.length < $0.fullLength }) { return }
    if martinet_route_device(martinet_address(prefix.address)) == index { return }
    if let kernels = prefix.firstHost(otherThan: ours) {
      try add(IPPrefix(kernels, prefix.length))
    } else {
      try addRoute(to: IPPrefix(prefix.address, prefix.fullLength))
    }
  }

  private mutating func add(_ prefix: IPPrefix) throws(LinkError) {
    let result = martinet_address_add(index, martinet_address(prefix.address), prefix.length)
    if result == -EEXIST { return }
    if result == -EACCES && !prefix.address.isIPv4 { throw .ipv6SwitchedOff(name) }
    try check(result, setting: "the address")
    addedAddresses.append(prefix)
  }

  private mutating func addRoute(to prefix: IPPrefix) throws(LinkError) {
    let result = martinet_route_add(index, martinet_address(prefix.address), prefix.length)
    if result == -EEXIST { return }
    try check(result, setting: "a route")
    addedRoutes.append(prefix)
  }

  /// Takes back what was added. Errors do not matter: the device may have gone first.
  mutating func takeBack() {
    for prefix in addedRoutes {
      _ = martinet_route_remove(index, martinet_address(prefix.address), prefix.length)
    }
    for prefix in addedAddresses {
      _ = martinet_address_remove(index, martinet_address(prefix.address), prefix.length)
    }
    addedRoutes = []
    addedAddresses = []
  }

  private func check(_ result: Int32, setting what: String) throws(LinkError) {
    if result >= 0 { return }
    if result == -EPERM || result == -EACCES { throw .setupNotPermitted(name, what: what) }
    throw .system("\(what) of device \(name)", code: -result)
  }

  /// The addresses of device `index`; of all devices if it is 0.
  private static func addresses(of index: Int32) -> [IPPrefix] {
    let capacity = 256
    var found = [martinet_address](repeating: martinet_address(), count: capacity)
    var lengths = [UInt8](repeating: 0, count: capacity)
    let count = Int(martinet_address_list(index, &found, &lengths, Int32(capacity)))
    return (0..<max(0, min(count, capacity))).map { IPPrefix(IPAddress(found[$0]), lengths[$0]) }
  }
}
