import Foundation
import Synchronization

/// What a task costs that waits and does nothing else: no connection that a task waits for costs less.
enum BareTask {
  /// Measures it in a process of its own: in this one it would get memory that was used before.
  static func measured() throws -> Int {
    let output = Pipe()
    let process = Process()
    process.executableURL = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    process.arguments = ["floor"]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    guard let octets = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw CocoaError(.fileReadCorruptFile)
    }
    return octets
  }

  /// Tasks that wait.
  private final class Waiting: Sendable {
    private let tasks = Mutex<[UnsafeContinuation<Void, Never>]>([])

    init(capacity: Int) { tasks.withLock { $0.reserveCapacity(capacity) } }

    var count: Int { tasks.withLock { $0.count } }
    func add(_ task: UnsafeContinuation<Void, Never>) { tasks.withLock { $0.append(task) } }
    func resume() { for task in tasks.withLock({ $0 }) { task.resume() } }
  }

  /// Prints what each of `count` tasks takes that waits for a continuation.
  static func report(count: Int) async throws {
    let waiting = Waiting(capacity: count + 100)
    try await withThrowingTaskGroup(of: Void.self) { group in
      var before = 0
      for number in 1...count + 100 {
        group.addTask { await withUnsafeContinuation { waiting.add($0) } }
        guard number == 100 || number == count + 100 else { continue }
        while waiting.count < number { try await Task.sleep(for: .milliseconds(1)) }
        if number == 100 { before = try Idle.resident() }
      }
      print((try Idle.resident() - before) / count)
      waiting.resume()
    }
  }
}
