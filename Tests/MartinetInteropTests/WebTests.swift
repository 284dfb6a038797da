import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("The web", .serialized)
  struct WebTests {
    private let namespace: NetworkNamespace

    init() throws {
      namespace = try NetworkNamespace()
    }

    /// `martinet http` of `url`, with its standard output in the file `got`.
    private func get(_ url: String, _ more: [String] = []) throws -> Child {
      let script = "exec '\(try Program.ours("martinet"))' http \"$@\" > '\(namespace.file("got").path)'"
      return try namespace.start("sh", ["-c", script, "sh", url] + OurSide.linkArguments() + more)
    }

    private func url(_ family: Family, _ path: String) -> String { "http://\(family.kernelEndpoint(8080))\(path)" }

    @Test("martinet http gets a page of nginx and shows its five steps", .proves("IOP-12"), arguments: Family.allCases)
    func page(family: Family) throws {
      try KernelSide.prepare(namespace)
      let server = try namespace.startWebServer()
      _ = try namespace.write("<p>bonjour\n", to: "www/index.html")
      let us = try get(url(family, "/"))
      try us.succeeds()
      #expect(try String(contentsOf: namespace.file("got"), encoding: .utf8) == "<p>bonjour\n")
      let steps = [
        "1 name resolution", "2 handshake", "3 request: GET / HTTP/1.1", "4 response: HTTP/1.1 200 OK", "5 closing",
      ]
      let headings = us.complained.split(separator: "\n").filter { $0.hasPrefix("──") }
      #expect(headings.count == steps.count)
      for (heading, step) in zip(headings, steps) { #expect(heading.contains(" \(step) ")) }
      for state in ["SYN-SENT", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"] {
        #expect(us.complained.contains(state))
      }
      #expect(server.isRunning)
    }

    @Test("50 megabytes of nginx arrive unchanged", .proves("IOP-12"), arguments: Family.allCases)
    func large(family: Family) throws {
      try KernelSide.prepare(namespace)
      let server = try namespace.startWebServer()
      let file = try namespace.randomFile("www/large", octets: 50_000_000)
      try get(url(family, "/large")).succeeds()
      #expect(try namespace.sha256(of: namespace.file("got")) == namespace.sha256(of: file))
      #expect(server.isRunning)
    }

    @Test("A name server on the link is asked for the name, and for one that does not exist")
    func nameServer() throws {
      try KernelSide.prepare(namespace)
      let names = try namespace.startNameServer()
      let server = try namespace.startWebServer()
      _ = try namespace.write("<p>bonjour\n", to: "www/index.html")
      let asking = ["--dns", OurSide.kernel4]
      let us = try get("http://www.example.test:8080/", asking)
      try us.succeeds()
      #expect(try String(contentsOf: namespace.file("got"), encoding: .utf8) == "<p>bonjour\n")
      #expect(us.complained.contains("www.example.test is 10.99.0.1"))
      let lost = try get("http://nowhere.example.test:8080/", asking)
      #expect(try lost.status() == 1)
      #expect(lost.complained.hasPrefix("martinet: http://nowhere.example.test:8080/: resolve: "))
      #expect(names.isRunning && server.isRunning)
    }

    @Test("What nginx does not have is shown with its status, and its body printed")
    func notFound() throws {
      try KernelSide.prepare(namespace)
      let server = try namespace.startWebServer()
      let us = try get(url(.ipv4, "/nothing"))
      try us.succeeds()
      #expect(us.complained.contains("HTTP/1.1 404 Not Found"))
      #expect(try String(contentsOf: namespace.file("got"), encoding: .utf8).contains("404 Not Found"))
      #expect(server.isRunning)
    }

    @Test("Where nobody listens is one line")
    func refused() throws {
      try KernelSide.prepare(namespace)
      let us = try get("http://\(OurSide.kernel4):8081/")
      #expect(try us.status() == 1)
      #expect(
        us.complained
          == "martinet: http://10.99.0.1:8081/: connect 10.99.0.1:8081: connection refused\n")
    }

    @Test("curl downloads from a server on our sockets, twice over one connection", arguments: Family.allCases)
    func download(family: Family) throws {
      let file = try namespace.randomFile("original", octets: 20_000_000)
      let us = try OurPeer(in: namespace, ["serve", "::", "80", "--send", file.path])
      try us.awaitListening()
      let host = family == .ipv4 ? family.ours : "[\(family.ours)]"
      let said = try namespace.run(
        "curl", "-sS", "-f", "-g", "-o", namespace.file("one").path, "-o", namespace.file("two").path, "-w",
        "%{num_connects} ", "http://\(host)/a", "http://\(host)/b")
      #expect(said == "1 0 ")
      for name in ["one", "two"] {
        #expect(try namespace.sha256(of: namespace.file(name)) == namespace.sha256(of: file))
      }
    }

    @Test("curl uploads to a server on our sockets, ten at once")
    func upload() throws {
      let file = try namespace.randomFile("original", octets: 2_000_000)
      let sum = try namespace.sha256(of: file)
      let us = try OurPeer(in: namespace, ["serve", "::", "80"])
      try us.awaitListening()
      let said = try namespace.run(
        "curl", "-sS", "-f", "-Z", "--parallel-immediate", "-T", file.path, "http://\(OurSide.ours4)/[1-10]")
      #expect(said == String(repeating: sum + "\n", count: 10))
    }

    @Test("curl gets what stands behind martinet listen")
    func listen() throws {
      let body = String(repeating: "octets behind a pipe\n", count: 50_000)
      let answer = try namespace.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body, to: "answer")
      let script = "exec '\(try Program.ours("martinet"))' listen 80 \"$@\" < '\(answer)'"
      let us = try namespace.start("sh", ["-c", script, "sh"] + OurSide.linkArguments())
      try us.complains("listening on \(OurSide.ours4):80\n")
      #expect(try namespace.run("curl", "-sS", "http://\(OurSide.ours4)/page") == body)
      try us.succeeds()
      #expect(us.said.hasPrefix("GET /page HTTP/1.1\r\n"))
    }
  }
}
