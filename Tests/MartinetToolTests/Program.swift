import Foundation
import Glibc
import MartinetTool
import Synchronization
import Testing

/// The built program in a process of its own.
final class Program {
  private let process = Process()
  private let output = Collected()
  private let complaints = Collected()

  /// The program lies beside the test bundle.
  static var path: String {
    get throws {
      let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      var folder = URL(filePath: bundle).deletingLastPathComponent()
      for _ in 0..<3 {
        let candidate = folder.appending(path: "martinet").path
        if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        folder.deleteLastPathComponent()
      }
      throw Failure("the program martinet is not built: run swift build")
    }
  }

  /// - Parameters:
  ///   - input: what the program reads; nothing without it.
  ///   - file: where its standard output goes; without it ``standardOutput`` has it. Much output belongs in a file: the end of what
  ///     Foundation takes from a pipe may be missing on a busy machine.
  init(_ arguments: [String], input: Pipe? = nil, outputFile file: String? = nil) throws {
    Glibc.signal(SIGPIPE, SIG_IGN)
    process.executableURL = URL(filePath: try Program.path)
    process.arguments = arguments
    if let file {
      guard FileManager.default.createFile(atPath: file, contents: nil) else { throw Failure.system(file) }
      process.standardOutput = FileHandle(forWritingAtPath: file)
      output.abandon()
    } else {
      process.standardOutput = output.pipe
    }
    process.standardError = complaints.pipe
    process.standardInput = input ?? FileHandle.nullDevice
    try process.run()
  }

  /// Waits until the program has printed `text` on standard output.
  func wait(for text: String, seconds: Double = 20) -> Bool {
    Program.wait(seconds: seconds) { self.output.text.contains(text) || !self.process.isRunning }
      && output.text.contains(text)
  }

  /// Waits until the program has printed `text` on standard error.
  func waitForComplaint(_ text: String, seconds: Double = 20) -> Bool {
    Program.wait(seconds: seconds) { self.complaints.text.contains(text) || !self.process.isRunning }
      && complaints.text.contains(text)
  }

  /// Waits for the end; the exit status, or nil if it does not come.
  func status(within seconds: Double = 60) -> Int32? {
    guard Program.wait(seconds: seconds, until: { !self.process.isRunning }) else { return nil }
    // What it has said may still be on its way through the pipes.
    _ = Program.wait(seconds: 5) { self.complaints.isComplete && self.output.isComplete }
    return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
  }

  var isRunning: Bool { process.isRunning }
  var standardOutput: String { output.text }
  var standardError: String { complaints.text }

  func signal(_ number: Int32) {
    kill(process.processIdentifier, number)
  }

  /// Asks `condition` a hundred times a second.
  static func wait(seconds: Double, until condition: () -> Bool) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    while !condition() {
      if Date() > end { return false }
      usleep(10_000)
    }
    return true
  }

  /// A UDP port that is free at the moment.
  static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
      }
    }
    guard result == 0 else { throw Failure.system("bind") }
    return UInt16(bigEndian: address.sin_port)
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// What comes out of a pipe.
  private final class Collected: Sendable {
    let pipe = Pipe()
    private let octets = Mutex(Data())
    private let ended = Mutex(false)

    /// Whether the end of the pipe was read: nobody writes into it any more.
    var isComplete: Bool { ended.withLock { $0 } }

    init() {
      pipe.fileHandleForReading.readabilityHandler = { [self] handle in
        let data = handle.availableData
        if data.isEmpty {
          handle.readabilityHandler = nil
          ended.withLock { $0 = true }
        } else {
          octets.withLock { $0 += data }
        }
      }
    }

    /// Nothing goes through this pipe.
    func abandon() { ended.withLock { $0 = true } }

    var text: String { octets.withLock { String(decoding: $0, as: UTF8.self) } }
  }
}
