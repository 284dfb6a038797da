import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("Files", .serialized)
  struct TransferTests {
    @Test("cross from the kernel to us unchanged", .proves("IOP-01"), arguments: Family.allCases, [true, false])
    func fromKernel(family: Family, offload: Bool) throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace, offload: offload)
      let file = try namespace.randomFile("original", octets: OurSide.transferSize)
      let sum = try namespace.sha256(of: file)
      let report = try KernelPeer(in: namespace, ["connect", family.ours, "9000", "--send", file.path])
        .report(seconds: 600)
      #expect(report.error == nil)
      #expect(report.sent == OurSide.transferSize)
      #expect(try us.awaitFiles(1).map { try namespace.sha256(of: $0) } == [sum])
      try us.stop()
    }

    @Test("cross from us to the kernel unchanged", .proves("IOP-01"), arguments: Family.allCases, [true, false])
    func toKernel(family: Family, offload: Bool) throws {
      let namespace = try NetworkNamespace()
      let file = try namespace.randomFile("original", octets: OurSide.transferSize)
      let sum = try namespace.sha256(of: file)
      try KernelSide.prepare(namespace)
      let peer = try KernelPeer(in: namespace, ["listen", family.kernels, "9100"])
      try peer.awaitListening()
      let us = try OurSide.send(file, to: family.kernelEndpoint(9100), in: namespace, offload: offload)
      let report = try peer.report(seconds: 600)
      #expect(report.error == nil)
      #expect(report.received == OurSide.transferSize)
      #expect(report.sha256 == sum)
      try us.child.succeeds()
    }

    @Test("cross over TAP, both families", arguments: Family.allCases, [true, false])
    func overEthernet(family: Family, offload: Bool) throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace, kind: "tap", offload: offload)
      let file = try namespace.randomFile("original", octets: 4 << 20)
      let sum = try namespace.sha256(of: file)
      let report = try KernelPeer(in: namespace, ["connect", family.ours, "9000", "--send", file.path]).report()
      #expect(report.error == nil)
      #expect(try us.awaitFiles(1).map { try namespace.sha256(of: $0) } == [sum])
      try us.stop()
    }

    @Test("cross four at a time")
    func several() throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace)
      let files = try (0..<4).map { try namespace.randomFile("original\($0)", octets: 3 << 20) }
      let sums = try files.map { try namespace.sha256(of: $0) }
      let peers = try files.map {
        try KernelPeer(in: namespace, ["connect", OurSide.ours4, "9000", "--send", $0.path])
      }
      for peer in peers { #expect(try peer.report().error == nil) }
      #expect(try us.awaitFiles(4).map { try namespace.sha256(of: $0) }.sorted() == sums.sorted())
      try us.stop()
    }

    @Test("come out of nc, too")
    func netcat() throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace)
      let file = try namespace.randomFile("original", octets: 1 << 20)
      try namespace.run("sh", "-c", "nc -N \(OurSide.ours4) 9000 < '\(file.path)'")
      #expect(try us.awaitFiles(1).map { try namespace.sha256(of: $0) } == [try namespace.sha256(of: file)])
      try us.stop()
    }
  }
}

/// A device that is there before we come, with the kernel's addresses on it, so that the kernel can listen on them.
enum KernelSide {
  static func prepare(_ namespace: NetworkNamespace, kind: String = "tun") throws {
    let device = OurSide.device
    try namespace.run("ip", "tuntap", "add", device, "mode", kind)
    try namespace.run("ip", "addr", "add", "\(OurSide.kernel4)/24", "dev", device)
    try namespace.run("ip", "addr", "add", "\(OurSide.kernel6)/64", "dev", device, "nodad")
    try namespace.run("ip", "link", "set", device, "up")
  }
}
