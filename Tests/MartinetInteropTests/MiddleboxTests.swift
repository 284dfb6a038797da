import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  /// The second router of the path does more than to pass packets on.
  @Suite("Middleboxes", .serialized)
  struct MiddleboxTests {
    /// A path on which the second router filters by `rules` of nft.
    private static func path(_ rules: String...) throws -> NarrowPath {
      let path = try NarrowPath(mtu: 1500)
      for rule in rules { try path.second.run("nft", rule) }
      return path
    }

    /// Two files cross each other; nobody may notice more than `options` of the kernel's, and both must close in peace.
    private func cross(_ path: NarrowPath, kernelSees expected: Int, weListen: Bool = false) throws {
      let ourFile = try path.first.randomFile("ours", octets: 1 << 20)
      let kernelFile = try path.far.randomFile("kernel", octets: 1 << 20)
      let (us, kernel): (OurPeer, KernelPeer)
      let what = { (file: URL) in ["--duplex", "--send", file.path] }
      if weListen {
        us = try OurPeer(in: path.first, ["listen", OurSide.ours4, "9000"] + what(ourFile))
        try us.awaitListening()
        kernel = try KernelPeer(in: path.far, ["connect", "10.97.0.1", "9000"] + what(kernelFile))
      } else {
        kernel = try KernelPeer(in: path.far, ["listen", NarrowPath.far4, "9100"] + what(kernelFile))
        try kernel.awaitListening()
        us = try OurPeer(in: path.first, ["connect", NarrowPath.far4, "9100"] + what(ourFile))
      }
      let kernelReport = try kernel.report()
      let ourReport = try us.report()
      #expect(kernelReport.error == nil)
      #expect(ourReport.error == nil)
      #expect(kernelReport.options.map { $0 & 7 } == expected)
      #expect(kernelReport.sha256 == (try path.far.sha256(of: ourFile)))
      #expect(ourReport.sha256 == (try path.first.sha256(of: kernelFile)))
      #expect(kernelReport.longestGap < 5 && ourReport.longestGap < 5)
    }

    @Test("A router that puts its own address and port into what we send takes us to a server", .proves("IOP-14"))
    func masquerade() throws {
      let path = try MiddleboxTests.path(
        """
        add table ip nat; add chain ip nat out { type nat hook postrouting priority 100; }; \
        add rule ip nat out oifname wide0 masquerade random
        """)
      try path.far.run("ip", "route", "del", "default")
      try cross(path, kernelSees: 7)
    }

    @Test("A router that takes connections in our place brings them to our listener", .proves("IOP-14"))
    func forwarding() throws {
      let path = try MiddleboxTests.path(
        """
        add table ip nat; add chain ip nat in { type nat hook prerouting priority -100; }; \
        add rule ip nat in iifname wide0 tcp dport 9000 dnat to \(OurSide.ours4)
        """)
      try cross(path, kernelSees: 7, weListen: true)
    }

    /// What is taken out of which segments, and the options that the kernel then takes for agreed: 1 timestamps, 2 SACK, 4 window scaling.
    struct Stripping: CustomTestStringConvertible {
      let options: [String]
      let flags: String
      let kernelSees: Int
      var testDescription: String { "\(options.joined(separator: ", ")) of \(flags)" }

      static let all = [
        Stripping(options: ["timestamp", "sack-perm", "window"], flags: "tcp flags syn / syn,ack", kernelSees: 0),
        Stripping(options: ["timestamp", "sack-perm"], flags: "tcp flags syn,ack / syn,ack", kernelSees: 7),
        Stripping(options: ["sack-perm"], flags: "tcp flags syn / syn,ack", kernelSees: 5),
      ]
    }

    @Test(
      "A firewall that takes options out leaves a connection that works without them", .proves("IOP-14"),
      arguments: Stripping.all)
    func stripped(stripping: Stripping) throws {
      let rules = stripping.options.map { "add rule ip strip pass \(stripping.flags) reset tcp option \($0); " }
        .joined()
      let path = try MiddleboxTests.path(
        "add table ip strip; add chain ip strip pass { type filter hook forward priority -150; }; " + rules)
      try cross(path, kernelSees: stripping.kernelSees)
    }
  }
}
