import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

@Suite("Async code in virtual time")
struct AsyncTimeTests {
  let pair = VirtualPair()
  let notes = Notebook()

  @Test("Sleeping takes virtual time and no other, and child tasks come along")
  func sleeping() throws {
    let elapsed = try ContinuousClock().measure {
      try pair.simulation.runAsync {
        async let long: Void = pair.simulation.sleep(for: .seconds(86_400))
        async let short: Void = pair.client.sleep(for: .seconds(10))
        try await short
        notes.note("\(pair.simulation.now)")
        try await long
        notes.note("\(pair.simulation.now)")
      }
    }
    #expect(notes.all == ["10.0 seconds", "86400.0 seconds"])
    #expect(elapsed < .seconds(10))
  }

  /// What a program of many tasks on a bad network notes, with the virtual times.
  private static func program(seed: UInt64) throws -> [String] {
    var impairment = Impairment()
    impairment.delay = .milliseconds(10)
    impairment.loss = .percent(5)
    let pair = VirtualPair(impairment, seed: seed)
    let notes = Notebook()
    try pair.simulation.runAsync {
      let listener = try TCPListener(port: 80, on: pair.server)
      async let serving: Void = withThrowingTaskGroup(of: Void.self) { group in
        for try await stream in listener.connections {
          group.addTask {
            for try await bytes in stream.chunks { try await stream.write(bytes) }
            stream.close()
          }
        }
        try await group.waitForAll()
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 {
          group.addTask {
            let stream = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client)
            try await stream.write(pattern(5000))
            try stream.shutdownOutput()
            let count = try await stream.readToEnd().count
            notes.note("\(number): \(count) at \(pair.simulation.now)")
          }
        }
        try await group.waitForAll()
      }
      listener.close()
      try await serving
    }
    return notes.all
  }

  @Test("The same program with the same seed runs the same way to the nanosecond")
  func determinism() throws {
    let first = try AsyncTimeTests.program(seed: 7)
    #expect(first.count == 20)
    #expect(try AsyncTimeTests.program(seed: 7) == first)
    #expect(try AsyncTimeTests.program(seed: 8) != first)
  }

  @Test("Threads and tasks share one time")
  func mixed() throws {
    try pair.simulation.run {
      let server = try pair.simulation.spawn("server") {
        guard let listener = try? ServerSocket(port: 80, on: pair.server), let socket = try? listener.accept(),
          let bytes = try? socket.inputStream.readToEnd()
        else { return }
        notes.note("\(bytes.count) octets")
        socket.close()
      }
      try pair.simulation.sleep(for: .milliseconds(1))
      try pair.simulation.runAsync {
        let stream = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client)
        try await stream.write(pattern(10_000))
        try stream.shutdownOutput()
        #expect(try await stream.read() == nil)
      }
      try server.join()
    }
    #expect(notes.all == ["10000 octets"])
  }

  @Test("A task that does not run in virtual time gets an error instead of a place in it")
  func unregistered() async throws {
    let error = await asyncSocketError {
      _ = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client)
    }
    #expect(error?.reason == .unregisteredThread)
    #expect(await asyncSocketError { try await pair.simulation.sleep(for: .zero) }?.reason == .unregisteredThread)
  }

  @Test("When all tasks wait for ever and nothing is left to happen, the waiting calls fail and say so")
  func deadlock() throws {
    try pair.simulation.runAsync {
      let listener = try TCPListener(port: 80, on: pair.server)
      async let other = asyncSocketError { _ = try await listener.accept() }
      #expect(await asyncSocketError { _ = try await listener.accept() }?.reason == .deadlock)
      #expect(await other?.reason == .deadlock)
    }
  }

  @Test("A task that waits for something else than time and network is waited for")
  func foreignWait() async throws {
    try await pair.simulation.runAsync {
      try await Task.sleep(for: .milliseconds(20))
      await Task.detached { notes.note("elsewhere") }.value
      try await pair.simulation.sleep(for: .seconds(1))
    }
    #expect(notes.all == ["elsewhere"])
    #expect(pair.simulation.now == .seconds(1))
  }

  @Test("A task that is no child runs elsewhere, where virtual time has no place for it")
  func noChild() async throws {
    try await pair.simulation.runAsync {
      let task = Task { await asyncSocketError { try await pair.simulation.sleep(for: .seconds(1)) } }
      #expect(await task.value?.reason == .unregisteredThread)
    }
  }

  @Test("An error of the body comes out")
  func failure() throws {
    struct Failure: Error {}
    #expect(throws: Failure.self) {
      try pair.simulation.runAsync {
        try await pair.simulation.sleep(for: .seconds(1))
        throw Failure()
      }
    }
  }
}
