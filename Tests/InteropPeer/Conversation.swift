import ArgumentParser
import Crypto
import Dispatch
import Foundation
import Martinet
import Synchronization

extension InteropPeer {
  func converse(on stack: NetworkStack, _ link: HoldingLink, _ report: inout Report) throws {
    let socket = try establish(on: stack)
    liveness.watch(socket, say: InteropPeer.say)
    if hold > 0 { link.hold(seconds: hold) }
    var digest = SHA256()
    defer { report.sha256 = digest.finalize().map { String(format: "%02x", $0) }.joined() }
    if duplex {
      let sender = Sender(parcel, socket)
      try receive(socket, &digest, &report)
      report.sent = try sender.result()
    } else {
      if end == .answer { try receive(socket, &digest, &report) }
      report.sent = try parcel.send(on: socket)
      Thread.sleep(forTimeInterval: delay)
      try finish(socket, &digest, &report)
    }
    Thread.sleep(forTimeInterval: stay)
    report.state = socket.status.map { "\($0.phase)" }
    report.segment = socket.status?.segmentSize
    report.blackHoles = socket.status?.blackHoles
    report.ecn = socket.status.map { "\($0.ecn)" }
    report.marksReceived = socket.status?.statistics.marksReceived
    report.marksReported = socket.status?.statistics.marksReported
    socket.close()
  }

  private var parcel: Parcel { Parcel(path: send, urgentAfter: urgentAfter) }

  private func finish(_ socket: Socket, _ digest: inout SHA256, _ report: inout Report) throws {
    switch end {
    case .halfClose:
      try socket.shutdownOutput()
      try receive(socket, &digest, &report)
    case .wait:
      try receive(socket, &digest, &report)
      try socket.shutdownOutput()
    case .answer: try socket.shutdownOutput()
    case .reset: socket.abort()
    case .close: break
    }
  }

  private func establish(on stack: NetworkStack) throws -> Socket {
    var options = SocketOptions()
    if let receiveBuffer { options.receiveBufferSize = receiveBuffer }
    options.urgentInline = urgentInline
    if let ecn {
      guard let preference = ECNPreference.allCases.first(where: { "\($0)" == ecn }) else {
        throw ValidationError("\(ecn) is no preference")
      }
      options.ecn = preference
    }
    if let discovery {
      guard let known = PathMTUDiscovery.allCases.first(where: { "\($0)" == discovery }) else {
        throw ValidationError("there is no \(discovery) discovery of the path MTU")
      }
      options.pathMTUDiscovery = known
    }
    liveness.apply(to: &options)
    if role == .connect {
      let socket = try Socket(on: stack, options: options)
      if let localPort { try socket.bind(to: Endpoint(.v4(.any), localPort)) }
      guard let remote = IPAddress(parsing: address), let port = UInt16(exactly: port) else {
        throw ValidationError("\(address) port \(port) is no endpoint")
      }
      try socket.connect(to: Endpoint(remote, port), timeout: .seconds(60))
      return socket
    }
    let server = try ServerSocket(port: port, address: IPAddress(parsing: address), on: stack, options: options)
    try server.setAcceptTimeout(.seconds(60))
    say("listening")
    let socket = try server.accept()
    server.close()
    return socket
  }

  private func receive(_ socket: Socket, _ digest: inout SHA256, _ report: inout Report) throws {
    Thread.sleep(forTimeInterval: pause)
    var last = Date()
    defer { report.silence = Date().timeIntervalSince(last) }
    while true {
      let octets = try socket.inputStream.read(upTo: piece)
      report.longestGap = max(report.longestGap, Date().timeIntervalSince(last))
      guard let octets else { return }
      last = Date()
      digest.update(data: octets)
      report.received += octets.count
      if nap > 0 { Thread.sleep(forTimeInterval: nap) }
    }
  }
}

/// What is to be sent.
private struct Parcel: Sendable {
  let path: String?
  let urgentAfter: Int?

  /// Sends the file, if there is one, and the urgent octet in its place; returns the octets of the file.
  func send(on socket: Socket) throws -> Int {
    guard let path else { return 0 }
    var sent = 0
    let file = try FileHandle(forReadingFrom: URL(filePath: path))
    if let urgentAfter, let octets = try file.read(upToCount: urgentAfter) {
      try socket.outputStream.write(octets)
      try socket.sendUrgentData(33)
      sent += octets.count
    }
    while let octets = try file.read(upToCount: 1 << 16), !octets.isEmpty {
      try socket.outputStream.write(octets)
      sent += octets.count
    }
    return sent
  }
}

/// A thread that sends a parcel and ends the output while somebody else reads.
private final class Sender: Sendable {
  private let outcome = Mutex<Result<Int, any Error>?>(nil)
  private let end = DispatchSemaphore(value: 0)

  init(_ parcel: Parcel, _ socket: Socket) {
    Thread.detachNewThread {
      let result = Result {
        let sent = try parcel.send(on: socket)
        try socket.shutdownOutput()
        return sent
      }
      self.outcome.withLock { $0 = result }
      self.end.signal()
    }
  }

  /// Waits for the end of the thread; the octets that it sent.
  func result() throws -> Int {
    end.wait()
    return try outcome.withLock { $0 }?.get() ?? 0
  }
}
