import ArgumentParser
import Crypto
import Foundation
import Martinet

/// One TCP connection of a stack of ours, told what to do by the kernel-interop tests; it reports as the kernel's peer there does, as JSON.
@main
struct InteropPeer: ParsableCommand {
  enum Role: String, ExpressibleByArgument {
    case connect
    case listen
    /// Answers HTTP requests until it is killed.
    case serve
    /// Passes connections on to ``onwardPort`` of the loopback address until it is killed.
    case forward
    /// Connects three times and sends its request before it knows whether anybody is there, with the SYN where that is allowed.
    case ask
    /// Has many connections at once on a stack of several shards.
    case crowd
    /// Asks for connections at a port that refuses them, from a stack of several shards.
    case knock
  }
  enum End: String, ExpressibleByArgument {
    /// Ends the output, then reads to the end.
    case halfClose = "half-close"
    /// Closes at once.
    case close
    /// Resets at once.
    case reset
    /// Reads to the end, then ends the output.
    case wait
    /// Reads to the end, then sends, then ends the output.
    case answer
  }

  @Argument var role: Role
  @Argument var address: String
  @Argument var port: Int
  @Option(name: .customLong("link")) var linkText: String
  @Option(name: .customLong("address")) var addressTexts: [String]
  @Option var capture: String?
  @Option var send: String?
  /// Sends and receives at the same time; goes with the half-close end.
  @Flag var duplex = false
  /// The octets of the file after which an urgent octet of value 33 is sent.
  @Option var urgentAfter: Int?
  @Flag var urgentInline = false
  @Option var localPort: UInt16?
  @Option var receiveBuffer: Int?
  /// off, answer, askClassic or ask.
  @Option var ecn: String?
  @Option var discovery: String?
  /// The first octets may go with the SYN.
  @Flag var fastOpen = false
  @Option var pause = 0.0
  @Option var piece = 1 << 16
  @Option var nap = 0.0
  @Option var end = End.halfClose
  /// Seconds before the end begins.
  @Option var delay = 0.0
  @Option var stay = 0.0
  /// Seconds from the beginning in which nothing that arrives is read.
  @Option var deaf = 0.0
  /// Seconds before the connection is opened.
  @Option var openAfter = 0.0
  /// Seconds after the connection is established in which nothing that arrives is read.
  @Option var hold = 0.0
  /// Seconds that may pass at the end until everything is acknowledged.
  @Option var patience = 10.0
  @OptionGroup var impairments: ImpairmentOptions
  @Option var onwardPort: UInt16 = 0
  @Option var onwardAddress: String?
  /// The shards of the stack, and the connections each way, of a crowd.
  @Option var shards = 2
  @Option var count = 0
  /// The most octets of packets that wait for a shard which has to get them from another.
  @Option var handover: Int?
  @OptionGroup var liveness: LivenessOptions

  struct Report: Encodable {
    var received = 0
    var sha256 = ""
    var sent = 0
    var error: String?
    var seconds = 0.0
    var state: String?
    /// The longest time between two reads that brought something, in seconds.
    var longestGap = 0.0
    /// The time between the last octets that came and what ended the reading, in seconds.
    var silence = 0.0
    /// The payload octets of a full segment, at the end.
    var segment: Int?
    /// How often segments became smaller because large ones vanished.
    var blackHoles: Int?
    /// The form of ECN that was agreed to, and the marks that came and that the peer told of.
    var ecn: String?
    var marksReceived: UInt64?
    var marksReported: UInt64?
    var wire: ImpairmentOptions.Report?
  }

  func run() throws {
    let specification = try LinkSpecification(parsing: linkText)
    if role == .crowd || role == .knock { return try runShards(over: specification) }
    var link = try specification.open()
    if let capture { link = try CapturedLink(link, path: capture) }
    let impaired = try impairments.impair(link)
    if let impaired { link = impaired }
    let holding = HoldingLink(link)
    let addresses = addressTexts.compactMap { IPPrefix(parsing: $0) }
    let stack = try NetworkStack([LinkAttachment(holding, addresses: addresses)])
    if deaf > 0 { holding.hold(seconds: deaf) }
    say("ready")
    if role == .serve || role == .forward { try serve(on: stack) }
    Thread.sleep(forTimeInterval: openAfter)
    var report = Report()
    let begin = Date()
    do {
      if role == .ask { try ask(on: stack, &report) } else { try converse(on: stack, holding, &report) }
    } catch let error as SocketError {
      if case .reset = error.reason { report.error = "reset" } else { report.error = "\(error)" }
    }
    if try !stack.shutdown(within: .seconds(patience)) && report.error == nil { report.error = "unacknowledged" }
    link.close()
    report.seconds = Date().timeIntervalSince(begin)
    report.wire = impaired.map(ImpairmentOptions.Report.init)
    say(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
  }

  func say(_ line: String) { InteropPeer.say(line) }

  static func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  /// Gives each connection a thread.
  private func serve(on stack: NetworkStack) throws -> Never {
    let content = try send.map { try Data(contentsOf: URL(filePath: $0)) } ?? Data()
    let (web, forwarder) = (WebServer(content: content), Forwarder(port: onwardPort))
    let isWeb = role == .serve
    var options = SocketOptions()
    options.fastOpen = fastOpen
    let server = try ServerSocket(port: port, address: nil, on: stack, options: options)
    say("listening")
    while true {
      let socket = try server.accept()
      Thread.detachNewThread {
        do {
          try isWeb ? web.serve(socket) : forwarder.serve(socket)
        } catch {
          socket.abort()
        }
      }
    }
  }
}
