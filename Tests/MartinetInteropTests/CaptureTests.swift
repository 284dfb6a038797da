import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("A capture", .serialized)
  struct CaptureTests {
    @Test("of a transfer has packets both ways, and nothing that Wireshark calls an error", arguments: ["tun", "tap"])
    func transfer(kind: String) throws {
      let namespace = try NetworkNamespace()
      let capture = namespace.file("capture.pcapng").path
      let us = try OurSide.receive(in: namespace, kind: kind, ["--capture", capture])
      let file = try namespace.textFile("original", octets: 1 << 20)
      for family in Family.allCases {
        let report = try KernelPeer(in: namespace, ["connect", family.ours, "9000", "--send", file.path]).report()
        #expect(report.error == nil)
        try namespace.run("ping", "-c", "1", "-s", "4000", family.ours)
      }
      _ = try us.awaitFiles(2)
      try us.stop()
      // Two files of 725 full segments came in; one acknowledgement may answer all that arrived at once.
      for (direction, fewest) in [("1", 1000), ("2", 10)] {
        let packets = try namespace.run("tshark", "-r", capture, "-Y", "frame.packet_flags_direction == \(direction)")
        #expect(packets.split(separator: "\n").count > fewest)
      }
      let errors = try namespace.run(
        "tshark", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
        "-z", "expert,error", "-q", "-r", capture)
      #expect(errors.trimmingCharacters(in: .whitespacesAndNewlines) == "")
    }
  }
}
