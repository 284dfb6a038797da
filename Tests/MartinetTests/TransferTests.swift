import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Reading and writing")
struct TransferTests {
  let pair = VirtualPair()

  @Test("An echo comes back, octet for octet", .proves("JS-15", "JS-22", "JS-49"))
  func echo() throws {
    let message = pattern(300_000)
    try pair.simulation.run {
      let listener = try ServerSocket(port: 7, on: pair.server)
      try pair.simulation.spawn("echo") {
        guard let socket = try? listener.accept(), let input = try? socket.inputStream,
          let output = try? socket.outputStream
        else { return }
        while let bytes = try? input.read(upTo: 10_000) { try? output.write(bytes) }
        socket.close()
      }
      let socket = try Socket(host: "10.0.0.2", port: 7, on: pair.client)
      let output = try socket.outputStream
      try pair.simulation.spawn("writer") {
        try? output.write(message)
        try? socket.shutdownOutput()
      }
      #expect(try socket.inputStream.readToEnd() == message)
    }
  }

  @Test("The same program on the same seed runs the same way, to the octet and the nanosecond", arguments: [1, 2, 3])
  func deterministic(seed: UInt64) throws {
    func run() throws -> (trace: [SeenSegment], end: Duration) {
      var impairment = Impairment()
      impairment.delay = .milliseconds(7)
      impairment.jitter = .milliseconds(3)
      impairment.loss = Probability(partsPerBillion: 30_000_000)
      impairment.rate = 20_000_000
      let pair = VirtualPair(impairment, seed: seed)
      pair.record()
      try pair.simulation.run {
        let listener = try ServerSocket(port: 9, on: pair.server)
        for number in 0..<3 {
          try pair.simulation.spawn("client \(number)") {
            guard let socket = try? Socket(host: "10.0.0.2", port: 9, on: pair.client) else { return }
            try? socket.outputStream.write(pattern(200_000))
            socket.close()
          }
        }
        for number in 0..<3 {
          let socket = try listener.accept()
          try pair.simulation.spawn("server \(number)") {
            let bytes = try? socket.inputStream.readToEnd()
            #expect(bytes == pattern(200_000))
            socket.close()
          }
        }
      }
      return (pair.segments(), pair.simulation.now)
    }
    let first = try run()
    let second = try run()
    #expect(first.trace.count > 400)
    #expect(first.trace == second.trace)
    #expect(first.end == second.end)
  }

  @Test("A read returns what is there and does not wait for more", .proves("JS-15", "JS-18", "JS-25"))
  func short() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      let output = try client.outputStream
      try output.write([1, 2, 3])
      output.flush()
      let input = try server.inputStream
      #expect(try input.read(upTo: 0) == [])
      #expect(try input.read(upTo: 100) == [1, 2, 3])
      try client.outputStream.write([4, 5, 6, 7])
      try pair.simulation.sleep(for: .seconds(1))
      #expect(try input.available == 4)
      #expect(try input.read(upTo: 2) == [4, 5])
      #expect(try input.available == 2)
      #expect(try input.read() == 6)
      #expect(try input.skip(1) == 1)
      #expect(try input.available == 0)
      #expect(socketError { _ = try input.read(upTo: -1) }?.kind == .argument)
    }
  }

  @Test("The end of the stream comes after the last octet, again and again, even after closing", .proves("JS-16"))
  func end() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.outputStream.write([1, 2, 3])
      client.close()
      let input = try server.inputStream
      #expect(try input.read(upTo: 100) == [1, 2, 3])
      #expect(try input.read(upTo: 100) == nil)
      #expect(try input.read(upTo: 100) == nil)
      server.close()
      #expect(try input.read(upTo: 100) == nil)
    }
  }

  @Test("A read ends with its timeout, loses nothing, and can be repeated", .proves("JS-34"))
  func readTimeout() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try server.setReadTimeout(.milliseconds(100))
      let input = try server.inputStream
      let begin = pair.simulation.now
      let error = socketError { _ = try input.read(upTo: 10) }
      #expect(error?.reason == .timedOut(.milliseconds(100)) && error?.kind == .timeout)
      #expect(pair.simulation.now - begin == .milliseconds(100))
      #expect(!server.isClosed)
      try client.outputStream.write([1])
      #expect(try input.read(upTo: 10) == [1])
      try server.setReadTimeout(.zero)
      try pair.simulation.spawn("late writer") {
        try? pair.simulation.sleep(for: .seconds(1000))
        try? client.outputStream.write([2])
      }
      #expect(try input.read(upTo: 10) == [2])
    }
  }

  @Test("A writer waits for room: no more is accepted than buffers and window hold", .proves("JS-22", "JS-43"))
  func backPressure() throws {
    var small = SocketOptions()
    small.sendBufferSize = 20_000
    small.receiveBufferSize = 30_000
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: small, serverOptions: small)
      let notes = Notebook()
      try pair.simulation.spawn("writer") {
        try? client.outputStream.write(pattern(200_000))
        notes.note("written")
        try? client.shutdownOutput()
      }
      try pair.simulation.sleep(for: .seconds(60))
      #expect(notes.all.isEmpty)
      #expect(try server.inputStream.available <= 30_000)
      #expect((client.status.map { $0.unsentBytes + $0.bytesInFlight } ?? 0) <= 20_000)
      #expect(try server.inputStream.readToEnd() == pattern(200_000))
      #expect(notes.all == ["written"])
    }
  }

  @Test("Octets of concurrent writes do not mix", .proves("JS-22"))
  func writers() throws {
    var small = SocketOptions()
    small.sendBufferSize = 5_000
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: small)
      for value in UInt8(1)...3 {
        try pair.simulation.spawn("writer \(value)") {
          try? client.outputStream.write([UInt8](repeating: value, count: 50_000))
        }
      }
      let all = try server.inputStream.read(exactly: 150_000)
      #expect(all == [1, 2, 3].flatMap { [UInt8](repeating: $0, count: 50_000) })
    }
  }

  @Test("Each octet goes to one of several readers", .proves("JS-49"))
  func readers() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      let notes = Notebook()
      for number in 0..<4 {
        try pair.simulation.spawn("reader \(number)") {
          while let bytes = try? server.inputStream.read(upTo: 100) { notes.note("\(bytes.count)") }
        }
      }
      try client.outputStream.write(pattern(10_000))
      client.close()
      try pair.simulation.sleep(for: .seconds(5))
      #expect(notes.all.compactMap { Int($0) }.reduce(0, +) == 10_000)
    }
  }

  @Test("A reset is an error of the blocked read, of every later one, and of writing", .proves("JS-17", "JS-23"))
  func reset() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try pair.simulation.spawn("resetter") {
        try? pair.simulation.sleep(for: .seconds(1))
        client.abort()
      }
      let input = try server.inputStream
      for _ in 0..<2 {
        let error = socketError { _ = try input.read(upTo: 10) }
        #expect(error?.reason == .reset(in: .established) && error?.kind == .socket)
      }
      #expect(try input.available == 0)
      #expect(socketError { try server.outputStream.write([1]) }?.reason == .reset(in: .established))
      #expect(!server.isClosed)
    }
  }
}
