import Foundation
import Testing

/// One end of a connection that a program plays and reports on.
protocol Peer {
  var child: Child { get }
}

/// What a peer found out.
struct PeerReport: Decodable {
  var received = 0
  var sha256 = ""
  var sent = 0
  /// What went wrong: an errno name such as ECONNREFUSED on the kernel's side, a reason of ours.
  var error: String?
  var seconds = 0.0
  /// The bits of the kernel's tcpi_options: 1 timestamps, 2 SACK, 4 window scaling, 8 ECN, 16 ECT seen.
  var options: Int?
  /// The name of the TCP state at the end.
  var state: String?
  /// The longest time between two reads that brought something, in seconds.
  var longestGap = 0.0
  /// The time between the last octets that came to our end and what ended its reading, in seconds.
  var silence: Double?
  /// The payload octets of a full segment that the end sends.
  var segment: Int?
  /// How often our segments became smaller because large ones vanished.
  var blackHoles: Int?
  /// The octets that the kernel took for urgent.
  var urgent: [UInt8]?
  /// How many octets the kernel's program had read when it stood before the urgent one.
  var mark: Int?
  /// The form of ECN that we agreed to, the marked segments that came to us, and the marks that the kernel told us of.
  var ecn: String?
  var marksReceived: Int?
  var marksReported: Int?
  /// What a wire that fails on purpose did.
  var wire: Wire?

  /// Packets of both directions.
  struct Wire: Decodable {
    var lost = 0
    var reordered = 0
    var duplicated = 0
    var corrupted = 0
  }
}

extension Peer {
  /// Waits for its end and returns its report.
  func report(seconds: Double = 120) throws -> PeerReport {
    try child.succeeds(seconds: seconds)
    let line = try #require(child.said.split(separator: "\n").last { $0.hasPrefix("{") })
    return try JSONDecoder().decode(PeerReport.self, from: Data(line.utf8))
  }

  func awaitListening() throws { try child.awaits("listening") }
}

/// A stack of ours with one connection, in a process of its own in the namespace.
struct OurPeer: Peer {
  let child: Child

  init(in namespace: NetworkNamespace, _ arguments: [String]) throws {
    child = try namespace.start(Program.ours("InteropPeer"), arguments + OurSide.linkArguments())
  }
}
