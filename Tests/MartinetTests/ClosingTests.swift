import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Closing")
struct ClosingTests {
  let pair = VirtualPair()

  @Test("Wakes a blocked reader and a blocked writer, and may be done twice", .proves("JS-27"))
  func wakes() throws {
    var small = SocketOptions()
    small.sendBufferSize = 1000
    small.receiveBufferSize = 1000
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: small, serverOptions: small)
      let notes = Notebook()
      try pair.simulation.spawn("reader") {
        notes.note("read: \(socketError { _ = try client.inputStream.read(upTo: 1) }.map { "\($0.reason)" } ?? "")")
      }
      try pair.simulation.spawn("writer") {
        let error = socketError { try client.outputStream.write(pattern(100_000)) }
        notes.note("write: \(error.map { "\($0.reason)" } ?? "")")
      }
      try pair.simulation.sleep(for: .seconds(1))
      let begin = pair.simulation.now
      client.close()
      client.close()
      try pair.simulation.sleep(for: .zero)
      #expect(notes.all == ["read: the socket is closed", "write: the socket is closed"])
      #expect(pair.simulation.now == begin)
      #expect(socketError { _ = try client.inputStream }?.reason == .closed)
      #expect(socketError { try client.connect(to: Endpoint(VirtualPair.serverAddress, 80)) }?.reason == .closed)
      server.close()
    }
  }

  @Test("Returns at once; what was written still arrives, then the end", .proves("JS-28"))
  func background() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.outputStream.write(pattern(100_000))
      let begin = pair.simulation.now
      client.close()
      #expect(pair.simulation.now == begin)
      #expect(try server.inputStream.readToEnd() == pattern(100_000))
    }
  }

  @Test("With unread data is a reset", .proves("JS-28"))
  func unread() throws {
    pair.record()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try server.outputStream.write([1, 2, 3])
      try pair.simulation.sleep(for: .seconds(1))
      _ = pair.lines()
      client.close()
      #expect(pair.lines() == ["> RST"])
      #expect(socketError { _ = try server.inputStream.read(upTo: 1) }?.reason == .reset(in: .established))
    }
  }

  @Test("With a linger time of zero resets at once", .proves("JS-29"))
  func lingerZero() throws {
    pair.record()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.setLinger(.zero)
      _ = pair.lines()
      client.close()
      #expect(pair.lines() == ["> RST"])
      #expect(socketError { _ = try server.inputStream.read(upTo: 1) }?.reason == .reset(in: .established))
      #expect(client.isClosed)
    }
  }

  @Test("With a linger time blocks until everything is acknowledged", .proves("JS-29"))
  func lingers() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.setLinger(.seconds(30))
      try client.outputStream.write(pattern(200_000))
      let begin = pair.simulation.now
      client.close()
      let elapsed = pair.simulation.now - begin
      #expect(elapsed >= .milliseconds(20) && elapsed < .seconds(5))
      #expect(try server.inputStream.readToEnd() == pattern(200_000))
    }
  }

  @Test("With a linger time that does not suffice resets at its end", .proves("JS-29"))
  func lingerExpires() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.setLinger(.seconds(2))
      pair.simulation.withNetwork { network in network.cut(pair.wire, .toRight) }
      try client.outputStream.write([1])
      let begin = pair.simulation.now
      client.close()
      #expect(pair.simulation.now - begin == .seconds(2))
      pair.simulation.withNetwork { network in network.heal(pair.wire) }
      try pair.simulation.sleep(for: .seconds(5))
      server.close()
    }
  }

  @Test("Leaves the answers about the past", .proves("JS-30"))
  func past() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      let local = client.localEndpoint
      client.close()
      #expect(client.isClosed && client.isConnected && client.isBound)
      #expect(client.remoteEndpoint == Endpoint(VirtualPair.serverAddress, 80))
      #expect(client.remotePort == 80 && client.localPort == local?.port)
      #expect(client.localAddress == .v4(.any))
      server.close()
    }
  }

  @Test("A stream's close closes the socket", .proves("JS-19", "JS-26"))
  func streams() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.inputStream.close()
      #expect(client.isClosed)
      try server.outputStream.close()
      #expect(server.isClosed)
    }
  }

  @Test(
    "The output can end alone: the peer reads the end and goes on writing",
    .proves("JS-24", "JS-31", "JS-23", "JS-21"))
  func halfClose() throws {
    pair.record()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      let output = try client.outputStream
      try output.write([1, 2, 3])
      try client.shutdownOutput()
      #expect(client.isOutputShutdown && !client.isInputShutdown && !client.isClosed)
      #expect(try server.inputStream.readToEnd() == [1, 2, 3])
      try server.outputStream.write(pattern(50_000))
      try server.shutdownOutput()
      #expect(try client.inputStream.readToEnd() == pattern(50_000))
      #expect(socketError { try output.write([4]) }?.reason == .outputIsShutDown)
      #expect(socketError { _ = try client.outputStream }?.reason == .outputIsShutDown)
      #expect(socketError { try client.shutdownOutput() }?.reason == .outputIsShutDown)
      #expect(pair.lines().contains { $0.hasPrefix("> FIN,ACK") })
    }
  }

  @Test(
    "The input can end alone: blocked and later reads end, the peer's octets are acknowledged and discarded, and nothing is sent",
    .proves("JS-32", "JS-33", "JS-18", "JS-14"))
  func inputShutdown() throws {
    var small = SocketOptions()
    small.receiveBufferSize = 10_000
    pair.record()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: small)
      let input = try client.inputStream
      let notes = Notebook()
      try pair.simulation.spawn("reader") {
        notes.note((try? input.read(upTo: 10)) == .some(nil) ? "end" : "something else")
      }
      try pair.simulation.sleep(for: .seconds(1))
      _ = pair.lines()
      try client.shutdownInput()
      try pair.simulation.sleep(for: .seconds(1))
      #expect(pair.lines().isEmpty)
      #expect(notes.all == ["end"])
      #expect(client.isInputShutdown && !client.isClosed)
      #expect(try input.read(upTo: 10) == nil)
      #expect(try input.available == 0)
      #expect(socketError { _ = try client.inputStream }?.reason == .inputIsShutDown)
      #expect(socketError { try client.shutdownInput() }?.reason == .inputIsShutDown)
      try server.outputStream.write(pattern(100_000))
      try server.shutdownOutput()
      try pair.simulation.sleep(for: .seconds(10))
      #expect(server.status?.phase == .finWait2)
      try client.outputStream.write([1])
      #expect(try server.inputStream.read(upTo: 10) == [1])
    }
  }

  @Test("A socket that nobody holds any more is closed")
  func released() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let server = try {
        let client = try Socket(to: Endpoint(VirtualPair.serverAddress, 80), on: pair.client)
        try client.outputStream.write([1])
        return try listener.accept()
      }()
      #expect(try server.inputStream.readToEnd() == [1])
    }
  }
}
