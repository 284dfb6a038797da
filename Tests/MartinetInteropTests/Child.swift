import Foundation
import Testing

/// A program that a test runs, with what it says in files.
final class Child {
  let name: String
  private let process = Process()
  private let output: URL
  private let errors: URL

  /// Starts `arguments`, the first of which is the path of the program.
  init(_ arguments: [String], in folder: URL, input: Pipe? = nil) throws {
    name = arguments.joined(separator: " ")
    output = folder.appending(path: "out-\(UUID().uuidString)")
    errors = folder.appending(path: "err-\(UUID().uuidString)")
    for file in [output, errors] { try Data().write(to: file) }
    process.executableURL = URL(filePath: arguments[0])
    process.arguments = Array(arguments.dropFirst())
    process.currentDirectoryURL = folder
    process.standardInput = input ?? FileHandle.nullDevice
    let sinks = try [output, errors].map { try FileHandle(forWritingTo: $0) }
    process.standardOutput = sinks[0]
    process.standardError = sinks[1]
    // Foundation keeps a process that no run loop has seen end, and with it these; and where more than a thousand descriptors are open it reads beyond the
    // end of a directory entry when it starts the next program.
    defer { for sink in sinks { try? sink.close() } }
    try process.run()
  }

  deinit { kill() }

  var id: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  /// What it has written to standard output so far.
  var said: String { text(of: output) }
  /// What it has written to standard error so far.
  var complained: String { text(of: errors) }

  private func text(of file: URL) -> String {
    String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
  }

  /// Waits until it says `text`; fails the test if it ends or `seconds` pass before.
  func awaits(_ text: String, seconds: Double = 20) throws {
    try awaits(text, in: { said }, seconds)
  }

  /// As ``awaits(_:seconds:)``, on standard error.
  func complains(_ text: String, seconds: Double = 20) throws {
    try awaits(text, in: { complained }, seconds)
  }

  private func awaits(_ text: String, in stream: () -> String, _ seconds: Double) throws {
    try poll(seconds, for: "\"\(text)\"") {
      if stream().contains(text) { return true }
      if !isRunning && !stream().contains(text) { throw Failure("it ended without saying \"\(text)\"", self) }
      return false
    }
  }

  /// Waits for its end and returns its exit status, or minus the signal that ended it.
  @discardableResult
  func status(seconds: Double = 60) throws -> Int32 {
    try poll(seconds, for: "its end") { !isRunning }
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  /// Waits for its success.
  func succeeds(seconds: Double = 60) throws {
    let status = try status(seconds: seconds)
    if status != 0 { throw Failure("its exit status is \(status)", self) }
  }

  private func poll(_ seconds: Double, for what: String, _ condition: () throws -> Bool) throws {
    let deadline = Date().addingTimeInterval(seconds)
    while try !condition() {
      if Date() > deadline {
        let failure = Failure("waited \(seconds) s for \(what)", self)
        kill()
        throw failure
      }
      Thread.sleep(forTimeInterval: 0.01)
    }
  }

  func signal(_ number: Int32) {
    if isRunning { _ = Glibc.kill(id, number) }
  }

  func kill() { signal(SIGKILL) }

  /// What went wrong with a program, and what it said.
  struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, _ child: Child) {
      description = "\(child.name): \(what)\n--- output\n\(child.said)\n--- errors\n\(child.complained)"
    }
  }
}
