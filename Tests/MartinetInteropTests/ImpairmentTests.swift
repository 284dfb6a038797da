import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("A wire that fails", .serialized)
  struct ImpairmentTests {
    /// What the wire does to packets in both directions.
    struct Wire: CustomTestStringConvertible {
      let testDescription: String
      let arguments: [String]
      let octets: Int
      var family = Family.ipv4
      /// How often it happened.
      let count: @Sendable (PeerReport.Wire) -> Int
      /// The least of it that the chosen octets bring in either direction of the transfer.
      let fewest: Int

      static let all = [
        Wire(
          testDescription: "loses 1 %", arguments: ["--loss", "1"], octets: 4 << 20, count: \.lost, fewest: 10),
        Wire(
          testDescription: "loses 5 %", arguments: ["--loss", "5"], octets: 1 << 20, family: .ipv6, count: \.lost,
          fewest: 10),
        Wire(
          testDescription: "loses 20 %", arguments: ["--loss", "20"], octets: 128 << 10, count: \.lost, fewest: 10),
        Wire(
          testDescription: "reorders 25 %", arguments: ["--reorder", "25"], octets: 4 << 20, count: \.reordered,
          fewest: 100),
        Wire(
          testDescription: "duplicates 5 %", arguments: ["--duplicate", "5"], octets: 4 << 20, count: \.duplicated,
          fewest: 50),
        Wire(
          testDescription: "corrupts 1 %", arguments: ["--corrupt", "1"], octets: 4 << 20, count: \.corrupted,
          fewest: 10
        ),
        Wire(
          testDescription: "corrupts 1 % of IPv6, whose header has no checksum", arguments: ["--corrupt", "1"],
          octets: 4 << 20, family: .ipv6, count: \.corrupted, fewest: 10),
      ]

      var ourArguments: [String] {
        ["listen", family.ours, "9000", "--wire-delay", "2", "--seed", "1", "--patience", "120"] + arguments
      }
    }

    /// The largest retransmission timeout of our engine in seconds, which is half of the kernel's: the longest stall that is allowed.
    private static let largestTimeout = 60.0

    @Test("The kernel's file arrives unchanged and without a stall", .proves("IOP-03"), arguments: Wire.all)
    func fromKernel(wire: Wire) throws {
      let namespace = try NetworkNamespace()
      let file = try namespace.randomFile("original", octets: wire.octets)
      let us = try OurPeer(in: namespace, wire.ourArguments + ["--end", "wait"])
      try us.awaitListening()
      let kernel = try KernelPeer(in: namespace, ["connect", wire.family.ours, "9000", "--send", file.path])
      #expect(try kernel.report(seconds: 300).error == nil)
      let report = try us.report(seconds: 150)
      #expect(report.error == nil)
      try expectWhole(file, in: namespace, report)
      #expect(wire.count(try #require(report.wire)) >= wire.fewest)
    }

    @Test("Our file arrives unchanged and without a stall", .proves("IOP-03"), arguments: Wire.all)
    func toKernel(wire: Wire) throws {
      let namespace = try NetworkNamespace()
      let file = try namespace.randomFile("original", octets: wire.octets)
      let us = try OurPeer(in: namespace, wire.ourArguments + ["--send", file.path])
      try us.awaitListening()
      let kernel = try KernelPeer(in: namespace, ["connect", wire.family.ours, "9000", "--end", "wait"])
      let report = try kernel.report(seconds: 300)
      #expect(report.error == nil)
      try expectWhole(file, in: namespace, report)
      let ourReport = try us.report(seconds: 150)
      #expect(ourReport.error == nil)
      #expect(wire.count(try #require(ourReport.wire)) >= wire.fewest)
    }

    private func expectWhole(_ file: URL, in namespace: NetworkNamespace, _ report: PeerReport) throws {
      #expect(report.sha256 == (try namespace.sha256(of: file)))
      #expect(report.longestGap <= ImpairmentTests.largestTimeout)
    }
  }
}
