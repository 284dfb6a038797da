import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("A capture", .serialized)
  struct CaptureTests {
    /// A kind of device, and whether the kernel leaves segmentation and checksums to us and we to it.
    struct Device: CustomTestStringConvertible, Sendable {
      let kind: String
      let offload: Bool
      var testDescription: String { "\(kind), \(offload ? "with" : "without") offload" }
      static let all = ["tun", "tap"].flatMap { kind in [true, false].map { Device(kind: kind, offload: $0) } }
    }

    /// Expects nothing in the capture that Wireshark calls an error, checksums included.
    private func expectFlawless(_ capture: String, in namespace: NetworkNamespace) throws {
      let errors = try namespace.run(
        "tshark", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
        "-z", "expert,error", "-q", "-r", capture)
      #expect(errors.trimmingCharacters(in: .whitespacesAndNewlines) == "")
    }

    private func count(_ filter: String, in capture: String, _ namespace: NetworkNamespace) throws -> Int {
      try namespace.run("tshark", "-r", capture, "-Y", filter).split(separator: "\n").count
    }

    @Test("of a transfer has packets both ways, and nothing that Wireshark calls an error", arguments: Device.all)
    func transfer(device: Device) throws {
      let namespace = try NetworkNamespace()
      let capture = namespace.file("capture.pcapng").path
      let us = try OurSide.receive(
        in: namespace, kind: device.kind, offload: device.offload, ["--capture", capture])
      let file = try namespace.textFile("original", octets: 1 << 20)
      for family in Family.allCases {
        let report = try KernelPeer(in: namespace, ["connect", family.ours, "9000", "--send", file.path]).report()
        #expect(report.error == nil)
        try namespace.run("ping", "-c", "1", "-s", "4000", family.ours)
      }
      _ = try us.awaitFiles(2)
      try us.stop()
      // Two files of 725 full segments came in, up to 45 of them at once; one acknowledgement may answer all that arrived at once.
      let fewest = device.offload ? 32 : 1000
      #expect(try count("frame.packet_flags_direction == 1", in: capture, namespace) > fewest)
      #expect(try count("frame.packet_flags_direction == 2", in: capture, namespace) > 10)
      #expect(try (count("tcp.len > 1460", in: capture, namespace) > 0) == device.offload)
      try expectFlawless(capture, in: namespace)
    }

    @Test("of what we send shows trains where the kernel cuts them, and no error", arguments: Device.all)
    func sending(device: Device) throws {
      let namespace = try NetworkNamespace()
      let capture = namespace.file("capture.pcapng").path
      let file = try namespace.textFile("original", octets: 1 << 20)
      try KernelSide.prepare(namespace, kind: device.kind)
      for (number, family) in Family.allCases.enumerated() {
        let peer = try KernelPeer(in: namespace, ["listen", family.kernels, "910\(number)"])
        try peer.awaitListening()
        let us = try OurSide.send(
          file, to: family.kernelEndpoint(9100 + number), in: namespace, kind: device.kind, offload: device.offload,
          ["--capture", capture])
        #expect(try peer.report().received == 1 << 20)
        try us.child.succeeds()
        #expect(
          try (count("tcp.len > 1460 && frame.packet_flags_direction == 2", in: capture, namespace) > 0)
            == device.offload)
        try expectFlawless(capture, in: namespace)
      }
      let counters = try namespace.run("nstat", "-asz", "TcpInCsumErrors").split(separator: "\n").last
      #expect(counters?.split(separator: " ").dropFirst().first == "0")
    }
  }
}
