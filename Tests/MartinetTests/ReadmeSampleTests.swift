import Foundation
import Martinet
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

@Suite("The README")
struct ReadmeSampleTests {
  @Test("The sample does what the README says")
  func sample() throws {
    let printed = Mutex<[String]>([])
    @Sendable func print(_ text: String) { printed.withLock { $0.append(text) } }
    // The README's sample begins here.
    var network = Network(seed: 1)
    let (left, right) = (network.addHost(), network.addHost())
    let wire = WireDescription(Impairment(rate: 10_000_000, delay: .milliseconds(20), loss: .percent(10)))
    network.connect(left, [IPPrefix(TestAddress.v4(1), 24)], right, [IPPrefix(TestAddress.v4(2), 24)], by: wire)
    let simulation = Simulation(network)
    try simulation.run {
      let listener = try ServerSocket(port: 80, on: simulation.stack(of: right))
      try simulation.spawn("client") {
        let socket = try? Socket(host: "10.0.0.2", port: 80, on: simulation.stack(of: left))
        try? socket?.outputStream.write("bonjour".utf8)
        socket?.close()
      }
      let bytes = try listener.accept().inputStream.read(upTo: 100) ?? []
      print("\(String(decoding: bytes, as: UTF8.self)) after \(simulation.now)")
    }
    // The README's sample ends here.
    #expect(printed.withLock { $0 }.first?.hasPrefix("bonjour after 0.") == true)
  }

  @Test("The async sample answers each of many clients, and ends with its listener")
  func tasks() throws {
    let pair = VirtualPair()
    let (client, server) = (pair.client, pair.server)
    let notes = Notebook()
    try pair.simulation.runAsync {
      let listener = try TCPListener(port: 7, on: server)
      async let serving: Void = ReadmeSampleTests.answerAll(listener) { notes.note($0) }
      for number in UInt8(1)...5 {
        let stream = try await TCPStream.connect(host: "10.0.0.2", port: 7, on: client)
        try await stream.write([number])
        #expect(try await stream.read() == [number])
        if number == 3 { stream.abort() }
        stream.close()
      }
      try await pair.simulation.sleep(for: .seconds(1))
      listener.close()
      try await serving
    }
    #expect(notes.all.count == 1 && notes.all.first?.contains("reset") == true)
  }

  private static func answerAll(_ listener: TCPListener, print: @escaping @Sendable (String) -> Void) async throws {
    // The README's tasks begins here.
    try await withThrowingDiscardingTaskGroup { group in
      for try await stream in listener.connections {
        group.addTask {
          do {
            for try await chunk in stream.chunks { try await stream.write(chunk) }
            stream.close()
          } catch {
            print("\(stream): \(error)")
          }
        }
      }
    }
    // The README's tasks ends here.
  }

  @Test("The sample without copies sends two buffers as one segment, and reads them where they lie")
  func lending() throws {
    let pair = VirtualPair()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      let (header, body) = ([UInt8](repeating: 1, count: 20), [UInt8](repeating: 2, count: 300))
      var hasher = Hasher()
      let (sent, read) = try ReadmeSampleTests.lend(client.outputStream, server.inputStream, header, body, &hasher)
      var expected = Hasher()
      (header + body).withUnsafeBytes { expected.combine(bytes: $0) }
      #expect(sent == 100 && read == 320 && hasher.finalize() == expected.finalize())
    }
  }

  private static func lend(
    _ output: SocketOutputStream, _ input: SocketInputStream, _ header: [UInt8], _ body: [UInt8],
    _ hasher: inout Hasher
  ) throws -> (sent: Int, read: Int?) {
    // The README's lending begins here.
    try output.write(contentsOf: [header, body])  // leaves as if it were one
    let sent = try output.write(upTo: 4096) { room in room.append(repeating: 0, count: 100, as: UInt8.self) }
    let read = try input.read(upTo: 4096) { octets in octets.withUnsafeBytes { hasher.combine(bytes: $0) } }
    // The README's lending ends here.
    return (sent, read)
  }

  @Test("The bound on silence is set as the README says")
  func bound() {
    // The README's bound begins here.
    var options = SocketOptions()
    options.deadPeerBound = .seconds(60)  // silent for half of it: probed; for all of it: over
    // The README's bound ends here.
    #expect(options.deadPeerBound == .seconds(60))
  }

  @Test(
    "The README shows the samples that are compiled here",
    arguments: [
      ("sample", "import Martinet\n\n"), ("tasks", "let listener = try TCPListener(port: 7, on: stack)\n"),
      ("bound", ""), ("lending", ""),
    ])
  func sameText(name: String, before: String) throws {
    let test = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    let start = try #require(test.firstRange(of: "// The README's \(name) begins here.\n"))
    let end = try #require(test.firstRange(of: "    // The README's \(name) ends here."))
    let sample = test[start.upperBound..<end.lowerBound]
      .split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(4) }.joined(separator: "\n")
    let readme = try String(contentsOf: RequirementTable.root.appending(path: "README.md"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(before)\(sample)```"))
  }
}
