import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("Both directions at once", .serialized)
  struct DuplexTests {
    @Test("Two files cross each other on one connection unchanged", .proves("IOP-01"), arguments: Family.allCases)
    func duplex(family: Family) throws {
      let namespace = try NetworkNamespace()
      let kernelFile = try namespace.randomFile("kernel", octets: OurSide.transferSize)
      let ourFile = try namespace.randomFile("ours", octets: OurSide.transferSize)
      let us = try OurPeer(in: namespace, ["listen", family.ours, "9000", "--duplex", "--send", ourFile.path])
      try us.awaitListening()
      let kernel = try KernelPeer(
        in: namespace, ["connect", family.ours, "9000", "--duplex", "--send", kernelFile.path])
      let kernelReport = try kernel.report(seconds: 600)
      let ourReport = try us.report(seconds: 60)
      #expect(kernelReport.error == nil)
      #expect(ourReport.error == nil)
      #expect(kernelReport.received == OurSide.transferSize)
      #expect(ourReport.received == OurSide.transferSize)
      #expect(kernelReport.sha256 == (try namespace.sha256(of: ourFile)))
      #expect(ourReport.sha256 == (try namespace.sha256(of: kernelFile)))
    }
  }
}
