import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("Two kernels on a bad wire", .serialized)
  struct ImpairTests {
    /// Two namespaces with `martinet impair` between them.
    private final class Bridged {
      static let near4 = "10.80.0.1"
      static let far4 = "10.80.0.2"
      static let far6 = "fd80::2"
      let near: NetworkNamespace
      let far: NetworkNamespace
      let wire: Child

      init(_ options: String..., inAdvance: Bool = false) throws {
        near = try NetworkNamespace()
        far = try NetworkNamespace(beside: near)
        if inAdvance { try near.run("ip", "tuntap", "add", "wire", "mode", "tun") }
        wire = try near.start(
          Program.ours("martinet"), ["impair", "\(near.path)/wire", "\(far.path)/wire", "--json"] + options)
        try wire.complains("ready: ")
        for (namespace, number) in [(near, 1), (far, 2)] {
          try namespace.run("ip", "address", "add", "10.80.0.\(number)/24", "dev", "wire")
          try namespace.run("ip", "address", "add", "fd80::\(number)/64", "dev", "wire", "nodad")
          try namespace.run("ip", "link", "set", "wire", "txqueuelen", "5000")
        }
      }

      /// One direction of what the wire counts.
      struct Counts: Decodable {
        var packetsIn = 0
        var passed = 0
        var lost = 0
        var queueDrops = 0
        var duplicated = 0
        var longestQueue = 0
        var meanWaitMs = 0.0
        var deliveries = 0
      }

      /// Ends the wire with a signal and returns what it counted.
      func end(_ signal: Int32 = SIGTERM) throws -> [String: Counts] {
        wire.signal(signal)
        try wire.succeeds(seconds: 20)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([String: Counts].self, from: Data(wire.said.utf8))
      }
    }

    @Test("ping crosses with the delay of both directions, over IPv4 and IPv6", arguments: [SIGINT, SIGTERM])
    func delay(signal: Int32) throws {
      let bridged = try Bridged("--delay", "20/15", inAdvance: signal == SIGINT)
      #expect(bridged.wire.complained.contains(signal == SIGINT ? "wire (was there, " : "wire (created, "))
      for address in [Bridged.far4, Bridged.far6] {
        let said = try bridged.near.run("ping", "-c", "5", "-i", "0.05", "-W", "5", address)
        let times = said.matches(of: /time=([0-9.]+) ms/).compactMap { Double($0.1) }
        #expect(times.count == 5)
        #expect(try #require(times.min()) >= 35)
        #expect(try #require(times.min()) < 60)
      }
      let counts = try bridged.end(signal)
      #expect(try #require(counts["forth"]).passed >= 10)
      #expect(try #require(counts["back"]).passed >= 10)
    }

    @Test("Each direction has its own mishaps, and they are counted")
    func mishaps() throws {
      let bridged = try Bridged("--loss", "100/0", "--duplicate", "0/100", "--seed", "3")
      let ping = try bridged.far.start("ping", ["-c", "3", "-i", "0.05", "-W", "1", Bridged.near4])
      #expect(try ping.status() == 1)
      let counts = try bridged.end()
      let (forth, back) = (try #require(counts["forth"]), try #require(counts["back"]))
      #expect(forth.lost == forth.packetsIn)
      #expect(forth.lost >= 6)
      #expect(back.duplicated == back.packetsIn)
      #expect(back.passed == 2 * back.packetsIn)
    }

    @Test("The rate holds within 1 %, counted at the far end, while the queue overflows")
    func rate() throws {
      let bridged = try Bridged("--rate", "20/100", "--delay", "5", "--queue", "250KB")
      // 1,472 octets of UDP are 1,500 of IP: twice as many as the wire carries.
      let source = try bridged.near.write(
        """
        import socket, time
        handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        begin = time.monotonic()
        sent = 0
        while (now := time.monotonic() - begin) < 3:
            while sent * 1500 * 8 < now * 40e6:
                handle.sendto(bytes(1472), ("\(Bridged.far4)", 9))
                sent += 1
            time.sleep(0.001)
        """, to: "source.py")
      let sink = try bridged.far.write(
        """
        import socket, time
        handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        handle.bind(("\(Bridged.far4)", 9))
        print("listening", flush=True)
        times = []
        while not times or times[-1] < times[0] + 2.5:
            handle.recv(2048)
            times.append(time.monotonic())
        print((len(times) - 1) * 1500 * 8 / (times[-1] - times[0]))
        """, to: "sink.py")
      let far = try bridged.far.start("python3", [sink])
      try far.awaits("listening")
      try bridged.near.run("python3", source)
      try far.succeeds()
      let rate = try #require(far.said.split(separator: "\n").last.flatMap { Double($0) })
      #expect(abs(rate / 20e6 - 1) < 0.01)
      let forth = try #require(bridged.end()["forth"])
      #expect(forth.queueDrops > 1000)
      #expect((248_500...250_000).contains(forth.longestQueue))
      #expect((80...100).contains(forth.meanWaitMs))
      #expect(forth.deliveries <= forth.passed)
    }

    @Test("iperf3 of one kernel to the other gets what the wire carries")
    func iperf() throws {
      let bridged = try Bridged("--rate", "20", "--delay", "5", "--queue", "100KB")
      let server = try bridged.far.start("iperf3", ["-s", "-1"])
      try bridged.far.awaitListener(on: 5201, of: server)
      let client = try bridged.near.start("iperf3", ["-c", Bridged.far4, "-t", "3", "-C", "cubic", "--json"])
      try client.succeeds()
      struct Summary: Decodable {
        struct End: Decodable {
          struct Sum: Decodable { let bytes: Int }
          let sumReceived: Sum
        }
        let end: End
      }
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let octets = try decoder.decode(Summary.self, from: Data(client.said.utf8)).end.sumReceived.bytes
      // 20 Mbit/s for 3 s are 7.5 MB, headers included.
      #expect((4_000_000...7_600_000).contains(octets))
      #expect(try #require(bridged.end()["forth"]).passed > 2500)
    }

    @Test("A device that goes away ends the wire with a word")
    func gone() throws {
      let bridged = try Bridged()
      try bridged.near.run("ip", "link", "delete", "wire")
      #expect(try bridged.wire.status(seconds: 20) == 1)
      try bridged.wire.complains("the link wire has ended")
      #expect(bridged.wire.said.contains("\"forth\""))
    }

    @Test("The comparison with the kernel runs, and its table has every flow")
    func comparison() throws {
      let script = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "../../Scripts/kernel-compare")
      let namespace = try NetworkNamespace()
      let comparison = try namespace.start(
        "python3",
        [
          script.standardizedFileURL.path, "--martinet", Program.ours("martinet"), "--seconds", "3", "--seeds", "1",
          "--cell", "10/0", "--congestion", "cubic", "--slack", "0.3",
        ])
      try comparison.succeeds(seconds: 120)
      for flow in ["kernel to kernel", "Martinet to kernel", "kernel to Martinet"] {
        #expect(comparison.said.contains("| 10 | 100 | 125 | 0 | cubic | \(flow) | "))
      }
    }
  }
}
