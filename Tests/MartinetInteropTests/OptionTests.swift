import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("Options of the handshake", .serialized)
  struct OptionTests {
    /// The options that the kernel may use, as the bits that its tcp_info reports.
    struct Allowed: CustomTestStringConvertible {
      let bits: Int
      var timestamps: Bool { bits & 1 != 0 }
      var sack: Bool { bits & 2 != 0 }
      var scaling: Bool { bits & 4 != 0 }
      var testDescription: String {
        let names = [timestamps ? "timestamps" : nil, sack ? "SACK" : nil, scaling ? "window scaling" : nil]
        return names.compactMap { $0 }.joined(separator: ", ")
      }

      func apply(to namespace: NetworkNamespace) throws {
        try namespace.set("ipv4/tcp_timestamps", to: timestamps ? 1 : 0)
        try namespace.set("ipv4/tcp_sack", to: sack ? 1 : 0)
        try namespace.set("ipv4/tcp_window_scaling", to: scaling ? 1 : 0)
      }

      static let all = (0..<8).map(Allowed.init)
    }

    @Test("are the ones that both ends have when the kernel connects", .proves("IOP-02"), arguments: Allowed.all)
    func kernelConnects(allowed: Allowed) throws {
      let namespace = try NetworkNamespace()
      try allowed.apply(to: namespace)
      let file = try namespace.randomFile("original", octets: 400_000)
      let us = try OurPeer(in: namespace, ["listen", OurSide.ours4, "9000", "--send", file.path])
      try us.awaitListening()
      let kernel = try KernelPeer(in: namespace, ["connect", OurSide.ours4, "9000", "--send", file.path])
      try expectExchange(namespace, file, kernel, us, allowed)
    }

    @Test("are the ones that both ends have when we connect", .proves("IOP-02"), arguments: Allowed.all)
    func weConnect(allowed: Allowed) throws {
      let namespace = try NetworkNamespace()
      try allowed.apply(to: namespace)
      try KernelSide.prepare(namespace)
      let file = try namespace.randomFile("original", octets: 400_000)
      let kernel = try KernelPeer(in: namespace, ["listen", OurSide.kernel4, "9100", "--send", file.path])
      try kernel.awaitListening()
      let us = try OurPeer(in: namespace, ["connect", OurSide.kernel4, "9100", "--send", file.path])
      try expectExchange(namespace, file, kernel, us, allowed)
    }

    private func expectExchange(
      _ namespace: NetworkNamespace, _ file: URL, _ kernel: KernelPeer, _ us: OurPeer, _ allowed: Allowed
    ) throws {
      let sum = try namespace.sha256(of: file)
      let kernelReport = try kernel.report()
      let ourReport = try us.report()
      #expect(kernelReport.error == nil)
      #expect(ourReport.error == nil)
      #expect(kernelReport.options.map { $0 & 7 } == allowed.bits)
      #expect(kernelReport.sha256 == sum)
      #expect(ourReport.sha256 == sum)
    }
  }
}
