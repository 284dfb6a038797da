import ArgumentParser
import Foundation
import Martinet
import Synchronization

/// Many connections of a stack of several shards at once: clients of the kernel's that are echoed, connections of our own to an echo of the kernel's, and
/// datagrams; in the end the stack resets what is open.
final class ShardedCrowd: Sendable {
  struct Report: Encodable {
    struct Shard: Encodable {
      var accepted: UInt64
      var opened: UInt64
      var packetsReceived: UInt64
      var handedOver: UInt64
      var handoverDrops: UInt64
    }

    var shards: [Shard] = []
    /// Connections that were accepted and came to an end, and those of them that the peer reset.
    var served = 0
    var reset = 0
    /// Connections of our own whose octets all came back.
    var returned = 0
    var failures: [String] = []
    /// The events of the trace, and the connections that they were of.
    var traced = 0
    /// Connections that a snapshot shows while they are all open.
    var seen = 0
  }

  private let report = Mutex(Report())
  private let stack: NetworkStack
  private let server: ServerSocket
  private let datagrams: DatagramSocket

  init(on stack: NetworkStack, port: Int) throws {
    self.stack = stack
    server = try ServerSocket(port: port, backlog: 128, on: stack)
    datagrams = try DatagramSocket(port: port, on: stack)
  }

  /// Serves until `count` connections have ended, opens `count` to `onward`, and stops the stack.
  func run(count: Int, onward: Endpoint) throws -> Report {
    stack.setTracing(true)
    Thread.detachNewThread { while let socket = try? self.server.accept() { self.serve(socket) } }
    Thread.detachNewThread {
      while let datagram = try? self.datagrams.receive() {
        try? self.datagrams.send(datagram.bytes, to: datagram.remote)
      }
    }
    InteropPeer.say("listening")
    while report.withLock({ $0.served }) < count { Thread.sleep(forTimeInterval: 0.01) }
    open(count, to: onward)
    let events = (try? stack.nextTraceEvents(upTo: 1 << 20, within: .seconds(1))) ?? []
    let shards = stack.shardStatistics.map { shard in
      Report.Shard(
        accepted: shard.host.connectionsAccepted, opened: shard.host.connectionsOpened,
        packetsReceived: shard.host.packetsReceived, handedOver: shard.handedOver, handoverDrops: shard.handoverDrops)
    }
    // The end of the stack ends connections, too: those are the peer's to report.
    var report = report.withLock { $0 }
    report.shards = shards
    report.traced = events.count
    stack.abortAll()
    return report
  }

  private func serve(_ socket: Socket) {
    Thread.detachNewThread {
      var wasReset = false
      do {
        let (input, output) = (try socket.inputStream, try socket.outputStream)
        while let octets = try input.read(upTo: 1 << 16) { try output.write(octets) }
        socket.close()
      } catch {
        wasReset = true
        socket.abort()
      }
      self.report.withLock { report in
        report.served += 1
        if wasReset { report.reset += 1 }
      }
    }
  }

  /// Every fourth connection has a port of its own choice, and so has no shard of its own choice.
  private func open(_ count: Int, to remote: Endpoint) {
    let (opened, ended) = (DispatchGroup(), DispatchGroup())
    for number in 0..<count {
      opened.enter()
      ended.enter()
      Thread.detachNewThread {
        defer { ended.leave() }
        do {
          let socket: Socket
          do {
            defer { opened.leave() }
            socket = try Socket(on: self.stack)
            if number % 4 == 0 { try socket.bind(to: Endpoint(.v4(.any), UInt16(20000 + number))) }
            try socket.connect(to: remote, timeout: .seconds(30))
          }
          opened.wait()
          if number == 0 { self.report.withLock { $0.seen = self.stack.connections.count { $0.remote == remote } } }
          try self.exchange(over: socket, number)
        } catch {
          self.report.withLock { $0.failures.append("\(number): \(error)") }
        }
      }
    }
    ended.wait()
  }

  private func exchange(over socket: Socket, _ number: Int) throws {
    let octets = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* (number + 3) >> 3) }
    Thread.detachNewThread {
      try? socket.outputStream.write(octets)
      try? socket.shutdownOutput()
    }
    var back: [UInt8] = []
    while let piece = try socket.inputStream.read(upTo: 1 << 16) { back += piece }
    socket.close()
    guard back == octets else { throw ValidationError("\(back.count) octets came back, or others") }
    report.withLock { $0.returned += 1 }
  }
}

extension InteropPeer {
  func runShards(over link: LinkSpecification) throws {
    let queues = try link.open(queues: shards)
    var configuration = HostConfiguration()
    if let handover { configuration.handoverOctets = handover }
    let stack = try NetworkStack(
      queues: queues, addresses: addressTexts.compactMap { IPPrefix(parsing: $0) }, configuration: configuration)
    say("ready")
    if role == .knock {
      guard let remote = IPAddress(parsing: address) else { throw ValidationError("\(address) is no address") }
      let report = Knocking.run(on: stack, count: count, to: Endpoint(remote, UInt16(port)))
      return say(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
    }
    guard let remote = onwardAddress.flatMap({ IPAddress(parsing: $0) }) else {
      throw ValidationError("the kernel's address is missing")
    }
    let crowd = try ShardedCrowd(on: stack, port: port)
    let report = try crowd.run(count: count, onward: Endpoint(remote, onwardPort))
    say(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
  }
}
