import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Connecting to a name")
struct ConnectByNameTests {
  let pair = DualPair()

  /// Addresses that nobody answers at.
  private static let silent = ScriptedResolver(
    ipv6: (.zero, [DualPair.nobody6]), ipv4: (.zero, [DualPair.nobody4]))

  @Test("Closing the socket ends the search for addresses, and the attempts, at once", arguments: [true, false])
  func closed(hasAddresses: Bool) throws {
    try pair.simulation.run {
      let stack = pair.client(hasAddresses ? Self.silent : ScriptedResolver())
      let socket = try Socket(on: stack)
      try pair.simulation.spawn("closer") {
        try? pair.simulation.sleep(for: .seconds(1))
        socket.close()
      }
      let error = socketError { try socket.connect(host: "www.test", port: 80) }
      #expect(error?.reason == .closed && error?.operation == .connect)
      #expect(stack.now == .seconds(1) && stack.connections.isEmpty && socket.isClosed)
    }
  }

  @Test("Cancelling the task ends the search for addresses, and the attempts, at once", arguments: [true, false])
  func cancelled(hasAddresses: Bool) throws {
    let (pair, stack) = (pair, pair.client(hasAddresses ? Self.silent : ScriptedResolver()))
    try pair.simulation.runAsync {
      let error = await withTaskGroup(of: SocketError?.self) { group in
        group.addTask {
          do throws(SocketError) {
            _ = try await TCPStream.connect(host: "www.test", port: 80, on: stack)
            return nil
          } catch {
            return error
          }
        }
        try? await pair.simulation.sleep(for: .seconds(1))
        group.cancelAll()
        return await group.next() ?? nil
      }
      #expect(error?.reason == .interrupted && error?.operation == .connect)
      #expect(stack.now == .seconds(1) && stack.connections.isEmpty)
    }
  }

  @Test("A socket that is bound keeps its port; one that is connected, or connects, can't be connected again")
  func states() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let stack = pair.client(ScriptedResolver(ipv6: (.zero, [DualPair.server6]), ipv4: (.zero, [DualPair.server4])))
      let socket = try Socket(on: stack)
      try socket.bind(to: Endpoint(DualPair.client4, 5555))
      try socket.connect(host: "www.test", port: 80)
      #expect(socket.localPort == 5555 && socket.remoteAddress == DualPair.server4)
      #expect(socketError { try socket.connect(host: "www.test", port: 80) }?.reason == .alreadyConnected)
      socket.abort()
      #expect(socketError { try socket.connect(host: "www.test", port: 80) }?.reason == .closed)

      let racing = try Socket(on: pair.client(Self.silent))
      try pair.simulation.spawn("other") {
        try? pair.simulation.sleep(for: .milliseconds(100))
        let error = socketError { try racing.connect(to: Endpoint(DualPair.server4, 80)) }
        #expect(error?.reason == .connectionInProgress)
        racing.close()
      }
      #expect(socketError { try racing.connect(host: "www.test", port: 80) }?.reason == .closed)
      listener.close()
    }
  }

  // MARK: The first octets

  /// Reads what connections bring and answers each with one octet, until the listener is closed.
  private func serve(_ count: Int, fastOpen: Bool) throws -> ServerSocket {
    var options = SocketOptions()
    options.fastOpen = fastOpen
    let listener = try ServerSocket(port: 80, on: pair.server, options: options)
    try pair.simulation.spawn("server") {
      while let socket = try? listener.accept() {
        #expect((try? socket.inputStream.read(exactly: count)) == pattern(count))
        try? socket.outputStream.write([1])
        socket.close()
      }
    }
    return listener
  }

  @Test("The first octets go with the SYN if both programs ask for it", .proves("7413-06"), arguments: [true, false])
  func firstOctets(fastOpen: Bool) throws {
    let resolver = ScriptedResolver(ipv6: (.zero, [DualPair.server6]), ipv4: (.zero, [DualPair.server4]))
    var options = SocketOptions()
    options.fastOpen = fastOpen
    try pair.simulation.run {
      let listener = try serve(500, fastOpen: fastOpen)
      let stack = pair.client(resolver)
      for round in 0..<3 {
        let begin = stack.now
        let socket = try Socket(on: stack, options: options)
        try socket.connect(host: "www.test", port: 80, sending: pattern(500))
        #expect(try socket.inputStream.read() == 1)
        // A round trip is 20 ms; the first one brings the cookie.
        #expect((stack.now - begin < .milliseconds(30)) == (fastOpen && round > 0))
        socket.close()
      }
      listener.close()
    }
    #expect(pair.server.statistics.fastOpensAccepted == (fastOpen ? 2 : 0))
  }

  @Test(
    "Every octet arrives once at the address that wins, whichever attempt took the first ones",
    arguments: [true, false])
  func otherWinner(fastOpen: Bool) throws {
    var options = SocketOptions()
    options.fastOpen = fastOpen
    try pair.simulation.run {
      let listener = try serve(100_000, fastOpen: fastOpen)
      let resolver = ScriptedResolver(ipv6: (.zero, [DualPair.nobody6]), ipv4: (.zero, [DualPair.server4]))
      for _ in 0..<2 {
        let socket = try Socket(on: pair.client(resolver), options: options)
        try socket.connect(host: "www.test", port: 80, sending: pattern(100_000))
        #expect(socket.remoteAddress == DualPair.server4)
        #expect(try socket.inputStream.read() == 1)
        socket.close()
      }
      listener.close()
    }
  }

  @Test(
    "Streams of async code take first octets, by address and by name", .proves("7413-06"), arguments: [true, false])
  func streams(byName: Bool) throws {
    let resolver = ScriptedResolver(ipv6: (.zero, [DualPair.server6]), ipv4: (.zero, [DualPair.server4]))
    let (server, stack) = (pair.server, pair.client(resolver))
    var options = SocketOptions.asyncDefaults
    options.fastOpen = true
    try pair.simulation.runAsync { [options] in
      let listener = try TCPListener(port: 80, on: server, options: options)
      async let served: Void = {
        for try await stream in listener.connections {
          var left = 500
          while left > 0, let bytes = try await stream.read(upTo: left) { left -= bytes.count }
          try await stream.write([1])
          stream.close()
        }
      }()
      for round in 0..<3 {
        let begin = stack.now
        let stream =
          if byName {
            try await TCPStream.connect(host: "www.test", port: 80, on: stack, options: options, sending: pattern(500))
          } else {
            try await TCPStream.connect(
              to: Endpoint(DualPair.server6, 80), on: stack, options: options, sending: pattern(500))
          }
        #expect(try await stream.read() == [1])
        #expect((stack.now - begin < .milliseconds(30)) == (round > 0))
        stream.close()
      }
      listener.close()
      try await served
    }
    #expect(server.statistics.fastOpensAccepted == 2)
  }
}
