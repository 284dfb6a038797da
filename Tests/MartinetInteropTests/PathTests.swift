import Foundation
import MartinetTestSupport
import Testing

/// A path with a narrow place that neither end sees: our stack - first router - narrow wire - second router - the kernel's end.
///
///     ours .2 --- TUN --- .1 first .1 --- narrow --- .2 second .1 --- wide --- .2 far
///            10.99.0/24           10.98.0/24               10.97.0/24
struct NarrowPath {
  static let far4 = "10.97.0.2"
  static let far6 = "fd97::2"

  let first: NetworkNamespace
  let second: NetworkNamespace
  let far: NetworkNamespace

  /// - Parameter mtu: of the narrow wire; IPv6 needs 1280.
  init(mtu: Int) throws {
    first = try NetworkNamespace()
    second = try NetworkNamespace(beside: first)
    far = try NetworkNamespace(beside: first)
    let hasIPv6 = mtu >= 1280
    // A router whose link-local address is still tentative (RFC 4862 section 5.4) cannot ask for its neighbours, and refuses.
    for namespace in [first, second, far] { try namespace.set("ipv6/conf/default/accept_dad", to: 0) }
    func addresses(_ network: Int, _ number: Int) -> [String] {
      ["10.\(network).0.\(number)/24"] + (hasIPv6 ? ["fd\(network)::\(number)/64"] : [])
    }
    try first.connect(
      to: second, near: ("narrow0", addresses(98, 1)), far: ("narrow1", addresses(98, 2)), mtu: mtu)
    try second.connect(to: far, near: ("wide0", addresses(97, 1)), far: ("wide1", addresses(97, 2)), mtu: 1500)
    for router in [first, second] {
      try router.set("ipv4/ip_forward", to: 1)
      if hasIPv6 { try router.set("ipv6/conf/all/forwarding", to: 1) }
    }
    try first.run("ip", "route", "add", "10.97.0.0/24", "via", "10.98.0.2")
    try second.run("ip", "route", "add", "10.99.0.0/24", "via", "10.98.0.1")
    try far.run("ip", "route", "add", "default", "via", "10.97.0.1")
    try far.run("ping", "-c", "1", "-w", "10", "10.98.0.1")
    guard hasIPv6 else { return }
    try first.run("ip", "-6", "route", "add", "fd97::/64", "via", "fd98::2")
    try second.run("ip", "-6", "route", "add", "fd99::/64", "via", "fd98::1")
    try far.run("ip", "-6", "route", "add", "default", "via", "fd97::1")
    try far.run("ping", "-c", "1", "-w", "10", "fd98::1")
  }
}

extension KernelInterop {
  @Suite("A narrow path", .serialized)
  struct PathTests {
    struct Narrowness: CustomTestStringConvertible {
      let mtu: Int
      let family: Family
      var testDescription: String { "\(family.rawValue), MTU \(mtu)" }
      /// The payload of a segment that just fits, with timestamps in its header.
      var segment: Int { mtu - (family == .ipv4 ? 20 : 40) - 20 - 12 }

      static let all = [
        Narrowness(mtu: 1280, family: .ipv4), Narrowness(mtu: 576, family: .ipv4), Narrowness(mtu: 1280, family: .ipv6),
      ]
    }

    @Test(
      "Routers tell both ends of the path MTU, and two files cross each other",
      arguments: Narrowness.all)
    func duplex(narrowness: Narrowness) throws {
      let path = try NarrowPath(mtu: narrowness.mtu)
      let ourFile = try path.first.randomFile("ours", octets: 1 << 20)
      let kernelFile = try path.far.randomFile("kernel", octets: 1 << 20)
      let ours = narrowness.family.ours
      let us = try OurPeer(in: path.first, ["listen", ours, "9000", "--duplex", "--send", ourFile.path])
      try us.awaitListening()
      let kernel = try KernelPeer(in: path.far, ["connect", ours, "9000", "--duplex", "--send", kernelFile.path])
      let kernelReport = try kernel.report()
      let ourReport = try us.report()
      #expect(kernelReport.error == nil)
      #expect(ourReport.error == nil)
      #expect(kernelReport.sha256 == (try path.far.sha256(of: ourFile)))
      #expect(ourReport.sha256 == (try path.first.sha256(of: kernelFile)))
      #expect(kernelReport.segment == narrowness.segment)
      #expect(ourReport.segment == narrowness.segment)
      // Nobody waited for a timeout: the routers' word is enough.
      #expect(kernelReport.longestGap < 5)
      #expect(ourReport.longestGap < 5)
    }

    @Test("We connect through it, too", arguments: Narrowness.all)
    func weConnect(narrowness: Narrowness) throws {
      let path = try NarrowPath(mtu: narrowness.mtu)
      let file = try path.first.randomFile("ours", octets: 1 << 20)
      let far = narrowness.family == .ipv4 ? NarrowPath.far4 : NarrowPath.far6
      let kernel = try KernelPeer(in: path.far, ["listen", far, "9100", "--end", "wait"])
      try kernel.awaitListening()
      let us = try OurPeer(in: path.first, ["connect", far, "9100", "--send", file.path])
      let report = try kernel.report()
      #expect(report.error == nil)
      #expect(report.sha256 == (try path.far.sha256(of: file)))
      let ourReport = try us.report()
      #expect(ourReport.error == nil)
      #expect(ourReport.segment == narrowness.segment)
    }
  }
}
