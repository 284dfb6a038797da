import Foundation

/// What a run counted. libFuzzer calls a target from one thread.
enum Tally {
  nonisolated(unsafe) static var inputs = 0
  /// Inputs that got past the front door: a parser that took them, a segment that was accepted.
  nonisolated(unsafe) static var accepted = 0

  static func print() {
    let percent = inputs == 0 ? 0 : accepted * 100 / inputs
    FileHandle.standardError.write(Data("\(Target.name): \(inputs) inputs, \(percent) % \(Target.accepted)\n".utf8))
  }
}

/// Whether an input's conversation is written to standard error: set FUZZ_LOG to see what a crash did.
let logsConversation = ProcessInfo.processInfo.environment["FUZZ_LOG"] != nil

func log(_ text: @autoclosure () -> String) {
  guard logsConversation else { return }
  FileHandle.standardError.write(Data((text() + "\n").utf8))
}

/// Ends the process if `condition`, which always has to hold, does not.
func claim(_ condition: Bool, _ what: @autoclosure () -> String) {
  if condition { return }
  FileHandle.standardError.write(Data("a claim does not hold: \(what())\n".utf8))
  abort()
}
