import ArgumentParser
import Foundation
import Martinet
import MartinetSMPP
import Synchronization

/// A session of SMPP on a stack of ours, for the tests that talk to Python's libraries; it reports as JSON.
@main
struct InteropSMPP: ParsableCommand {
  enum Role: String, ExpressibleByArgument {
    /// A message centre: each message is delivered back to its program with its addresses exchanged.
    case serve
    /// A program: it submits messages, the window full at once, and takes as many deliveries.
    case submit
  }

  @Argument var role: Role
  @Argument var address: String
  @Argument var port: Int
  @Option(name: .customLong("link")) var linkText: String
  @Option(name: .customLong("address")) var addressTexts: [String]
  @Option var kind = "transceiver"
  @Option var password = "secret"
  @Option var count = 20
  @Option var deliveries = 0
  /// Seconds between the last answer and the unbinding, in which only enquire_link is spoken.
  @Option var idle = 0.0
  @Option var enquire = 30.0
  @Option var bound = 75.0

  struct Report: Encodable {
    var messageIDs: [String] = []
    var messages: [String] = []
    var enquireLinksSent: UInt64 = 0
    var enquireLinksReceived: UInt64 = 0
    var malformed: UInt64 = 0
    var error: String?
    /// Why the session ended.
    var end: String?
    var seconds = 0.0
  }

  private var configuration: SMPPConfiguration {
    var configuration = SMPPConfiguration()
    configuration.enquireLinkInterval = .seconds(enquire)
    configuration.enquireLinkBound = .seconds(bound)
    return configuration
  }

  func run() throws {
    let link = try LinkSpecification(parsing: linkText).open()
    let addresses = addressTexts.compactMap { IPPrefix(parsing: $0) }
    let stack = try NetworkStack([LinkAttachment(link, addresses: addresses)])
    let report: Report
    switch role {
    case .serve: report = try serve(on: stack)
    case .submit: report = submit(on: stack)
    }
    let isQuiet = try stack.shutdown(within: .seconds(10))
    link.close()
    var last = report
    if !isQuiet && last.error == nil { last.error = "unacknowledged" }
    say(String(decoding: try JSONEncoder().encode(last), as: UTF8.self))
  }

  private func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  private func note(_ connection: SMPPConnection, in report: inout Report) throws(SMPPError) {
    try connection.waitUntilClosed()
    report.end = connection.end.map { "\($0)" }
    report.enquireLinksSent = connection.statistics.enquireLinksSent
    report.enquireLinksReceived = connection.statistics.enquireLinksReceived
    report.malformed = connection.statistics.malformed
  }

  /// Serves one program that is let in to its end.
  private func serve(on stack: NetworkStack) throws -> Report {
    let password = password
    let server = try SMPPServer(port: port, on: stack, configuration: configuration) { bind in
      bind.systemID != "bird" ? .invalidSystemID : bind.password == password ? .ok : .invalidPassword
    }
    say("listening")
    while true {
      let session = try server.accept()
      let messages = Mutex<[SMPPMessage]>([])
      let failure = Mutex<String?>(nil)
      let delivering = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        do { try deliver(to: session) } catch { failure.withLock { $0 = "\(error)" } }
        delivering.signal()
      }
      _ = session.serve { request in
        guard case .submit(let message) = request.body else { return .refused(.invalidCommand) }
        let number = messages.withLock { messages in
          messages.append(message)
          return messages.count
        }
        // Nobody waits for the program's answer: its thread may be the one that waits for ours.
        if session.state != .boundTransmitter {
          do throws(SMPPError) {
            _ = try session.begin(.deliver(SMPPMessage(from: message.destination, to: message.source, message.payload)))
          } catch {
            return .refused(.deliveryFailure)
          }
        }
        return .accepted("m\(number)")
      }
      delivering.wait()
      var report = Report()
      report.error = failure.withLock { $0 }
      try note(session, in: &report)
      if case .bindRefused = session.end { continue }
      var reassembly = SMPPReassembly()
      report.messages = messages.withLock { $0.compactMap { reassembly.add($0, at: .zero)?.words } }
      server.close()
      return report
    }
  }

  /// Delivers to a program that only receives as many messages as it is told to, the last one in parts.
  private func deliver(to session: SMPPConnection) throws {
    while session.state == .open { try session.socket.stack.sleep(for: .milliseconds(10)) }
    guard session.state == .boundReceiver, deliveries > 0 else { return }
    let (source, destination) = (SMPPAddress("33612345678", ton: 1, npi: 1), SMPPAddress("1000", ton: 1, npi: 1))
    for number in 0..<deliveries {
      let words = number == deliveries - 1 ? String(repeating: "été ", count: 50) : "message \(number)"
      let message = SMPPMessage(from: source, to: destination, saying: words)
      for part in try message.segmented(reference: 9) { try session.request(.deliver(part)) }
    }
  }

  private func submit(on stack: NetworkStack) -> Report {
    var report = Report()
    let begin = Date()
    do throws(SMPPError) {
      let client = try SMPPClient(
        host: address, port: port, on: stack, configuration: configuration, timeout: .seconds(20))
      do throws(SMPPError) {
        try converse(client, &report)
      } catch {
        report.error = "\(error)"
        client.close()
      }
      try note(client.connection, in: &report)
    } catch {
      report.error = report.error ?? "\(error)"
    }
    report.seconds = Date().timeIntervalSince(begin)
    return report
  }

  private func converse(_ client: SMPPClient, _ report: inout Report) throws(SMPPError) {
    let kinds = ["transmitter": SMPPClient.Kind.transmitter, "receiver": .receiver]
    try client.bind(kinds[kind] ?? .transceiver, as: SMPPBind("bird", password: password))
    say("bound")
    var pending: [SMPPPendingRequest] = []
    for number in 0..<count {
      let message = SMPPMessage(
        from: SMPPAddress("1000", ton: 1, npi: 1), to: SMPPAddress("33612345678", ton: 1, npi: 1),
        Array("message \(number)".utf8))
      pending.append(try client.beginSubmitting(message))
    }
    for request in pending { report.messageIDs.append(try request.messageID()) }
    for _ in 0..<deliveries {
      guard let message = try client.receive(within: .seconds(20)) else { break }
      report.messages.append(String(decoding: message.payload, as: UTF8.self))
    }
    if idle > 0 { _ = try client.receive(within: .seconds(idle)) }
    try client.unbind()
  }
}
