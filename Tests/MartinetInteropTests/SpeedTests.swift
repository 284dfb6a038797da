import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("iperf3, and silence", .serialized)
  struct SpeedTests {
    /// What `iperf3 --json` says at its end.
    private struct Summary: Decodable {
      struct End: Decodable {
        struct Sum: Decodable {
          let bytes: Int
        }
        let sumSent: Sum
        let sumReceived: Sum
      }
      let end: End
    }

    @Test(
      "iperf3 of the kernel measures a path through our stack, in both directions", .proves("IOP-12"),
      arguments: [[], ["-R"], ["-P", "4"]])
    func iperf(arguments: [String]) throws {
      let namespace = try NetworkNamespace()
      let server = try namespace.start("iperf3", ["-s", "-B", "127.0.0.1"])
      try namespace.awaitListener(on: 5201, of: server)
      // Each connection with our stack goes on to the server, over the kernel's loopback.
      let us = try OurPeer(in: namespace, ["forward", "::", "5201", "--onward-port", "5201"])
      try us.awaitListening()
      let client = try namespace.start(
        "iperf3", ["-c", OurSide.ours4, "-t", "2", "--connect-timeout", "5000", "--json"] + arguments)
      try client.succeeds()
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let summary = try decoder.decode(Summary.self, from: Data(client.said.utf8)).end
      #expect(summary.sumReceived.bytes > 10_000_000)
      #expect(summary.sumSent.bytes >= summary.sumReceived.bytes)
    }

    @Test("A connection that is idle while the kernel probes it lives on", .proves("IOP-12"))
    func keepAlive() throws {
      let namespace = try NetworkNamespace()
      try KernelSide.prepare(namespace)
      let script = try namespace.write(
        """
        import socket, sys, time
        server = socket.create_server(("\(OurSide.kernel4)", 7000))
        print("listening", flush=True)
        connection, _ = server.accept()
        for option, value in [(socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 2)]:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        time.sleep(7)
        connection.sendall(b"still here?\\n")
        print(connection.recv(100).decode().strip(), flush=True)
        """, to: "idle.py")
      let kernel = try namespace.start("python3", [script])
      try kernel.awaits("listening")
      let client = "(read line; echo \"yes, after: $line\")"
      let connect = "'\(try Program.ours("martinet"))' connect \(OurSide.kernel4):7000 \"$@\""
      let us = try namespace.start(
        "sh", ["-c", "mkfifo back && \(connect) < back | \(client) > back", "sh"] + OurSide.linkArguments())
      try kernel.succeeds()
      #expect(kernel.said.hasSuffix("yes, after: still here?\n"))
      try us.succeeds()
      // Two unanswered probes would have ended it after three seconds.
      let counters = try namespace.run("nstat", "-asz", "TcpExtTCPKeepAlive").split(separator: "\n").last
      let probes = counters?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
      #expect(try #require(probes) >= 4)
    }
  }
}
