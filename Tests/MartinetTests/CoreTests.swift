import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

@Suite("The non-blocking core under the sockets")
struct CoreTests {
  let pair = VirtualPair()
  let remote = Endpoint(VirtualPair.serverAddress, 80)

  @Test("Readiness is told once, and code that is told may call the core at once")
  func oneShot() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let core = pair.client.core
      let handle = try core.connect(to: remote, from: nil, options: ConnectionOptions())
      let notes = Notebook()
      let connected = CallbackWaiter { notes.note("connected") }
      guard case .pending = try core.connectProgress(of: handle, otherwise: connected) else {
        Issue.record("the handshake takes no time")
        return
      }
      let server = try listener.accept()
      try pair.simulation.sleep(for: .milliseconds(50))
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 1)
      defer { buffer.deallocate() }
      let target = SendableBuffer(buffer)
      let readable = CallbackWaiter {
        let received = try? core.receive(into: target.bytes, from: handle, otherwise: nil)
        notes.note("received \(received.map { "\($0)" } ?? "an error")")
      }
      #expect(try core.receive(into: buffer, from: handle, otherwise: readable) == .nothingYet)
      try server.outputStream.write([1, 2, 3])
      try pair.simulation.sleep(for: .milliseconds(50))
      try server.outputStream.write([4, 5])
      try pair.simulation.sleep(for: .milliseconds(50))
      #expect(notes.all == ["connected", "received bytes(3)"])
      #expect(try core.receive(into: buffer, from: handle, otherwise: nil) == .bytes(2))
      core.abort(handle)
    }
  }

  @Test("A registration that was cancelled is never told")
  func cancelled() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let handle = try pair.client.core.connect(to: remote, from: nil, options: ConnectionOptions())
      let server = try listener.accept()
      let notes = Notebook()
      let waiter = CallbackWaiter { notes.note("told") }
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
      defer { buffer.deallocate() }
      #expect(try pair.client.core.receive(into: buffer, from: handle, otherwise: waiter) == .nothingYet)
      #expect(pair.client.core.cancel(waiter, of: .input, on: handle))
      #expect(!pair.client.core.cancel(waiter, of: .input, on: handle))
      try server.outputStream.write([1])
      try pair.simulation.sleep(for: .seconds(1))
      #expect(notes.all.isEmpty)
      pair.client.core.abort(handle)
    }
  }

  @Test("Closed connections leave no page behind, in whatever order they were closed", .proves("JS-48"))
  func noLeak() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      for round in 0..<12 {
        let client = try Socket(to: remote, on: pair.client)
        let server = try listener.accept()
        try client.outputStream.write(pattern(20_000))
        try server.outputStream.write(pattern(20_000))
        if round % 3 == 0 { _ = try client.inputStream.read(exactly: 10_000) }
        let ends = round % 2 == 0 ? [client, server] : [server, client]
        for socket in ends {
          switch round % 4 {
          case 0: socket.close()
          case 1: socket.abort()
          case 2: try? socket.shutdownOutput()
          default: try? socket.shutdownInput()
          }
          try pair.simulation.sleep(for: .milliseconds(round))
        }
        client.close()
        server.close()
      }
      listener.close()
      try pair.simulation.sleep(for: .seconds(300))
      #expect(pair.client.core.pagesInUse == 0)
      #expect(pair.server.core.pagesInUse == 0)
    }
  }
}

/// A buffer whose users take turns.
private struct SendableBuffer: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer
  init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }
}
