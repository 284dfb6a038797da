import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("A stack of several shards, each on a queue of the device", .serialized)
  struct ShardTests {
    /// What our side found out.
    struct Ours: Decodable {
      struct Shard: Decodable {
        var accepted: Int
        var opened: Int
        var packetsReceived: Int
        var handedOver: Int
        var handoverDrops: Int
      }
      var shards: [Shard]
      var served: Int
      var reset: Int
      var returned: Int
      var failures: [String]
      var traced: Int
      var seen: Int
    }

    /// What the kernel's clients found out.
    struct Theirs: Decodable {
      var echoed: Int
      var datagrams: Int
      var resets: Int
      var failures: [String]
    }

    static func report<Report: Decodable>(_ child: Child) throws -> Report {
      try child.succeeds(seconds: 120)
      let line = try #require(child.said.split(separator: "\n").last { $0.hasPrefix("{") })
      return try JSONDecoder().decode(Report.self, from: Data(line.utf8))
    }

    @Test(
      "carries many connections at once, on all shards and both ways, and resets what is open when it is closed",
      arguments: [("tun", true, 2), ("tun", false, 2), ("tap", true, 3)])
    func crowd(kind: String, offload: Bool, shards: Int) throws {
      let namespace = try NetworkNamespace()
      let us = try namespace.start(
        Program.ours("InteropPeer"),
        ["crowd", OurSide.ours4, "9000", "--shards", "\(shards)", "--count", "64"]
          + ["--onward-address", OurSide.kernel4, "--onward-port", "9100"]
          + OurSide.linkArguments(kind, offload: offload))
      try us.awaits("listening")
      let script = namespace.file("crowd.py")
      try Self.clients.write(to: script, atomically: true, encoding: .utf8)
      let them = try namespace.start("python3", [script.path, OurSide.ours4, "9000", OurSide.kernel4, "9100"])
      let ours: Ours = try Self.report(us)
      let theirs: Theirs = try Self.report(them)

      #expect(theirs.failures == [] && ours.failures == [])
      // 56 were echoed to their end, 8 reset in the middle; four stayed open until the stack was closed.
      #expect(theirs.echoed == 56 && ours.served == 64)
      #expect(ours.reset == 8 && theirs.resets == 4)
      #expect(theirs.datagrams == 16)
      #expect(ours.returned == 64 && ours.seen == 64 && ours.traced > 0)
      #expect(ours.shards.count == shards)
      #expect(ours.shards.map(\.accepted).reduce(0, +) == 68)
      for shard in ours.shards {
        #expect(shard.accepted > 0 && shard.opened > shard.accepted && shard.handoverDrops == 0)
      }
      // Each flow comes by a wrong queue until something of it was written to the right one.
      let packets = ours.shards.map(\.packetsReceived).reduce(0, +)
      #expect(ours.shards.map(\.handedOver).reduce(0, +) * 4 < packets)
    }

    @Test("answers echo requests, whichever queue they come by")
    func echo() throws {
      let namespace = try NetworkNamespace()
      let us = try namespace.start(
        Program.ours("martinet"), ["serve", "echo", "--port", "9000", "--shards", "2"] + OurSide.linkArguments())
      try us.awaits("listening on")
      for address in [OurSide.ours4, OurSide.ours6] {
        for _ in 0..<8 { try namespace.run("ping", "-c", "1", "-W", "5", address) }
      }
      us.signal(SIGTERM)
      try us.status()
    }

    @Test("cannot be had on a device that was made for one queue, nor on a link that has one")
    func refused() throws {
      let namespace = try NetworkNamespace()
      try KernelSide.prepare(namespace)
      func complaint(_ link: [String]) throws -> String {
        let child = try namespace.start(
          Program.ours("martinet"), ["serve", "echo", "--port", "9000", "--shards", "2"] + link)
        #expect(try child.status(seconds: 15) != 0)
        #expect(child.complained.split(separator: "\n").count == 1)
        return child.complained
      }
      let device = try complaint(["--link", "tun:mt0", "--address", "10.99.0.2/24"])
      #expect(device.contains("cannot be opened as tun with several queues"))
      #expect(try complaint(["--link", "hub:127.0.0.1:7707"]).contains("only TUN and TAP devices have several"))
    }

    /// Clients of our side and a server for it; with a fifth argument they flood a port with datagrams first, and all of them are echoed to their end.
    static let clients = #"""
      import hashlib, json, os, socket, struct, sys, threading

      ours, kernels = (sys.argv[1], int(sys.argv[2])), (sys.argv[3], int(sys.argv[4]))
      lock = threading.Lock()
      report = {"echoed": 0, "datagrams": 0, "resets": 0, "failures": []}

      def note(what):
          with lock:
              report[what] += 1

      def connect():
          connection = socket.create_connection(ours, timeout=60)
          connection.settimeout(100)
          return connection

      def echoed(number):
          connection = connect()
          octets = os.urandom(300000 + number)
          def send():
              connection.sendall(octets)
              connection.shutdown(socket.SHUT_WR)
          sender = threading.Thread(target=send)
          sender.start()
          back = bytearray()
          while True:
              piece = connection.recv(1 << 16)
              if not piece:
                  break
              back += piece
          sender.join()
          connection.close()
          if bytes(back) == octets:
              note("echoed")
          else:
              raise ValueError(f"{len(back)} of {len(octets)} octets came back, or others")

      def reset(number):
          connection = connect()
          connection.sendall(b"x" * 1000)
          connection.recv(1)
          connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
          connection.close()

      def held(number):
          connection = connect()
          connection.sendall(b"x")
          connection.recv(1)
          holding.release()
          try:
              while connection.recv(1):
                  pass
          except ConnectionResetError:
              note("resets")

      def datagram(number):
          handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
          handle.settimeout(20)
          handle.connect(ours)
          octets = b"datagram %d" % number
          handle.send(octets)
          if handle.recv(1000) == octets:
              note("datagrams")

      def start(role, number):
          def run():
              try:
                  role(number)
              except Exception as problem:
                  with lock:
                      report["failures"].append(f"{role.__name__} {number}: {problem!r}")
          thread = threading.Thread(target=run)
          thread.start()
          return thread

      def answer(connection):
          while True:
              piece = connection.recv(1 << 16)
              if not piece:
                  break
              connection.sendall(piece)
          connection.close()

      def listen():
          while True:
              connection, _ = server.accept()
              threading.Thread(target=answer, args=[connection], daemon=True).start()

      def flood():
          for _ in range(8):
              handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
              handle.connect(ours)
              for _ in range(1000):
                  handle.send(b"x" * 1000)

      server = socket.create_server(kernels, backlog=128)
      threading.Thread(target=listen, daemon=True).start()
      holding = threading.Semaphore(0)
      threads = [start(held, number) for number in range(4)]
      for _ in range(4):
          holding.acquire(timeout=60)
      if len(sys.argv) > 5:
          flood()
      else:
          # Nobody sends a lost RST or datagram again: they don't compete with the crowd for the queue of the device.
          alone = [start(datagram, number) for number in range(16)] + [start(reset, number) for number in range(8)]
          for thread in alone:
              thread.join()
      for thread in threads + [start(echoed, number) for number in range(56)]:
          thread.join()
      print(json.dumps(report), flush=True)
      """#
  }
}
