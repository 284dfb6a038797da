import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("A reader that is slower than the sender", .serialized)
  struct WindowTests {
    /// How the reader reads.
    struct Reader: CustomTestStringConvertible {
      let testDescription: String
      let octets: Int
      let arguments: [String]

      static let all = [
        Reader(
          testDescription: "sleeps first, so that the window closes", octets: 6 << 20, arguments: ["--pause", "3"]),
        Reader(
          testDescription: "has a small buffer and sleeps first", octets: 1 << 20,
          arguments: ["--pause", "2", "--receive-buffer", "8192"]),
        Reader(
          testDescription: "reads small pieces", octets: 400_000,
          arguments: ["--piece", "700", "--nap", "0.001", "--receive-buffer", "16384"]),
      ]
    }

    @Test("The kernel reads slowly, and everything arrives", .proves("IOP-05"), arguments: Reader.all)
    func kernelReads(reader: Reader) throws {
      let namespace = try NetworkNamespace()
      let file = try namespace.randomFile("original", octets: reader.octets)
      let us = try OurPeer(in: namespace, ["listen", OurSide.ours4, "9000", "--send", file.path])
      try us.awaitListening()
      let kernel = try KernelPeer(
        in: namespace, ["connect", OurSide.ours4, "9000", "--end", "wait"] + reader.arguments)
      let report = try kernel.report()
      #expect(report.error == nil)
      #expect(report.sha256 == (try namespace.sha256(of: file)))
      #expect(try us.report().error == nil)
    }

    @Test("We read slowly, and everything arrives", .proves("IOP-05"), arguments: Reader.all)
    func weRead(reader: Reader) throws {
      let namespace = try NetworkNamespace()
      let file = try namespace.randomFile("original", octets: reader.octets)
      let us = try OurPeer(in: namespace, ["listen", OurSide.ours4, "9000", "--end", "wait"] + reader.arguments)
      try us.awaitListening()
      let kernel = try KernelPeer(in: namespace, ["connect", OurSide.ours4, "9000", "--send", file.path])
      #expect(try kernel.report().error == nil)
      let report = try us.report()
      #expect(report.error == nil)
      #expect(report.sha256 == (try namespace.sha256(of: file)))
    }
  }
}
