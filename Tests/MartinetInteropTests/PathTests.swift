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

  /// Makes a black hole of the first router: what is too big for the narrow wire vanishes without a word.
  func silence() throws {
    let rules = """
      add table inet hole; \
      add chain inet hole out { type filter hook output priority 0; }; \
      add rule inet hole out icmp type destination-unreachable drop; \
      add rule inet hole out icmpv6 type packet-too-big drop
      """
    try first.run("nft", rules)
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
      "Routers tell both ends of the path MTU, and two files cross each other", .proves("IOP-08"),
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

    /// Sends a file through the narrow path: what both ends report.
    private func send(
      _ narrowness: Narrowness, through path: NarrowPath, _ arguments: [String] = []
    ) throws -> (ours: PeerReport, kernel: PeerReport) {
      let file = try path.first.randomFile("ours", octets: 1 << 20)
      let far = narrowness.family == .ipv4 ? NarrowPath.far4 : NarrowPath.far6
      let kernel = try KernelPeer(in: path.far, ["listen", far, "9100", "--end", "wait"])
      try kernel.awaitListening()
      let us = try OurPeer(in: path.first, ["connect", far, "9100", "--send", file.path] + arguments)
      let report = try kernel.report()
      #expect(report.error == nil)
      #expect(report.sha256 == (try path.far.sha256(of: file)))
      let ourReport = try us.report()
      #expect(ourReport.error == nil)
      return (ourReport, report)
    }

    @Test("We connect through it, too", arguments: Narrowness.all)
    func weConnect(narrowness: Narrowness) throws {
      let ours = try send(narrowness, through: NarrowPath(mtu: narrowness.mtu)).ours
      #expect(ours.segment == narrowness.segment)
    }

    @Test(
      "Where the routers say nothing a file crosses after timeouts, in segments that fit", .proves("IOP-08"),
      arguments: Narrowness.all)
    func blackHole(narrowness: Narrowness) throws {
      let path = try NarrowPath(mtu: narrowness.mtu)
      try path.silence()
      let ours = try send(narrowness, through: path).ours
      // 1,024 octets (1,280 with IPv6) are tried after three timeouts, 512 after five.
      #expect(ours.blackHoles == (narrowness.mtu < 1024 ? 2 : 1))
      let segment = try #require(ours.segment)
      #expect(segment <= narrowness.segment && segment >= min(narrowness.segment, 512) - 52)
      // Of 200 ms and what the machine adds: 7 times the first timeout, or 31 times.
      #expect(ours.seconds < (narrowness.mtu < 1024 ? 20 : 8))
    }

    @Test(
      "Probes meet no black hole where the routers say nothing", .proves("IOP-08"), arguments: [Family.ipv4, .ipv6])
    func probes(family: Family) throws {
      let path = try NarrowPath(mtu: 1400)
      try path.silence()
      let narrowness = Narrowness(mtu: 1400, family: family)
      let ours = try send(narrowness, through: path, ["--discovery", "probing"]).ours
      #expect(ours.blackHoles == 0)
      let segment = try #require(ours.segment)
      #expect(segment <= narrowness.segment && segment >= 1024 - 52)
    }
  }
}
