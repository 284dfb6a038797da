import Foundation

/// What a run brought.
struct Outcome {
  /// In the unit of the load.
  var figure: Double
  /// Processor seconds of the program for each gigabyte; nil where none were moved.
  var costPerGigabyte: Double?
}

/// Something that went wrong, in words.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// One run of a load: a device, the program on it, and the kernel's end of the conversation.
struct Run {
  static let device = "martinet0"
  static let port = 5001
  let load: Load
  let contestant: Contestant
  let seconds: Double

  func perform() throws -> Outcome {
    try Run.command("ip", "tuntap", "add", "dev", Run.device, "mode", "tun")
    defer { try? Run.command("ip", "link", "delete", Run.device) }
    try Run.command("ip", "address", "add", "10.76.0.1/24", "dev", Run.device)
    // The kernel's own queue must not be what loses packets.
    try Run.command("ip", "link", "set", Run.device, "up", "txqueuelen", "5000")
    let program = Process()
    program.executableURL = URL(filePath: contestant.executable)
    program.arguments = contestant.arguments(load, Run.device, "10.76.0.2", Run.port)
    program.standardOutput = FileHandle.nullDevice
    do { try program.run() } catch { throw Failure("\(contestant.executable) does not start: \(error)") }
    defer {
      program.terminate()
      program.waitUntilExit()
    }
    let socket = try connect(to: program)
    defer { close(socket.descriptor) }
    let before = try processorTime(of: program)
    switch load {
    case .connections: return Outcome(figure: try connections(), costPerGigabyte: nil)
    case .echo: return Outcome(figure: try socket.medianRoundTrip(seconds: seconds), costPerGigabyte: nil)
    case .sink, .source:
      let octets = load == .sink ? try socket.push(seconds: seconds) : try socket.pull(seconds: seconds)
      let cost = try processorTime(of: program) - before
      return Outcome(figure: octets.rate * 8 / 1e6, costPerGigabyte: cost / (Double(octets.count) / 1e9))
    }
  }

  /// Connections that are made and ended in a second.
  private func connections() throws -> Double {
    // The kernel, which closes first, would have no port left while the old connections stand in TIME-WAIT.
    let setting = try KernelSetting("tcp_max_tw_buckets", "0")
    let rate = Result { try KernelClients(address: "10.76.0.2", port: UInt16(Run.port)).rate(seconds: seconds) }
    try setting.restore()
    return try rate.get()
  }

  /// Connects as soon as the program listens.
  private func connect(to program: Process) throws -> KernelSocket {
    let deadline = Date(timeIntervalSinceNow: 10)
    while Date() < deadline {
      guard program.isRunning else {
        throw Failure("\(contestant.name) ended with status \(program.terminationStatus)")
      }
      if let socket = try KernelSocket(address: "10.76.0.2", port: UInt16(Run.port)) { return socket }
      Thread.sleep(forTimeInterval: 0.05)
    }
    throw Failure("\(contestant.name) takes no connection within 10 s")
  }

  /// The processor time that a program has used, in seconds: fields 14 and 15 of its `stat` (proc(5)).
  private func processorTime(of program: Process) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(program.processIdentifier)/stat", encoding: .utf8)
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
      throw Failure("no processor time in \(text)")
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private static func command(_ words: String...) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        "`\(words.joined(separator: " "))` failed: run as root or under `unshare -Urn`, with iproute2 installed")
    }
  }
}
