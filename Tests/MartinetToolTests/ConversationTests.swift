import Foundation
import Glibc
import MartinetTestSupport
import MartinetTool
import Testing

@Suite("Standard input and output at both ends of a connection", .serialized, .blocksThreads)
struct ConversationTests {
  /// A listener and who connects to it, each with its input.
  private final class Pair {
    let listener: Program
    let connector: Program
    let (listenerInput, connectorInput) = (Pipe(), Pipe())

    /// - Parameter folder: where what arrives is saved, as `listened` and `connected`.
    init(_ address: String = "10.77.0.1:9000", folder: Folder? = nil) throws {
      let port = try Program.freePort()
      listener = try Program(
        ["listen", "9000", "--link", "hub:127.0.0.1:\(port)"], input: listenerInput,
        outputFile: folder.map { $0.path + "/listened" })
      guard listener.waitForComplaint("listening on [fd77::1]:9000\n") else {
        throw Failure("the listener did not start: \(listener.standardError)")
      }
      connector = try Program(
        ["connect", address, "--link", "udp:127.0.0.1:\(port)"], input: connectorInput,
        outputFile: folder.map { $0.path + "/connected" })
    }

    func type(_ text: String, _ pipe: Pipe) throws {
      try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    }
  }

  private func octets(_ count: Int, seed: UInt64) -> Data {
    var octets = [UInt8](repeating: 0, count: count)
    var source = SeededOctets(seed: seed)
    octets.withUnsafeMutableBytes { source.fill($0) }
    return Data(octets)
  }

  /// Gives a program its whole input from a thread, which ends early where the program does.
  private func feed(_ data: Data, to pipe: Pipe) {
    Thread.detachNewThread {
      try? pipe.fileHandleForWriting.write(contentsOf: data)
      try? pipe.fileHandleForWriting.close()
    }
  }

  @Test("Any octets cross both ways at once", arguments: ["10.77.0.1:9000", "[fd77::1]:9000"])
  func bothWays(address: String) throws {
    let folder = try Folder()
    let pair = try Pair(address, folder: folder)
    let (there, back) = (octets(3_000_000, seed: 1), octets(2_000_000, seed: 2))
    feed(there, to: pair.connectorInput)
    feed(back, to: pair.listenerInput)
    #expect(pair.connector.status() == 0, "\(pair.connector.standardError)")
    #expect(pair.listener.status() == 0, "\(pair.listener.standardError)")
    #expect(folder.octets(of: "listened") == Array(there))
    #expect(folder.octets(of: "connected") == Array(back))
    #expect(pair.connector.standardError == "")
    #expect(pair.listener.standardError == "listening on 10.77.0.1:9000\nlistening on [fd77::1]:9000\n")
  }

  @Test("What is typed arrives while both go on, and the end of one side's input is not the end of the other's")
  func conversation() throws {
    let pair = try Pair()
    try pair.type("who is there?\n", pair.connectorInput)
    #expect(pair.listener.wait(for: "who is there?\n"))
    try pair.type("we are\n", pair.listenerInput)
    #expect(pair.connector.wait(for: "we are\n"))
    try pair.connectorInput.fileHandleForWriting.close()
    try pair.type("and still are\n", pair.listenerInput)
    #expect(pair.connector.wait(for: "we are\nand still are\n"))
    #expect(pair.connector.isRunning && pair.listener.isRunning)
    try pair.listenerInput.fileHandleForWriting.close()
    #expect(pair.connector.status(within: 15) == 0)
    #expect(pair.listener.status(within: 15) == 0)
  }

  @Test("A signal resets the connection and ends the program at once", arguments: [SIGINT, SIGTERM, SIGHUP])
  func signals(number: Int32) throws {
    let pair = try Pair()
    try pair.type("hello\n", pair.connectorInput)
    #expect(pair.listener.wait(for: "hello\n"))
    pair.connector.signal(number)
    #expect(pair.connector.status(within: 3) == 128 + number)
    #expect(pair.listener.status(within: 3) == 1)
    #expect(pair.listener.waitForComplaint("the peer reset the connection"))
    // Who hangs up does not read what we say.
    #expect(pair.connector.standardError.contains("ended by") == (number != SIGHUP))
  }

  @Test("A reader of standard output that goes away ends the connection in one line")
  func brokenPipe() throws {
    let port = try Program.freePort()
    let input = Pipe()
    let listener = try Program(["listen", "9000", "--link", "hub:127.0.0.1:\(port)"], input: input)
    #expect(listener.waitForComplaint("listening on [fd77::1]:9000\n"))
    let command = "'\(try Program.path)' connect 10.77.0.1:9000 --link udp:127.0.0.1:\(port) | true"
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/bash")
    let complaints = Pipe()
    shell.arguments = ["-c", "set -o pipefail; \(command)"]
    shell.standardInput = Pipe()
    shell.standardError = complaints
    try shell.run()
    feed(octets(500_000, seed: 3), to: input)
    #expect(Program.wait(seconds: 15) { !shell.isRunning })
    let said = String(decoding: complaints.fileHandleForReading.availableData, as: UTF8.self)
    #expect(said == "martinet: standard output: broken pipe\n")
    #expect(listener.status(within: 3) == 1)
  }

  @Test("Where nobody listens is one line")
  func refused() throws {
    let port = try Program.freePort()
    let listener = try Program(["listen", "9000", "--link", "hub:127.0.0.1:\(port)"])
    #expect(listener.waitForComplaint("listening on [fd77::1]:9000\n"))
    let connector = try Program(["connect", "10.77.0.1:9001", "--link", "udp:127.0.0.1:\(port)"])
    #expect(connector.status(within: 15) == 1)
    #expect(connector.waitForComplaint("connection refused\n"))
    #expect(connector.standardError == "martinet: connect 10.77.0.1:9001: connection refused\n")
    listener.signal(SIGTERM)
    #expect(listener.status(within: 3) == 128 + SIGTERM)
  }
}
