import Foundation
import Glibc
import MartinetTestSupport
import MartinetTool
import Testing

@Suite("Sending and receiving between processes", .serialized, .blocksThreads)
struct TransferTests {
  /// A receiver that is ready, and what a sender needs to find it.
  private final class Inbox {
    let folder: Folder
    let receiver: Program
    let link: String

    init(_ arguments: String...) throws {
      folder = try Folder()
      let port = try Program.freePort()
      link = "udp:127.0.0.1:\(port)"
      receiver = try Program(["receive", folder.path, "--link", "hub:127.0.0.1:\(port)"] + arguments)
      guard receiver.wait(for: "listening on 10.77.0.1:9000\n") else {
        throw Failure("the receiver did not start: \(receiver.standardError)")
      }
    }

    func send(_ path: String, to address: String = "10.77.0.1:9000") throws -> Program {
      try Program(["send", path, address, "--link", link])
    }

    var visible: [String] { folder.names.filter { !$0.hasPrefix(".") } }
    var hidden: [String] { folder.names.filter { $0.hasPrefix(".") } }
  }

  private func octets(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: count)
    var source = SeededOctets(seed: seed)
    octets.withUnsafeMutableBytes { source.fill($0) }
    return octets
  }

  @Test("A file arrives whole, over IPv4 and IPv6", arguments: ["10.77.0.1:9000", "[fd77::1]:9000"])
  func crosses(address: String) throws {
    let source = try Folder()
    let inbox = try Inbox("--limit", "1")
    source.write("photo", octets(3_000_000))
    let sender = try inbox.send(source.path + "/photo", to: address)
    #expect(sender.status() == 0, "\(sender.standardError)")
    #expect(inbox.visible.count == 1)
    #expect(inbox.receiver.status(within: 15) == 0)
    #expect(inbox.folder.octets(of: try #require(inbox.visible.first)) == octets(3_000_000))
    #expect(inbox.hidden == [])
  }

  @Test("An empty file arrives as an empty file")
  func empty() throws {
    let inbox = try Inbox("--limit", "1")
    let sender = try inbox.send("/dev/null")
    #expect(sender.status() == 0, "\(sender.standardError)")
    #expect(inbox.receiver.status(within: 15) == 0)
    #expect(inbox.visible.count == 1)
  }

  @Test("Four senders at once are four whole files")
  func four() throws {
    let source = try Folder()
    let inbox = try Inbox("--limit", "4")
    let contents = (1...4).map { octets(1_000_000 + $0 * 1000, seed: UInt64($0)) }
    var senders: [Program] = []
    for (number, content) in contents.enumerated() {
      source.write("\(number)", content)
      senders.append(try inbox.send(source.path + "/\(number)"))
    }
    for sender in senders { #expect(sender.status() == 0, "\(sender.standardError)") }
    #expect(inbox.receiver.status(within: 15) == 0)
    let saved = inbox.visible.map { inbox.folder.octets(of: $0) }
    #expect(saved.count == 4)
    for content in contents { #expect(saved.contains(content)) }
  }

  @Test("A sender that ends half-way leaves no file, and the next one succeeds", arguments: [SIGTERM, SIGINT, SIGKILL])
  func halfWay(signal: Int32) throws {
    let source = try Folder()
    let inbox = try Inbox("--limit", "1", "--idle-timeout", "3")
    mkfifo(source.path + "/pipe", 0o600)
    let half = try inbox.send(source.path + "/pipe")
    let pipe = try FileHandle(forWritingTo: URL(filePath: source.path + "/pipe"))
    try pipe.write(contentsOf: Data(octets(500_000)))
    #expect(
      Program.wait(seconds: 20) { inbox.hidden.count == 1 && inbox.folder.octets(of: inbox.hidden[0]).count > 200_000 })
    half.signal(signal)
    #expect(half.status(within: 3) == 128 + signal)
    // A signal resets the connection; a process that is killed says nothing, and silence has its limit.
    #expect(Program.wait(seconds: signal == SIGKILL ? 15 : 3) { inbox.folder.names.isEmpty })
    #expect(inbox.receiver.isRunning)
    source.write("whole", octets(200_000))
    let next = try inbox.send(source.path + "/whole")
    #expect(next.status() == 0, "\(next.standardError)")
    #expect(inbox.receiver.status(within: 15) == 0)
    #expect(inbox.visible.count == 1)
    #expect(inbox.folder.octets(of: try #require(inbox.visible.first)) == octets(200_000))
    try pipe.close()
  }

  @Test("A receiver that a signal ends removes what is not whole and resets the sender", arguments: [SIGTERM, SIGINT])
  func receiverEnds(signal: Int32) throws {
    let source = try Folder()
    let inbox = try Inbox()
    mkfifo(source.path + "/pipe", 0o600)
    let sender = try inbox.send(source.path + "/pipe")
    let pipe = try FileHandle(forWritingTo: URL(filePath: source.path + "/pipe"))
    try pipe.write(contentsOf: Data(octets(300_000)))
    #expect(Program.wait(seconds: 20) { inbox.hidden.count == 1 && !inbox.folder.octets(of: inbox.hidden[0]).isEmpty })
    inbox.receiver.signal(signal)
    #expect(inbox.receiver.status(within: 3) == 128 + signal)
    #expect(inbox.folder.names == [])
    // The sender may be gone before it reads this.
    try? pipe.write(contentsOf: Data(octets(300_000)))
    try? pipe.close()
    #expect(sender.status() == 1)
    #expect(sender.standardError.contains("reset"), "\(sender.standardError)")
  }

  @Test("A client that falls silent is given up, and nothing of it is kept")
  func silence() throws {
    let source = try Folder()
    let inbox = try Inbox("--idle-timeout", "1")
    mkfifo(source.path + "/pipe", 0o600)
    let sender = try inbox.send(source.path + "/pipe")
    let pipe = try FileHandle(forWritingTo: URL(filePath: source.path + "/pipe"))
    try pipe.write(contentsOf: Data(octets(100_000)))
    #expect(Program.wait(seconds: 20) { inbox.receiver.standardError.contains("nothing saved: timed out") })
    #expect(Program.wait(seconds: 5) { inbox.folder.names.isEmpty })
    try pipe.close()
    #expect(sender.status() == 1)
  }

  @Test("When nobody comes for the accept timeout, the receiver ends well")
  func acceptTimeout() throws {
    let inbox = try Inbox("--accept-timeout", "1")
    #expect(inbox.receiver.status(within: 15) == 0)
  }
}
