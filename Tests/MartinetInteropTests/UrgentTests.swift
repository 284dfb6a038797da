import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  /// Unless tcp_stdurg is set, the kernel reads the urgent pointer as RFC 6093 section 3.1 and RFC 9293 section 3.8.5 do: it points behind
  /// the last urgent octet. It sends it so in either case. With tcp_stdurg it reads it as RFC 1122 section 4.2.2.4 did, as the last
  /// urgent octet itself, and finds the octet behind ours.
  @Suite("Urgent data", .serialized)
  struct UrgentTests {
    let namespace: NetworkNamespace
    /// What is sent without the urgent octet, and with it at its place.
    let file: URL
    let fileWithUrgent: URL
    private static let place = 5000
    private static let octets = 20_000

    init() throws {
      namespace = try NetworkNamespace()
      file = try namespace.textFile("original", octets: UrgentTests.octets)
      fileWithUrgent = namespace.file("with-urgent")
      var content = try Data(contentsOf: file)
      content.insert(33, at: UrgentTests.place)
      try content.write(to: fileWithUrgent)
    }

    private func toKernel(_ kernelArguments: [String]) throws -> PeerReport {
      let us = try OurPeer(
        in: namespace,
        ["listen", OurSide.ours4, "9000", "--send", file.path, "--urgent-after", "\(UrgentTests.place)"])
      try us.awaitListening()
      let kernel = try KernelPeer(
        in: namespace, ["connect", OurSide.ours4, "9000", "--end", "wait", "--pause", "0.5"] + kernelArguments)
      let report = try kernel.report()
      #expect(report.error == nil)
      #expect(try us.report().error == nil)
      return report
    }

    private func fromKernel(_ ourArguments: [String]) throws -> PeerReport {
      let us = try OurPeer(in: namespace, ["listen", OurSide.ours4, "9000", "--end", "wait"] + ourArguments)
      try us.awaitListening()
      let kernel = try KernelPeer(
        in: namespace,
        ["connect", OurSide.ours4, "9000", "--send", file.path, "--urgent-after", "\(UrgentTests.place)"])
      #expect(try kernel.report().error == nil)
      let report = try us.report()
      #expect(report.error == nil)
      return report
    }

    @Test(
      "Our urgent octet reaches the kernel's program by MSG_OOB, and the stream does not have it", .proves("IOP-07"))
    func weSend() throws {
      let report = try toKernel([])
      #expect(report.urgent == [33])
      #expect(report.mark == UrgentTests.place)
      #expect(report.sha256 == (try namespace.sha256(of: file)))
    }

    @Test(
      "Our urgent octet is in the kernel's stream, behind the mark, if its program wants it in line", .proves("IOP-07"))
    func weSendInline() throws {
      let report = try toKernel(["--urgent-inline"])
      #expect(report.urgent == [])
      #expect(report.mark == UrgentTests.place)
      #expect(report.sha256 == (try namespace.sha256(of: fileWithUrgent)))
    }

    @Test("A kernel that reads the pointer as RFC 1122 did takes the octet behind ours", .proves("IOP-07"))
    func weSendToOlderReading() throws {
      try namespace.set("ipv4/tcp_stdurg", to: 1)
      let report = try toKernel([])
      let content = try Data(contentsOf: fileWithUrgent)
      #expect(report.urgent == [content[UrgentTests.place + 1]])
      #expect(report.mark == UrgentTests.place + 1)
      #expect(report.received == UrgentTests.octets)
    }

    @Test("The kernel's urgent octet is taken out of our stream, as Java does", .proves("IOP-07"))
    func kernelSends() throws {
      #expect(try fromKernel([]).sha256 == (try namespace.sha256(of: file)))
    }

    @Test(
      "The kernel's urgent octet stays in our stream if we want it in line, whichever way the kernel reads",
      .proves("IOP-07"), arguments: [0, 1])
    func kernelSendsInline(reading: Int) throws {
      try namespace.set("ipv4/tcp_stdurg", to: reading)
      #expect(try fromKernel(["--urgent-inline"]).sha256 == (try namespace.sha256(of: fileWithUrgent)))
    }
  }
}
