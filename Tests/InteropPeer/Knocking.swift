import Foundation
import Martinet

/// Connections of a stack of several shards to a port that refuses them, one after the other.
enum Knocking {
  struct Report: Encodable {
    /// Connections that ended because an ICMP error said so.
    var unreachable = 0
    /// What became of the others.
    var failures: [String] = []
    /// The connections that each shard opened.
    var opened: [UInt64] = []
    /// The packets that came by the queue of another shard than their own.
    var handedOver: UInt64 = 0
    /// The errors that quoted nothing that their shard knew.
    var unknown: UInt64 = 0
    var seconds = 0.0
  }

  static func run(on stack: NetworkStack, count: Int, to remote: Endpoint) -> Report {
    var report = Report()
    let begin = Date()
    for number in 0..<count {
      do throws(SocketError) {
        let socket = try Socket(on: stack)
        try socket.connect(to: remote, timeout: .seconds(20))
        report.failures.append("\(number): connected")
        socket.close()
      } catch {
        if case .unreachable = error.reason {
          report.unreachable += 1
        } else {
          report.failures.append("\(number): \(error)")
        }
      }
    }
    report.seconds = Date().timeIntervalSince(begin)
    for shard in stack.shardStatistics {
      report.opened.append(shard.host.connectionsOpened)
      report.handedOver += shard.handedOver
      report.unknown += shard.host.discarded(.icmpQuoteUnknown)
    }
    return report
  }
}
