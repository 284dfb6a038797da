import Martinet
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Async streams, in virtual time")
struct TCPStreamTests {
  let pair = VirtualPair()

  @Test("What is written comes back from an echo, and then the end, as often as one asks")
  func echo() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, server, _) = try await pair.connectedStreams()
      async let echoed: Void = {
        for try await bytes in server.chunks { try await server.write(bytes) }
        try server.shutdownOutput()
      }()
      async let received = client.readToEnd()
      try await client.write(pattern(300_000))
      try client.shutdownOutput()
      #expect(try await received == pattern(300_000))
      try await echoed
      #expect(try await client.read() == nil)
      client.close()
      #expect(try await client.read() == nil)
      #expect(try await server.read() == nil)
    }
  }

  @Test("Many connections are served by the tasks of a group, with no thread for each")
  func group() throws {
    let (count, time) = try pair.simulation.runAsync { [pair] in
      let listener = try TCPListener(port: 80, backlog: 200, on: pair.server)
      async let served = withThrowingTaskGroup(of: Void.self) { group in
        var count = 0
        for try await stream in listener.connections {
          count += 1
          group.addTask {
            for try await bytes in stream.chunks { try await stream.write(bytes) }
            stream.close()
          }
        }
        try await group.waitForAll()
        return count
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<200 {
          group.addTask {
            let stream = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client)
            try await pair.client.sleep(for: .milliseconds(number % 7))
            try await stream.write([UInt8(number)])
            try stream.shutdownOutput()
            #expect(try await stream.readToEnd() == [UInt8(number)])
          }
        }
        try await group.waitForAll()
      }
      listener.close()
      return (try await served, pair.simulation.now)
    }
    #expect(count == 200)
    #expect(time < .seconds(2))
  }

  @Test("A writer waits while the send buffer is full, and costs virtual time, not memory")
  func backPressure() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, server, _) = try await pair.connectedStreams(client: .small, server: .small)
      let notes = Notebook()
      async let writing: Void = {
        try await client.write(pattern(50_000))
        notes.note("written")
        client.close()
      }()
      try await pair.simulation.sleep(for: .seconds(5))
      #expect(notes.all.isEmpty)
      let status = try #require(client.status)
      #expect(status.unsentBytes + status.bytesInFlight <= 1000)
      #expect(try await server.readToEnd() == pattern(50_000))
      try await writing
    }
  }

  @Test("The octets of concurrent writes stay together, whether threads or tasks write")
  func togetherness() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, server, _) = try await pair.connectedStreams(client: .small, server: .small)
      async let all = server.readToEnd()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for letter in UInt8(1)...5 {
          group.addTask { try await client.write([UInt8](repeating: letter, count: 3000)) }
        }
        try await group.waitForAll()
      }
      client.close()
      let received = try await all
      #expect(received == (UInt8(1)...5).flatMap { [UInt8](repeating: $0, count: 3000) })
    }
  }

  @Test("The output can end alone, and the input too")
  func halfClose() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, server, _) = try await pair.connectedStreams()
      try await client.write([1, 2, 3])
      try client.shutdownOutput()
      #expect(try await server.readToEnd() == [1, 2, 3])
      try await server.write(pattern(50_000))
      try server.shutdownOutput()
      #expect(try await client.readToEnd() == pattern(50_000))
      #expect(await asyncSocketError { try await client.write([1]) }?.reason == .outputIsShutDown)
    }
    try pair.simulation.runAsync { [pair] in
      let (client, server, _) = try await pair.connectedStreams()
      async let end = client.read()
      try await pair.simulation.sleep(for: .seconds(1))
      try client.shutdownInput()
      #expect(try await end == nil)
      try await client.write([1])
      #expect(try await server.read() == [1])
    }
  }

  @Test("Octets come one by one without a suspension for each, and a caller's buffer is filled in place")
  func bytesAndBuffers() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, server, _) = try await pair.connectedStreams()
      try await server.write(pattern(1000))
      var octets: [UInt8] = []
      for try await octet in client.bytes {
        octets.append(octet)
        if octets.count == 1000 { break }
      }
      #expect(octets == pattern(1000))
      try await server.write(pattern(100).span.bytes)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
      defer { buffer.deallocate() }
      #expect(try await client.read(into: buffer) == 64)
      #expect(Array(buffer) == pattern(64))
      #expect(try client.available == 36)
      #expect(try await client.read(upTo: 10) == Array(pattern(100)[64..<74]))
      server.close()
      #expect(try await client.read()?.count == 26)
      #expect(try await client.read(into: buffer) == nil)
    }
  }

  @Test("A reset ends reading and writing with its reason")
  func reset() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, server, _) = try await pair.connectedStreams()
      async let reading = asyncSocketError { _ = try await client.read() }
      try await pair.simulation.sleep(for: .seconds(1))
      server.abort()
      #expect(await reading?.reason == .reset(in: .established))
      #expect(await asyncSocketError { try await client.write([1]) }?.reason == .reset(in: .established))
    }
  }

  @Test("A refused connection says so")
  func refused() throws {
    try pair.simulation.runAsync { [pair] in
      let error = await asyncSocketError {
        _ = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client)
      }
      #expect(error?.reason == .refused)
    }
  }

  @Test("Timeouts end connecting, accepting and reading, and take nothing away")
  func timeouts() throws {
    try pair.simulation.runAsync { [pair] in
      let listener = try TCPListener(port: 80, on: pair.server)
      try listener.setAcceptTimeout(.seconds(2))
      #expect(await asyncSocketError { _ = try await listener.accept() }?.reason == .timedOut(.seconds(2)))
      #expect(pair.simulation.now == .seconds(2))
      let client = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client)
      let server = try await listener.accept()
      try client.setReadTimeout(.seconds(3))
      let begin = pair.simulation.now
      #expect(await asyncSocketError { _ = try await client.read() }?.kind == .timeout)
      #expect(pair.simulation.now - begin == .seconds(3))
      try await server.write([7])
      #expect(try await client.read() == [7])
      pair.simulation.withNetwork { $0.cut(pair.wire, .toRight) }
      let error = await asyncSocketError {
        _ = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client, timeout: .seconds(5))
      }
      #expect(error?.reason == .timedOut(.seconds(5)))
    }
  }

  @Test("Closing from another task ends a waiting read and a waiting write")
  func closing() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, server, listener) = try await pair.connectedStreams(client: .small, server: .small)
      async let reading = asyncSocketError { _ = try await client.read() }
      async let writing = asyncSocketError { try await client.write(pattern(100_000)) }
      async let accepting = asyncSocketError { _ = try await listener.accept() }
      try await pair.simulation.sleep(for: .seconds(1))
      client.close()
      client.close()
      listener.close()
      #expect(await reading?.reason == .closed)
      #expect(await writing?.reason == .closed)
      #expect(await accepting?.reason == .closed)
      #expect(await asyncSocketError { _ = try await client.read() }?.reason == .closed)
      server.close()
    }
  }

  @Test("The sequence of connections ends when the listener is closed")
  func connectionsEnd() throws {
    try pair.simulation.runAsync { [pair] in
      let listener = try TCPListener(port: 80, on: pair.server)
      async let count = listener.connections.reduce(0) { count, _ in count + 1 }
      for _ in 0..<3 { _ = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client) }
      try await pair.simulation.sleep(for: .seconds(1))
      listener.close()
      #expect(try await count == 3)
    }
  }

  @Test("A stream that nobody holds any more is closed")
  func released() throws {
    try pair.simulation.runAsync { [pair] in
      let server = try await {
        let (_, server, _) = try await pair.connectedStreams()
        return server
      }()
      #expect(try await server.read() == nil)
    }
  }

  @Test("A linger time is kept in the background: what is not acknowledged by then is reset")
  func linger() throws {
    var options = SocketOptions.asyncDefaults
    options.linger = .seconds(2)
    try pair.simulation.runAsync { [pair, options] in
      let (client, server, _) = try await pair.connectedStreams(client: options)
      try await client.write([1])
      client.close()
      #expect(try await server.readToEnd() == [1])
      server.close()
      let (second, peer, _) = try await pair.connectedStreams(client: options)
      pair.simulation.withNetwork { $0.cut(pair.wire, .toRight) }
      try await second.write([1])
      let begin = pair.simulation.now
      second.close()
      #expect(pair.simulation.now == begin)
      try await pair.simulation.sleep(for: .milliseconds(2500))
      #expect(pair.client.connections.allSatisfy { $0.phase == .closed || $0.phase == .timeWait })
      peer.abort()
    }
  }

  @Test("Options begin with a bound on the peer's silence, and are the same as those of sockets")
  func options() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, server, listener) = try await pair.connectedStreams()
      #expect(try client.deadPeerBound == .seconds(120))
      #expect(try server.deadPeerBound == .seconds(120))
      #expect(try listener.options.deadPeerBound == .seconds(120))
      try client.setNoDelay(true)
      #expect(try client.noDelay && client.options.noDelay)
      #expect(throws: SocketError.self) { try client.setKeepAliveCount(0) }
      #expect(client.description.hasPrefix("TCPStream[10.0.0.1:"))
      client.close()
      #expect(throws: SocketError.self) { try client.noDelay }
    }
  }

  @Test("A peer that dies in silence is noticed within two minutes")
  func silentDeath() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, _, _) = try await pair.connectedStreams()
      pair.simulation.withNetwork { $0.cut(pair.wire) }
      let begin = pair.simulation.now
      let error = await asyncSocketError { _ = try await client.read() }
      #expect(error.map { "\($0.reason)" }?.contains("unanswered") == true)
      #expect(pair.simulation.now - begin <= .seconds(121))
    }
  }

  @Test("A name is looked for, and its addresses are tried, while other tasks run")
  func names() throws {
    let client = pair.simulation.stack(of: pair.clientHost, resolver: SlowResolver())
    try pair.simulation.runAsync { [pair] in
      let listener = try TCPListener(port: 80, on: pair.server)
      async let accepted = listener.accept()
      async let stream = TCPStream.connect(host: "server", port: 80, on: client)
      try await pair.simulation.sleep(for: .seconds(1))
      #expect(client.connections.isEmpty)
      let local = try await stream.localEndpoint
      #expect(try await accepted.remoteEndpoint == local)
      #expect(pair.simulation.now >= .seconds(5))
      _ = try await TCPStream.connect(host: "10.0.0.2", port: 80, on: client)
      let from = Endpoint(VirtualPair.clientAddress, 0)
      _ = try await TCPStream.connect(host: "server", port: 80, from: from, on: client)
      #expect(pair.simulation.now < .seconds(11))
      let error = await asyncSocketError { _ = try await TCPStream.connect(host: "nobody", port: 80, on: client) }
      #expect(error?.kind == .unknownHost)
      let late = await asyncSocketError {
        _ = try await TCPStream.connect(host: "server", port: 80, on: client, timeout: .seconds(1))
      }
      #expect(late?.reason == .timedOut(.seconds(1)))
    }
  }
}

/// Knows one name, and takes five seconds for each answer.
private struct SlowResolver: Resolver {
  func lookUp(
    _ name: String, _ families: [AddressFamily], on stack: NetworkStack, notify: @escaping @Sendable () -> Void
  ) -> any NameLookup {
    Lookup(name: name, ready: stack.now + .seconds(5))
  }

  private final class Lookup: NameLookup {
    let name: String
    let ready: Duration

    init(name: String, ready: Duration) {
      self.name = name
      self.ready = ready
    }

    func poll(at now: Instant) -> NameProgress {
      var progress = NameProgress()
      progress.deadline = Instant(
        nanoseconds: ready.components.seconds * 1_000_000_000 + ready.components.attoseconds / 1_000_000_000)
      guard now >= progress.deadline else { return progress }
      progress.ipv4 = .success(name == "server" ? [VirtualPair.serverAddress] : [])
      progress.ipv6 = .success([])
      progress.deadline = .never
      return progress
    }

    func cancel() {}
  }
}
