import ArgumentParser
import Foundation
import Martinet

/// What the end does against a peer that is gone. Times are in seconds; nothing is set without an option.
struct LivenessOptions: ParsableArguments {
  @Option var deadPeerBound: Double?
  @Option var readTimeout: Double?
  @Option var userTimeout: Double?
  /// Turns keep-alive on; the pause between two probes is a third of it, and three unanswered ones are the end.
  @Option var keepAliveIdle: Double?
  /// Prints each warning of the stack as it comes.
  @Flag var warnings = false
  /// Writes a line once this file exists.
  @Option var writeWhen: String?

  func apply(to options: inout SocketOptions) {
    options.deadPeerBound = deadPeerBound.map { .seconds($0) }
    options.readTimeout = readTimeout.map { .seconds($0) }
    options.userTimeout = userTimeout.map { .seconds($0) }
    guard let keepAliveIdle else { return }
    options.keepAlive = true
    options.keepAliveIdle = .seconds(keepAliveIdle)
    options.keepAliveInterval = .seconds(keepAliveIdle / 3)
    options.keepAliveCount = 3
  }

  /// Starts the threads that go with the options.
  func watch(_ socket: Socket, say: @escaping @Sendable (String) -> Void) {
    if warnings {
      Thread.detachNewThread {
        while let warning = try? socket.nextWarning() { say("warning: \(warning)") }
      }
    }
    if let writeWhen {
      Thread.detachNewThread {
        while !FileManager.default.fileExists(atPath: writeWhen) { Thread.sleep(forTimeInterval: 0.01) }
        do {
          try socket.outputStream.write("news\n".utf8)
          say("written")
        } catch {
          say("not written: \(error)")
        }
      }
    }
  }
}
