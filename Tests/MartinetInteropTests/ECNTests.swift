import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("Congestion marks", .serialized)
  struct ECNTests {
    @Test("are agreed upon when the kernel asks", .proves("9293-SHLD-8", "IOP-09"))
    func kernelAsks() throws {
      let namespace = try NetworkNamespace()
      try namespace.set("ipv4/tcp_ecn", to: 1)
      let file = try namespace.randomFile("original", octets: 4_000_000)
      let us = try OurPeer(in: namespace, ["listen", OurSide.ours4, "9000", "--duplex", "--send", file.path])
      try us.awaitListening()
      try ECNTests.mark(in: namespace)
      let kernel = try KernelPeer(in: namespace, ["connect", OurSide.ours4, "9000", "--duplex", "--send", file.path])
      try expectMarks(namespace, file, kernel, us)
    }

    @Test("are agreed upon when we ask", .proves("9293-SHLD-8", "IOP-09"))
    func weAsk() throws {
      let namespace = try NetworkNamespace()
      try namespace.set("ipv4/tcp_ecn", to: 1)
      try KernelSide.prepare(namespace)
      try ECNTests.mark(in: namespace)
      let file = try namespace.randomFile("original", octets: 4_000_000)
      let kernel = try KernelPeer(in: namespace, ["listen", OurSide.kernel4, "9100", "--duplex", "--send", file.path])
      try kernel.awaitListening()
      let us = try OurPeer(
        in: namespace, ["connect", OurSide.kernel4, "9100", "--duplex", "--send", file.path, "--ecn", "askClassic"])
      try expectMarks(namespace, file, kernel, us)
    }

    @Test("in the classic form are what a kernel gives that has no other, to whoever asks for the accurate one")
    func fallback() throws {
      let namespace = try NetworkNamespace()
      try namespace.set("ipv4/tcp_ecn", to: 1)
      try KernelSide.prepare(namespace)
      let kernel = try KernelPeer(in: namespace, ["listen", OurSide.kernel4, "9100"])
      try kernel.awaitListening()
      let us = try OurPeer(in: namespace, ["connect", OurSide.kernel4, "9100", "--ecn", "ask"])
      #expect(try us.report().ecn == "classic")
      #expect(try kernel.report().error == nil)
    }

    /// Lets every fiftieth ECN-capable packet meet congestion, in both directions.
    private static func mark(in namespace: NetworkNamespace) throws {
      let rules = """
        add table ip marks; \
        add chain ip marks in { type filter hook prerouting priority -300; }; \
        add rule ip marks in ip ecn ect0 numgen inc mod 50 0 ip ecn set ce; \
        add chain ip marks out { type filter hook output priority 0; }; \
        add rule ip marks out ip ecn ect0 numgen inc mod 50 0 ip ecn set ce
        """
      try namespace.run("nft", rules)
    }

    private func expectMarks(
      _ namespace: NetworkNamespace, _ file: URL, _ kernel: KernelPeer, _ us: OurPeer
    ) throws {
      let sum = try namespace.sha256(of: file)
      let kernelReport = try kernel.report()
      let ourReport = try us.report()
      #expect(kernelReport.error == nil)
      #expect(ourReport.error == nil)
      #expect(ourReport.ecn == "classic")
      // The kernel agreed, too.
      #expect(kernelReport.options.map { $0 & 8 } == 8)
      #expect((ourReport.marksReceived ?? 0) > 0)
      #expect((ourReport.marksReported ?? 0) > 0)
      #expect(kernelReport.sha256 == sum)
      #expect(ourReport.sha256 == sum)
    }
  }
}
