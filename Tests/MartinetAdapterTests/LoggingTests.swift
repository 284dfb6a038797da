import Logging
import Martinet
import MartinetLogging
import Synchronization
import Testing

/// Keeps what is logged.
final class Memory: Sendable {
  struct Line: Sendable {
    var level: Logger.Level
    var text: String
    var connection: String
  }
  private let lines = Mutex<[Line]>([])
  var all: [Line] { lines.withLock { $0 } }
  func add(_ line: Line) { lines.withLock { $0.append(line) } }
}

struct MemoryHandler: LogHandler {
  let memory: Memory
  var logLevel = Logger.Level.trace
  var metadata: Logger.Metadata = [:]
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    memory.add(
      Memory.Line(
        level: event.level, text: "\(event.message)", connection: "\(event.metadata?["connection"] ?? "")"))
  }
}

@Suite("The logging adapter")
struct LoggingTests {
  @Test("tells the life of a connection, with the causes")
  func life() throws {
    let memory = Memory()
    let logger = Logger(label: "test", factory: { _ in MemoryHandler(memory: memory) })
    try Exchange().run(loggingTo: logger)
    let texts = memory.all.map(\.text)
    #expect(texts.contains { $0.hasPrefix("active open, 10.0.0.1:") && $0.hasSuffix("to 10.0.0.2:80") })
    #expect(texts.contains { $0.hasPrefix("sent SYN seq") && $0.hasSuffix("opening handshake") })
    #expect(texts.contains("SYN-SENT to ESTABLISHED: SYN,ACK arrives"))
    #expect(memory.all.contains { $0.level == .info && $0.text.hasPrefix("ended: ") })
    #expect(Set(memory.all.map(\.connection)).count == 1)
  }

  @Test("shows a peer that vanishes as a warning")
  func warning() throws {
    let memory = Memory()
    let logger = Logger(
      label: "test",
      factory: { _ in
        var handler = MemoryHandler(memory: memory)
        handler.logLevel = .warning
        return handler
      })
    try Exchange(cuts: true).run(loggingTo: logger)
    let texts = memory.all.map(\.text)
    #expect(texts.count == 2, "\(texts)")
    #expect(texts.first?.hasPrefix("warning: no acknowledgement of ") == true)
    #expect(texts.last?.hasPrefix("ended: no acknowledgement of ") == true)
  }
}
