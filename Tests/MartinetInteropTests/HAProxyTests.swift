import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  /// HAProxy cuts a session, or is cut itself, and the server behind it is to learn that. The bounds are in seconds; each has a second for a machine that is
  /// busy with something else.
  @Suite("HAProxy in the middle", .serialized)
  struct HAProxyTests {
    let namespace: NetworkNamespace
    private let cast = Cast()
    private static let octets = 5000
    private static let serverPort = 9000
    private static let lateness = 1.0

    /// Who has to live until the test ends.
    private final class Cast {
      var children: [Child] = []
    }

    init() throws {
      namespace = try NetworkNamespace()
    }

    /// A server of ours behind HAProxy, and a client of the kernel's in front of it that has spoken and then waits.
    private func serverBehind(_ arguments: [String], patience: Double = 3600) throws -> (
      us: OurPeer, middle: Middle
    ) {
      let us = try OurPeer(
        in: namespace,
        ["listen", OurSide.ours4, "\(HAProxyTests.serverPort)", "--end", "wait", "--patience", "0.1"] + arguments)
      try us.awaitListening()
      let middle = try Middle(
        in: namespace, to: "\(OurSide.ours4):\(HAProxyTests.serverPort)", patience: patience)
      let file = try namespace.textFile("spoken", octets: HAProxyTests.octets)
      let client = try KernelPeer(
        in: namespace, ["connect", OurSide.kernel4, "\(Middle.port)", "--send", file.path, "--end", "wait"])
      if patience > 60 { try awaitQuiet() }
      cast.children += [middle.child, client.child]
      return (us, middle)
    }

    /// Waits until what the client has said lies at our server, which acknowledges it: nothing waits in the kernel's queues.
    private func awaitQuiet() throws {
      for _ in 0..<500 {
        let lines = try namespace.run(
          "ss", "-Htni", "state", "established", "dport", "=", ":\(HAProxyTests.serverPort)")
        if lines.contains("bytes_acked:\(HAProxyTests.octets + 1)") { return }
        Thread.sleep(forTimeInterval: 0.02)
      }
      Issue.record("the octets did not arrive")
    }

    @Test("HAProxy's own timeout sends the server a FIN, and a RST behind it if any; the program hears of either")
    func timeout() throws {
      let capture = namespace.file("timeout.pcapng")
      let (us, _) = try serverBehind(["--dead-peer-bound", "8", "--capture", capture.path], patience: 1)
      let report = try us.report()
      // Both segments may lie in one batch: a reader that comes between them is told of the end of the stream, a later one of the reset.
      #expect(report.error == nil || report.error == "reset", "\(report)")
      #expect(report.received == HAProxyTests.octets)
      #expect(try (0.9...1 + HAProxyTests.lateness).contains(#require(report.silence)))
      let filter = "ip.src == \(OurSide.kernel4) && (tcp.flags.fin == 1 || tcp.flags.reset == 1)"
      let flags = try namespace.run(
        "tshark", "-r", capture.path, "-Y", filter, "-T", "fields", "-e", "tcp.flags.fin", "-e", "tcp.flags.reset")
      let isSet: [[Bool]] = flags.split(separator: "\n").map { line in
        line.split(separator: "\t").map { $0 == "1" || $0 == "True" }
      }
      #expect(isSet.first == [true, false], "\(flags)")
      #expect(isSet.dropFirst().allSatisfy { $0 == [false, true] }, "\(flags)")
      if report.error != nil { #expect(isSet.count > 1, "\(flags)") }
    }

    @Test("A stopped HAProxy is answered for by its kernel: the bound on silence holds still, the read timeout notices")
    func stopped() throws {
      let (us, middle) = try serverBehind(["--dead-peer-bound", "2", "--read-timeout", "5", "--warnings"])
      middle.child.signal(SIGSTOP)
      let report = try us.report()
      #expect(report.error?.contains("timed out after 5.0 seconds") == true, "\(report)")
      #expect(try (4.9...5 + HAProxyTests.lateness).contains(#require(report.silence)))
      #expect(!us.child.said.contains("warning:"), "\(us.child.said)")
    }

    @Test(
      "A server that reads notices a silent cut by the bound on silence, after a warning",
      arguments: Middle.Cut.allCases)
    func idle(cut: Middle.Cut) throws {
      let (us, middle) = try serverBehind(["--dead-peer-bound", "4", "--warnings"])
      try middle.cut(cut, port: HAProxyTests.serverPort)
      let report = try us.report()
      #expect(report.error?.contains("3 keep-alive probes unanswered, silence for 4.") == true, "\(report)")
      #expect(report.received == HAProxyTests.octets)
      #expect(try (3.9...4 + HAProxyTests.lateness).contains(#require(report.silence)))
      #expect(us.child.said.contains("warning: 2 keep-alive probes unanswered"), "\(us.child.said)")
    }

    @Test("A server that reads notices a silent cut by keep-alive")
    func keepAlive() throws {
      let (us, middle) = try serverBehind(["--keep-alive-idle", "1.5"])
      try middle.cut(.packetFilter, port: HAProxyTests.serverPort)
      let report = try us.report()
      #expect(report.error?.contains("3 keep-alive probes unanswered") == true, "\(report)")
      // One probe may have been answered before the cut.
      #expect(try (2.9...4.5 + HAProxyTests.lateness).contains(#require(report.silence)))
    }

    @Test(
      "A server that writes notices a silent cut by what nobody acknowledges",
      arguments: [["--dead-peer-bound", "4"], ["--user-timeout", "4"]])
    func writing(options: [String]) throws {
      let moment = namespace.file("moment")
      let (us, middle) = try serverBehind(options + ["--write-when", moment.path, "--warnings"])
      try middle.cut(.packetFilter, port: HAProxyTests.serverPort)
      try Data().write(to: moment)
      let begin = Date()
      let report = try us.report()
      #expect(report.error?.contains("no acknowledgement of octets 0...4 for ") == true, "\(report)")
      #expect(us.child.said.contains("written"))
      #expect(Date().timeIntervalSince(begin) < 4 + 2 * HAProxyTests.lateness)
      #expect(us.child.said.contains("warning: no acknowledgement"), "\(us.child.said)")
    }

    // MARK: Our client

    private static let kernelServerPort = 9001

    /// A server of the kernel's behind HAProxy, and a client of ours in front of it that waits for an answer.
    private func clientBefore(_ arguments: [String], patience: Double = 3600) throws -> OurPeer {
      let server = try KernelPeer(
        in: namespace, ["listen", "127.0.0.1", "\(HAProxyTests.kernelServerPort)", "--end", "wait"])
      try server.awaitListening()
      let moment = namespace.file("moment")
      let us = try OurPeer(
        in: namespace,
        ["connect", OurSide.kernel4, "\(Middle.port)", "--end", "wait", "--patience", "0.1", "--open-after", "2"]
          + ["--write-when", moment.path] + arguments)
      try us.child.awaits("ready")
      let middle = try Middle(
        in: namespace, to: "127.0.0.1:\(HAProxyTests.kernelServerPort)", patience: patience)
      for _ in 0..<500 {
        let filter = ["-Htn", "state", "established", "sport", "=", ":\(HAProxyTests.kernelServerPort)"]
        let ss = try namespace.start("ss", filter)
        try ss.succeeds()
        if !ss.said.isEmpty { break }
        Thread.sleep(forTimeInterval: 0.02)
      }
      try Middle.drop(port: HAProxyTests.kernelServerPort, in: namespace)
      try Data().write(to: moment)
      cast.children += [middle.child, server.child]
      return us
    }

    @Test("Behind a proxy that lives, a dead server is noticed by the client's read timeout alone")
    func deadServer() throws {
      let us = try clientBefore(["--dead-peer-bound", "2", "--read-timeout", "5"])
      let report = try us.report()
      #expect(us.child.said.contains("written"))
      #expect(report.error?.contains("timed out after 5.0 seconds") == true, "\(report)")
      #expect(try (4.9...5 + HAProxyTests.lateness).contains(#require(report.silence)))
    }

    @Test("A proxy with a short patience tells its client of a dead server")
    func impatientProxy() throws {
      let us = try clientBefore(["--dead-peer-bound", "8"], patience: 2)
      let report = try us.report()
      #expect(us.child.said.contains("written"))
      #expect(report.error == nil || report.error == "reset", "\(report)")
      // Its patience begins again with what our client writes.
      #expect(try (1.9...2 * 2 + HAProxyTests.lateness).contains(#require(report.silence)))
    }

    // MARK: The tool

    private struct Finding: Decodable {
      var cut: String
      var mechanism: String
      var mustNotice: Bool
      var noticed: Bool
      var noticedSeconds: Double?
      var cause: String?
      var asExpected: Bool
    }

    @Test(
      "martinet halfopen finds the same with a HAProxy of its own, as root and as a user who has to make a namespace of users first",
      arguments: [true, false])
    func tool(isRoot: Bool) throws {
      _ = try (Program.path(of: "haproxy"), Program.path(of: "nft"))
      let martinet = [try Program.ours("martinet"), "halfopen", "--proxy", "haproxy", "--bound", "4", "--json"]
      let tool =
        isRoot
        ? try namespace.start(martinet[0], Array(martinet.dropFirst()))
        : try namespace.start("unshare", ["--user", "--map-user=1000", "--map-group=1000"] + martinet)
      try tool.succeeds(seconds: 90)
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let findings = try decoder.decode([Finding].self, from: Data(tool.said.utf8))
      #expect(findings.count == 21)
      #expect(findings.allSatisfy { $0.asExpected })
      func causes(_ cut: String) -> [String: String?] {
        Dictionary(uniqueKeysWithValues: findings.filter { $0.cut == cut }.map { ($0.mechanism, $0.cause) })
      }
      #expect(causes("timeout").values.allSatisfy { $0 == "endOfStream" || $0 == "reset" })
      #expect(
        causes("stopped") == [
          "nothing": nil, "readTimeout": "timedOut", "keepAliveTuned": nil, "userTimeout": nil,
          "deadPeerBoundIdle": nil, "deadPeerBoundWriting": nil, "heartbeat": "heartbeatLost",
        ])
      #expect(
        causes("dropped") == [
          "nothing": nil, "readTimeout": "timedOut", "keepAliveTuned": "keepAliveTimedOut",
          "userTimeout": "userTimedOut", "deadPeerBoundIdle": "keepAliveTimedOut",
          "deadPeerBoundWriting": "retransmissionTimedOut", "heartbeat": "heartbeatLost",
        ])
    }

    @Test("A signal ends the tool, and with it a HAProxy that stands still", arguments: [SIGINT, SIGTERM, SIGKILL])
    func signals(number: Int32) throws {
      let tool = try namespace.start(
        Program.ours("martinet"), ["halfopen", "--proxy", "haproxy", "--bound", "30"])
      let proxy = try #require(try awaitStoppedChild(of: tool.id))
      tool.signal(number)
      #expect(try tool.status(seconds: 10) == (number == SIGKILL ? -number : 128 + number))
      for _ in 0..<250 where FileManager.default.fileExists(atPath: "/proc/\(proxy)") {
        Thread.sleep(forTimeInterval: 0.02)
      }
      #expect(!FileManager.default.fileExists(atPath: "/proc/\(proxy)"))
    }

    /// The process number of a child of `parent` once it is stopped; nil if none is within 40 s.
    private func awaitStoppedChild(of parent: Int32) throws -> String? {
      for _ in 0..<800 {
        let lines = try namespace.run("sh", "-c", "cat /proc/[0-9]*/stat 2> /dev/null || true").split(separator: "\n")
        for line in lines {
          let fields = line.split(separator: " ")
          if fields.count > 3, fields[1] == "(haproxy)", fields[2] == "T", fields[3] == "\(parent)" {
            return String(fields[0])
          }
        }
        Thread.sleep(forTimeInterval: 0.05)
      }
      return nil
    }
  }
}
