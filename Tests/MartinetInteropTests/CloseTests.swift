import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("The end of a connection", .serialized)
  struct CloseTests {
    let namespace: NetworkNamespace
    let file: URL
    let sum: String

    init() throws {
      namespace = try NetworkNamespace()
      file = try namespace.randomFile("original", octets: 300_000)
      sum = try namespace.sha256(of: file)
    }

    /// A connection that the kernel opens; each end does as its arguments say.
    private func converse(kernel: [String], us: [String]) throws -> (kernel: KernelPeer, us: OurPeer) {
      let ours = try OurPeer(in: namespace, ["listen", OurSide.ours4, "9000"] + us)
      try ours.awaitListening()
      return (try KernelPeer(in: namespace, ["connect", OurSide.ours4, "9000"] + kernel), ours)
    }

    /// The kernel's TCP states of connections with our port 9000.
    private func kernelStates() throws -> [String] {
      let lines = try namespace.run("ss", "-Htan", "dport", "=", ":9000").split(separator: "\n")
      return lines.compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    /// Whether the kernel's end of the one connection gets into `state` within five seconds.
    private func passesThrough(_ state: String) throws -> Bool {
      for _ in 0..<250 {
        if try kernelStates() == [state] { return true }
        Thread.sleep(forTimeInterval: 0.02)
      }
      return false
    }

    @Test("We close first: we keep TIME-WAIT, the kernel keeps nothing", .proves("IOP-04"))
    func weFirst() throws {
      let (kernel, us) = try converse(kernel: ["--end", "wait"], us: ["--send", file.path, "--stay", "0.5"])
      let report = try kernel.report()
      #expect(report.error == nil && report.sha256 == sum)
      #expect(try kernelStates() == [])
      let ours = try us.report()
      #expect(ours.error == nil && ours.state == "timeWait")
    }

    @Test("The kernel closes first: it keeps TIME-WAIT, we keep nothing", .proves("IOP-04"))
    func kernelFirst() throws {
      let (kernel, us) = try converse(kernel: ["--send", file.path], us: ["--end", "wait", "--stay", "0.5"])
      #expect(try kernel.report().error == nil)
      #expect(try kernelStates() == ["TIME-WAIT"])
      let ours = try us.report()
      #expect(ours.error == nil && ours.sha256 == sum && ours.state == "closed")
    }

    @Test("Both close without having heard of each other: both pass through CLOSING", .proves("IOP-04"))
    func simultaneous() throws {
      let (kernel, us) = try converse(
        kernel: ["--delay", "0.5"], us: ["--hold", "2", "--delay", "0.7", "--stay", "0.5"])
      #expect(try passesThrough("CLOSING"))
      #expect(try kernel.report().error == nil)
      let ours = try us.report()
      #expect(ours.error == nil && ours.state == "timeWait")
      #expect(try kernelStates() == ["TIME-WAIT"])
    }

    @Test("The kernel resets: our program learns it, and the kernel keeps nothing", .proves("IOP-04"))
    func kernelResets() throws {
      let (kernel, us) = try converse(kernel: ["--end", "reset", "--delay", "0.3"], us: ["--end", "wait"])
      #expect(try kernel.report().error == nil)
      #expect(try us.report().error == "reset")
      #expect(try kernelStates() == [])
    }

    @Test("We reset: the kernel's program learns it", .proves("IOP-04"))
    func weReset() throws {
      let (kernel, us) = try converse(kernel: ["--end", "wait"], us: ["--end", "reset", "--delay", "0.3"])
      #expect(try kernel.report().error == "ECONNRESET")
      #expect(try us.report().error == nil)
      #expect(try kernelStates() == [])
    }

    @Test("We end our half, and the kernel still sends", .proves("IOP-04"))
    func ourHalf() throws {
      let (kernel, us) = try converse(kernel: ["--end", "answer", "--send", file.path], us: ["--send", file.path])
      #expect(try kernel.report().sha256 == sum)
      let ours = try us.report()
      #expect(ours.error == nil && ours.sha256 == sum)
    }

    @Test("The kernel ends its half, and we still send", .proves("IOP-04"))
    func kernelsHalf() throws {
      let (kernel, us) = try converse(kernel: ["--send", file.path], us: ["--end", "answer", "--send", file.path])
      let report = try kernel.report()
      #expect(report.error == nil && report.sha256 == sum)
      #expect(try us.report().sha256 == sum)
    }
  }
}
