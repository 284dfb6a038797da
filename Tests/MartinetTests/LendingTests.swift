import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Reading and writing without a copy, and from several places")
struct LendingTests {
  let pair = VirtualPair()

  @Test("What fills lent room arrives, and is read where it lies, octet for octet and page for page")
  func bothWays() throws {
    let message = pattern(300_000)
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try pair.simulation.spawn("writer") {
        guard let output = try? client.outputStream else { return }
        var position = 0
        while position < message.count {
          let from = position
          let sent = try? output.write(upTo: 50_000) { room in
            while !room.isFull && position < min(message.count, from + 50_000) {
              room.append(message[position])
              position += 1
            }
          }
          if sent != position - from { return }
        }
        try? client.shutdownOutput()
      }
      var all: [UInt8] = []
      while let count = try server.inputStream.read(upTo: 70_000, lending: { all += octets($0) }) {
        #expect((1...70_000).contains(count))
      }
      #expect(all == message)
      #expect(try server.inputStream.read(upTo: 1, lending: { _ in }) == nil)
      client.close()
      server.close()
      try pair.simulation.sleep(for: .seconds(70))
      #expect(pair.client.core.pagesInUse == 0 && pair.server.core.pagesInUse == 0)
    }
  }

  @Test("A lending read takes what it lends and leaves the rest; a limit of zero takes nothing")
  func limit() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.outputStream.write([1, 2, 3, 4, 5])
      let input = try server.inputStream
      var seen: [UInt8] = []
      #expect(try input.read(upTo: 2, lending: { seen += octets($0) }) == 2)
      #expect(try input.read(upTo: 0, lending: { seen += octets($0) }) == 0)
      #expect(try input.available == 3)
      #expect(try input.read(upTo: 9) == [3, 4, 5])
      #expect(seen == [1, 2])
      #expect(socketError { _ = try input.read(upTo: -1, lending: { _ in }) }?.kind == .argument)
    }
  }

  @Test("While octets are lent, those that arrive do not touch them, and the peer may fill their place")
  func lent() throws {
    var options = SocketOptions()
    options.receiveBufferSize = 2000
    options.sendBufferSize = 2000
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options, serverOptions: options)
      try pair.simulation.spawn("writer") { try? client.outputStream.write(pattern(4000)) }
      try pair.simulation.sleep(for: .seconds(2))
      var first: [UInt8] = []
      _ = try server.inputStream.read(upTo: 1000) { lent in
        let before = octets(lent)
        try? pair.simulation.sleep(for: .seconds(5))
        #expect(octets(lent) == before)
        first += before
      }
      #expect(first + (try server.inputStream.read(exactly: 4000 - first.count)) == pattern(4000))
    }
  }

  @Test("A lending read keeps the rules of every read: its timeout, the urgent octet, the peer's reset")
  func rules() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      let input = try server.inputStream
      let begin = pair.simulation.now
      let error = socketError { _ = try input.read(upTo: 10, within: .milliseconds(100)) { _ in } }
      #expect(error?.reason == .timedOut(.milliseconds(100)))
      #expect(pair.simulation.now - begin == .milliseconds(100))
      try client.outputStream.write([1, 2])
      try client.sendUrgentData(3)
      try client.outputStream.write([4])
      var seen: [UInt8] = []
      while seen.count < 3 { _ = try input.read(upTo: 10) { seen += octets($0) } }
      #expect(seen == [1, 2, 4])
      client.abort()
      let reason = socketError { _ = try input.read(upTo: 10) { _ in } }?.reason
      if case .reset = reason {} else { Issue.record("the read ended with \(String(describing: reason))") }
    }
  }

  @Test("A shut input, and a socket that is closed, end a lending read that waits")
  func ended() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try pair.simulation.spawn("closer") {
        try? pair.simulation.sleep(for: .seconds(1))
        try? server.shutdownInput()
      }
      #expect(try server.inputStream.read(upTo: 10, lending: { _ in }) == nil)
      #expect(pair.simulation.now >= .seconds(1))
      client.close()
    }
    let other = VirtualPair()
    try other.simulation.run {
      let (client, server, _) = try other.connected()
      try other.simulation.spawn("closer") {
        try? other.simulation.sleep(for: .seconds(1))
        server.close()
      }
      #expect(socketError { _ = try server.inputStream.read(upTo: 10) { _ in } }?.reason == .closed)
      client.close()
    }
  }

  @Test("A lending write waits for room as any write, and knows an output that is shut")
  func room() throws {
    var options = SocketOptions()
    options.sendBufferSize = 1000
    options.receiveBufferSize = 1000
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options, serverOptions: options)
      let output = try client.outputStream
      try output.write(pattern(1000))
      try pair.simulation.spawn("reader") {
        try? pair.simulation.sleep(for: .seconds(3))
        _ = try? server.inputStream.read(exactly: 1500)
      }
      var written = 1000
      while written < 1500 {
        written += try output.write(upTo: 1500 - written) { room in
          while !room.isFull { room.append(UInt8(7)) }
        }
      }
      #expect(pair.simulation.now >= .milliseconds(10))
      #expect(try output.write(upTo: 10) { _ in } == 0)
      #expect(try output.write(upTo: 0) { _ in } == 0)
      try client.shutdownOutput()
      #expect(socketError { _ = try output.write(upTo: 10) { _ in } }?.reason == .outputIsShutDown)
    }
  }

  @Test("While room is lent, what another thread writes waits for its turn")
  func lentRoom() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      let output = try client.outputStream
      _ = try output.write(upTo: 3) { room in
        _ = try? pair.simulation.spawn("writer") { try? output.write([4, 5]) }
        try? pair.simulation.sleep(for: .seconds(1))
        for octet in UInt8(1)...3 { room.append(octet) }
      }
      #expect(try server.inputStream.read(exactly: 5) == [1, 2, 3, 4, 5])
      #expect(socketError { _ = try output.write(upTo: 3) { _ in client.abort() } }?.reason == .closed)
    }
  }

  @Test("A connection whose room is lent takes nothing else until it is given back")
  func lentOnce() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let core = pair.client.core
      let handle = try core.connect(
        to: Endpoint(VirtualPair.serverAddress, 80), from: nil, options: ConnectionOptions())
      let server = try listener.accept()
      let send = { try [UInt8(9)].withUnsafeBytes { try core.send($0, urgent: true, on: handle, otherwise: nil) } }
      let sent = try core.send(upTo: 2, on: handle) { room in
        #expect((try? send()) == 0)
        #expect(!core.hasRoom(handle, otherwise: nil))
        #expect((try? core.send(upTo: 2, on: handle) { _ in Issue.record("room was lent twice") }) == .some(nil))
        room.append(UInt8(1))
      }
      #expect(sent == 1)
      #expect(try core.send(upTo: 2, on: handle) { _ in } == 0)
      #expect(core.hasRoom(handle, otherwise: nil))
      #expect(try send() == 1)
      #expect(try server.inputStream.read(exactly: 1) == [1])
      core.abort(handle)
    }
  }

  @Test("Several buffers written with one call leave as if they were one", arguments: [false, true])
  func scattered(isMemory: Bool) throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.setNoDelay(true)
      pair.record()
      let parts: [[UInt8]] = [[], pattern(20), pattern(900), [], [9]]
      let output = try client.outputStream
      if isMemory {
        try parts[1].withUnsafeBytes { one in
          try parts[2].withUnsafeBytes { two in
            try parts[4].withUnsafeBytes { three in try output.write(contentsOf: [one, two, three]) }
          }
        }
      } else {
        try output.write(contentsOf: parts)
      }
      #expect(try server.inputStream.read(exactly: 921) == parts.flatMap { $0 })
      #expect(pair.segments().filter { $0.payload > 0 }.map(\.payload) == [921])
    }
  }

  @Test("Buffers of any number and size go through a small send buffer, and an error says how much was taken")
  func many() throws {
    var options = SocketOptions()
    options.sendBufferSize = 1000
    options.userTimeout = .seconds(5)
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options)
      let parts = (0..<200).map { pattern($0 * 7 % 1900) }
      try pair.simulation.spawn("writer") { try? client.outputStream.write(contentsOf: parts) }
      let whole = parts.flatMap { $0 }
      #expect(try server.inputStream.read(exactly: whole.count) == whole)
      try pair.simulation.sleep(for: .seconds(1))
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      let error = socketError { try client.outputStream.write(contentsOf: [pattern(600), pattern(700)]) }
      #expect(error?.bytesTransferred == 1000)
      server.abort()
    }
  }

  @Test("Streams lend and gather as sockets do, and a cancelled task ends its stream")
  func tasks() throws {
    try pair.simulation.runAsync { [pair] in
      let (client, server, _) = try await pair.connectedStreams()
      async let wrote: Void = {
        try await client.write(contentsOf: [pattern(10), pattern(90_000)])
        #expect(try await client.write(upTo: 3) { $0.append(UInt8(5)) } == 1)
        try client.shutdownOutput()
      }()
      var all: [UInt8] = []
      while try await server.read(upTo: 10_000, lending: { all += octets($0) }) != nil {}
      try await wrote
      #expect(all == pattern(10) + pattern(90_000) + [5])
      let reading = Task { try await client.read(upTo: 1) { _ in } }
      try await pair.simulation.sleep(for: .seconds(1))
      reading.cancel()
      let outcome = await reading.result
      #expect(socketError { _ = try outcome.get() }?.reason == .interrupted)
      #expect(client.isClosed)
    }
  }
}

/// A copy of what was lent.
private func octets(_ span: RawSpan) -> [UInt8] {
  span.withUnsafeBytes { Array($0) }
}
