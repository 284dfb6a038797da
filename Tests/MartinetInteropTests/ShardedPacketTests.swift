import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("A packet that comes by the queue of another shard than its own", .serialized)
  struct ShardedPacketTests {
    /// Our side with two shards: what a crowd's is, with `count` connections each way.
    private func crowd(in namespace: NetworkNamespace, count: Int, _ more: [String] = []) throws -> Child {
      let us = try namespace.start(
        Program.ours("InteropPeer"),
        ["crowd", OurSide.ours4, "9000", "--shards", "2", "--count", "\(count)"]
          + ["--onward-address", OurSide.kernel4, "--onward-port", "9100"] + OurSide.linkArguments() + more)
      try us.awaits("listening")
      return us
    }

    @Test(
      "may be a fragment: SYNs in fragments open connections of any shard, and a datagram in fragments is echoed",
      arguments: Family.allCases)
    func fragments(family: Family) throws {
      let namespace = try NetworkNamespace()
      let us = try crowd(in: namespace, count: 1)
      let script = namespace.file("fragments.py")
      try Self.fragmented.write(to: script, atomically: true, encoding: .utf8)
      let them = try namespace.start("python3", [script.path, family.kernels, family.ours, "9000"])
      try them.succeeds()
      #expect(them.said == "16 handshakes, 6000 octets\n")
      us.kill()
    }

    private struct Knocks: Decodable {
      var unreachable: Int
      var failures: [String]
      var opened: [Int]
      var handedOver: Int
      var unknown: Int
      var seconds: Double
    }

    @Test("may be an ICMP error: it ends the connection whose segment it quotes", arguments: Family.allCases)
    func errors(family: Family) throws {
      let namespace = try NetworkNamespace()
      for knob in ["ipv4/icmp_ratelimit", "ipv6/icmp/ratelimit"] { try namespace.set(knob, to: 0) }
      let rules = """
        add table inet closed; \
        add chain inet closed in { type filter hook input priority 0; }; \
        add rule inet closed in tcp dport 9100 reject with icmpx type port-unreachable
        """
      try namespace.run("nft", rules)
      let us = try namespace.start(
        Program.ours("InteropPeer"),
        ["knock", family.kernels, "9100", "--shards", "2", "--count", "16"] + OurSide.linkArguments())
      let knocks: Knocks = try ShardTests.report(us)
      #expect(knocks.unreachable == 16 && knocks.failures == [])
      #expect(knocks.opened.allSatisfy { $0 > 0 } && knocks.opened.reduce(0, +) == 16)
      // The kernel knows nothing of what an error quotes, so it brings all of them by the same queue.
      #expect(knocks.handedOver > 0 && knocks.unknown == 0)
      // The first error is enough for each, long before a SYN is sent again.
      #expect(knocks.seconds < 10)
    }

    @Test("is dropped and counted where too many wait for their shard, and what was lost is sent again")
    func overflow() throws {
      let namespace = try NetworkNamespace()
      let us = try crowd(in: namespace, count: 56, ["--handover", "16384"])
      let script = namespace.file("crowd.py")
      try ShardTests.clients.write(to: script, atomically: true, encoding: .utf8)
      let them = try namespace.start(
        "python3", [script.path, OurSide.ours4, "9000", OurSide.kernel4, "9100", "flood"])
      let ours: ShardTests.Ours = try ShardTests.report(us)
      let theirs: ShardTests.Theirs = try ShardTests.report(them)
      #expect(theirs.failures == [] && ours.failures == [])
      #expect(theirs.echoed == 56 && ours.served == 56 && ours.returned == 56)
      #expect(ours.shards.map(\.handoverDrops).reduce(0, +) > 0)
    }

    /// Sends SYNs in two fragments each from a raw socket, the last fragment first every other time, and counts the answers; then a datagram that
    /// the kernel cuts.
    private static let fragmented = #"""
      import socket, struct, sys, time

      ours, theirs, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
      family = socket.AF_INET6 if ":" in ours else socket.AF_INET
      source, target = socket.inet_pton(family, ours), socket.inet_pton(family, theirs)

      def checksum(octets):
          total = sum(struct.unpack("!%dH" % (len(octets) // 2), octets))
          while total >> 16:
              total = (total & 0xFFFF) + (total >> 16)
          return ~total & 0xFFFF

      def syn(local):
          # The maximum segment size, and room that nobody needs, so that the second fragment begins behind the ports and the flags.
          options = struct.pack("!BBH", 2, 4, 1440) + b"\x01" * 16
          header = struct.pack("!HHIIBBHHH", local, port, local, 0, 10 << 4, 2, 65535, 0, 0) + options
          # The pseudo-headers of both families have the same sum.
          pseudo = source + target + struct.pack("!HH", 6, len(header))
          return header[:16] + struct.pack("!H", checksum(pseudo + header)) + header[18:]

      def fragment(octets, identification, offset, more):
          if family == socket.AF_INET6:
              extension = struct.pack("!BBHI", 6, 0, offset | more, identification)
              return struct.pack("!IHBB", 6 << 28, 8 + len(octets), 44, 64) + source + target + extension + octets
          flags = (0x2000 if more else 0) | offset // 8
          return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(octets), identification, flags, 64, 6, 0) + source + target + octets

      out = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
      back = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
      answered = set()
      deadline = time.time() + 20
      while len(answered) < 16 and time.time() < deadline:
          for local in set(range(30000, 30016)) - answered:
              segment, identification = syn(local), local
              pieces = [fragment(segment[:24], identification, 0, True), fragment(segment[24:], identification, 24, False)]
              for piece in pieces if local % 2 else reversed(pieces):
                  out.sendto(piece, (theirs, 0))
          back.settimeout(0.5)
          try:
              while len(answered) < 16:
                  packet, sender = back.recvfrom(2000)
                  segment = packet if family == socket.AF_INET6 else packet[(packet[0] & 15) * 4:]
                  local, flags = struct.unpack("!H", segment[2:4])[0], segment[13]
                  if sender[0] == theirs and flags & 0x12 == 0x12 and 30000 <= local < 30016:
                      answered.add(local)
          except TimeoutError:
              pass

      datagrams = socket.socket(family, socket.SOCK_DGRAM)
      datagrams.settimeout(10)
      datagrams.connect((theirs, port))
      octets = bytes(number % 251 for number in range(6000))
      datagrams.send(octets)
      echo = datagrams.recv(10000)
      assert echo == octets, f"{len(echo)} octets came back, or others"
      print(f"{len(answered)} handshakes, {len(echo)} octets", flush=True)
      """#
  }
}
