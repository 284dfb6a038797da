import Glibc
import MartinetLoads
import MartinetStack

/// Carries one load of a size, for whoever counts from outside what that takes: Scripts/bench-costs counts instructions and allocations of two sizes, and the
/// difference is what the units between them cost.
///
/// Memory is not counted from outside: `idle` prints the octets that one end of so many connections takes. `crowd-OTHERS` opens so many connections, says
/// `ready`, and makes its round trips once a line has come, so that the counting can begin there.
@main
enum Main {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let count = Int(arguments[2]), count > 0 else {
      print(
        "usage: martinet-load-benchmarks bulk|bulk-ack2|trains|trains-lent|connections|ping-pong|idle|crowd-OTHERS COUNT"
      )
      print("       martinet-load-benchmarks way-simulated|way-blocking|way-async COUNT")
      print("       martinet-load-benchmarks acks-64k|acks-64k-lossy|acks-64m|acks-64m-lossy COUNT")
      throw Refusal.arguments
    }
    guard try carry(arguments[1], count) else { throw Refusal.incomplete }
  }

  /// Carries `count` units; whether all arrived. A unit of bulk is a segment, one of trains 64 KiB, one of acks an
  /// acknowledgement, with one segment in twenty lost or none; one of the ways a block of 64 KiB.
  private static func carry(_ load: String, _ count: Int) throws -> Bool {
    switch load {
    case "bulk", "bulk-ack2":
      var bulk = try BulkLoad(.usual(turn: load == "bulk" ? 64 : 2))
      return try bulk.carry(count * 1448) == count * 1448
    case "trains":
      var bulk = try BulkLoad(.trains)
      return try bulk.carry(count * 65_000) == count * 65_000
    case "trains-lent":
      var bulk = try BulkLoad(.trains, by: .lending)
      return try bulk.carry(count * 65_000) == count * 65_000
    case "connections":
      var connections = try ConnectionsLoad(JoinDescription())
      return try connections.run(count: count) == count
    case "ping-pong":
      var pingPong = try PingPongLoad(JoinDescription())
      return try pingPong.run(rounds: count) == count
    case "acks-64k": return try acknowledge(count, window: 64 << 10, lossInterval: 0)
    case "acks-64k-lossy": return try acknowledge(count, window: 64 << 10, lossInterval: 20)
    case "acks-64m": return try acknowledge(count, window: 64 << 20, lossInterval: 0)
    case "acks-64m-lossy": return try acknowledge(count, window: 64 << 20, lossInterval: 20)
    case "idle":
      var effort = Effort()
      effort.crowd = count
      for figure in try Load.idle.measure(effort) { print(Int(figure.value.rounded(.up))) }
      return true
    case "way-simulated": return try carry(count, by: .simulated)
    case "way-blocking": return try carry(count, by: .blocking)
    case "way-async": return try carry(count, by: .async)
    default:
      guard load.hasPrefix("crowd-"), let others = Int(load.dropFirst(6)), others > 0 else { throw Refusal.arguments }
      return try carry(count, beside: others)
    }
  }

  /// Makes `rounds` round trips beside so many other connections. The program ends there and then: to take down a crowd is no part of a round trip.
  private static func carry(_ rounds: Int, beside others: Int) throws -> Bool {
    var crowd = CrowdLoad(room: others)
    try crowd.open(others)
    print("ready")
    fflush(nil)
    guard readLine() != nil else { throw Refusal.incomplete }
    if try crowd.run(rounds: rounds) == rounds { _exit(EXIT_SUCCESS) }
    return false
  }

  private static func acknowledge(_ count: Int, window: Int, lossInterval: Int) throws -> Bool {
    try WaitingFlights(window: window, total: 16 << 20).answer(count: count, lossInterval: lossInterval) == count
  }

  private static func carry(_ blocks: Int, by way: Way) throws -> Bool {
    try WaysLoad.carry(blocks: blocks, by: way) == blocks * 65_536
  }

  enum Refusal: Error {
    case arguments
    case incomplete
  }
}
