import Foundation
import Glibc
import MartinetTool
import Testing

@Suite("echo, discard and chargen", .serialized)
struct ServeTests {
  /// A service, and the port of its tunnel.
  private final class Served {
    let program: Program
    let tunnel: UInt16
    let port: Int

    init(_ service: String, port: Int, _ options: String...) throws {
      tunnel = try Program.freePort()
      self.port = port
      program = try Program(["serve", service, "--link", "hub:127.0.0.1:\(tunnel)"] + options)
      guard program.wait(for: "listening on 10.77.0.1:\(port)\nlistening on [fd77::1]:\(port)\n") else {
        throw Failure("the service did not start: \(program.standardError)")
      }
    }

    func connect(input: Pipe? = nil, outputFile: String? = nil) throws -> Program {
      try Program(
        ["connect", "10.77.0.1:\(port)", "--link", "udp:127.0.0.1:\(tunnel)"], input: input, outputFile: outputFile)
    }
  }

  private func octets(_ count: Int, seed: UInt64) -> Data {
    var octets = [UInt8](repeating: 0, count: count)
    var source = SeededOctets(seed: seed)
    octets.withUnsafeMutableBytes { source.fill($0) }
    return Data(octets)
  }

  private func feed(_ data: Data, to pipe: Pipe) {
    Thread.detachNewThread {
      try? pipe.fileHandleForWriting.write(contentsOf: data)
      try? pipe.fileHandleForWriting.close()
    }
  }

  @Test("Echo sends back every octet and closes when the peer does, for many at once (RFC 862)")
  func echo() throws {
    let served = try Served("echo", port: 7)
    let folder = try Folder()
    var clients: [(program: Program, input: Pipe)] = []
    for number in 0..<6 {
      let input = Pipe()
      clients.append((try served.connect(input: input, outputFile: "\(folder.path)/\(number)"), input))
    }
    // All are open before the first one says its last word.
    for client in clients { try client.input.fileHandleForWriting.write(contentsOf: Data("hello\n".utf8)) }
    let areAnswered = Program.wait(seconds: 30) {
      (0..<6).allSatisfy { folder.octets(of: "\($0)") == Array("hello\n".utf8) }
    }
    #expect(areAnswered)
    for (number, client) in clients.enumerated() { feed(octets(400_000, seed: UInt64(number)), to: client.input) }
    for (number, client) in clients.enumerated() {
      #expect(client.program.status() == 0, "\(client.program.standardError)")
      let expected = Data("hello\n".utf8) + octets(400_000, seed: UInt64(number))
      #expect(folder.octets(of: "\(number)") == Array(expected))
    }
    #expect(served.program.standardError == "")
  }

  @Test(
    "It serves with threads that look for long before they sleep, and with threads that sleep at once",
    arguments: ["1000", "0"])
  func spinning(limit: String) throws {
    let served = try Served("echo", port: 7, "--spin", limit)
    let folder = try Folder()
    let input = Pipe()
    let client = try served.connect(input: input, outputFile: "\(folder.path)/echo")
    let sent = octets(300_000, seed: 3)
    feed(sent, to: input)
    #expect(client.status() == 0, "\(client.standardError)")
    #expect(folder.octets(of: "echo") == Array(sent))
  }

  @Test("Discard takes everything, says nothing and closes when the peer does (RFC 863)", arguments: ["reno", "cubic"])
  func discard(congestion: String) throws {
    let served = try Served("discard", port: 9009, "--port", "9009", "--congestion", congestion)
    let input = Pipe()
    let client = try served.connect(input: input)
    feed(octets(3_000_000, seed: 1), to: input)
    #expect(client.status() == 0, "\(client.standardError)")
    #expect(client.standardOutput == "")
    #expect(served.program.isRunning)
  }

  @Test("Chargen sends lines of 72 characters, each a character further, until nobody takes them (RFC 864)")
  func chargen() throws {
    let served = try Served("chargen", port: 19)
    let folder = try Folder()
    let input = Pipe()
    let client = try served.connect(input: input, outputFile: "\(folder.path)/lines")
    feed(octets(2_000_000, seed: 1), to: input)
    #expect(Program.wait(seconds: 30) { folder.octets(of: "lines").count > 1_000_000 })
    client.signal(SIGTERM)
    #expect(client.status(within: 3) == 128 + SIGTERM)
    let lines = folder.octets(of: "lines").split(separator: 10, omittingEmptySubsequences: false).dropLast()
    #expect(lines.count > 1_000_000 / 74)
    for (number, line) in lines.enumerated() {
      let expected = (0..<72).map { UInt8(32 + (number + $0) % 95) } + [13]
      guard line.elementsEqual(expected) else {
        Issue.record("line \(number) is \(String(decoding: line, as: UTF8.self))")
        break
      }
    }
    // The reset of the client ends its connection and nothing else.
    let next = try served.connect(outputFile: "\(folder.path)/more")
    #expect(Program.wait(seconds: 30) { folder.octets(of: "more").count > 100_000 })
    next.signal(SIGTERM)
    served.program.signal(SIGTERM)
    #expect(served.program.status(within: 3) == 128 + SIGTERM)
    #expect(served.program.standardError == "martinet: ended by SIGTERM: open connections are reset\n")
  }
}
