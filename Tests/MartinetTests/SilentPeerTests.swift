import Martinet
import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("A peer that died in silence, as a socket tells it")
struct SilentPeerTests {
  let pair = VirtualPair()

  /// Cuts the wire without a word.
  private func cut() {
    pair.simulation.withNetwork { network in network.cut(pair.wire) }
  }

  private func options(bound: Duration) -> SocketOptions {
    var options = SocketOptions()
    options.deadPeerBound = bound
    return options
  }

  @Test("A reader hears of it within the bound, with the probes as evidence")
  func reader() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options(bound: .seconds(60)))
      try pair.simulation.sleep(for: .seconds(200))
      cut()
      let begin = pair.simulation.now
      let error = socketError { _ = try client.inputStream.read(upTo: 1) }
      let waited = pair.simulation.now - begin
      guard case .ended(.keepAliveTimedOut(let evidence)) = error?.reason else {
        Issue.record("the error is \(String(describing: error))")
        return
      }
      #expect(evidence.attempts == 3)
      #expect(waited > .seconds(29) && waited <= .seconds(60))
      #expect("\(error!)" == "read 10.0.0.2:80: 3 keep-alive probes unanswered, silence for 60.000 s")
      server.abort()
    }
  }

  @Test("A writer hears of it within the bound, with the octets that nobody acknowledged as evidence")
  func writer() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options(bound: .seconds(60)))
      try client.outputStream.write(pattern(100))
      #expect(try server.inputStream.read(exactly: 100).count == 100)
      try pair.simulation.sleep(for: .seconds(1))
      cut()
      let begin = pair.simulation.now
      try client.outputStream.write(pattern(2896))
      let error = socketError { _ = try client.inputStream.read(upTo: 1) }
      guard case .ended(.retransmissionTimedOut(let evidence)) = error?.reason else {
        Issue.record("the error is \(String(describing: error))")
        return
      }
      #expect(evidence.unacknowledged.count == 2896 && evidence.attempts == 8)
      #expect(
        "\(error!)".hasSuffix("no acknowledgement of octets 100...2995 for 60.000 s, 8 retransmissions"), "\(error!)")
      #expect(pair.simulation.now - begin <= .seconds(60))
      #expect(pair.client.connections.map(\.phase) == [.closed])
      client.close()
      #expect(pair.client.connections.isEmpty)
      server.abort()
    }
  }

  @Test("Warnings come before the end, and after it there are none")
  func warnings() throws {
    let notebook = Notebook()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options(bound: .seconds(60)))
      try pair.simulation.spawn("watcher") {
        while let warning = try? client.nextWarning() { notebook.note("\(pair.simulation.now): \(warning)") }
        notebook.note("\(pair.simulation.now): no more")
      }
      cut()
      _ = socketError { _ = try client.inputStream.read(upTo: 1) }
      server.abort()
    }
    #expect(notebook.all.count == 2)
    #expect(
      notebook.all.first?.hasSuffix("2 keep-alive probes unanswered, silence for 40.000 s") == true,
      "\(notebook.all)")
    #expect(notebook.all.last?.hasSuffix("no more") == true)
  }

  @Test("R1 is a warning to whoever waits for one, and waiting has a limit")
  func retransmitting() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      #expect(socketError { _ = try client.nextWarning(within: .seconds(5)) }?.kind == .timeout)
      cut()
      try client.outputStream.write([1])
      guard case .retransmitting(let evidence) = try client.nextWarning(within: .seconds(100)) else {
        Issue.record("no warning")
        return
      }
      #expect(evidence.attempts == 3 && evidence.unacknowledged.count == 1)
      client.close()
      #expect(try client.nextWarning() == nil)
      server.abort()
    }
  }

  @Test("Without the bound a reader waits as java.net has it: for ever", .proves("JS-37"))
  func javaDefault() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      #expect(try client.deadPeerBound == nil)
      cut()
      #expect(socketError { _ = try client.inputStream.read(upTo: 1) }?.reason == .deadlock)
      server.abort()
    }
  }

  @Test("Accepted sockets have the bound of their listener")
  func inherited() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(serverOptions: options(bound: .seconds(30)))
      #expect(try server.deadPeerBound == .seconds(30))
      cut()
      let begin = pair.simulation.now
      guard case .ended = socketError({ _ = try server.inputStream.read(upTo: 1) })?.reason else {
        Issue.record("no end")
        return
      }
      #expect(pair.simulation.now - begin <= .seconds(30))
      client.abort()
    }
  }
}
