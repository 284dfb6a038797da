import Foundation

/// Measures what the sockets cost: memory of an idle connection, how fast close wakes readers, throughput of both kinds. Fails if a bound is not met.
///
/// Without arguments it measures everything; `idle`, `readers` and `throughput` choose; `floor` prints what a bare task takes.
@main
enum Main {
  /// Reports a bound that is not met, and ends the program.
  static func demand(_ condition: Bool, _ bound: String) {
    guard !condition else { return }
    print("NOT MET: \(bound)")
    exit(1)
  }

  static func main() async throws {
    if CommandLine.arguments.dropFirst().first == "floor" { return try await BareTask.report(count: 10_000) }
    let chosen = CommandLine.arguments.dropFirst()
    func isWanted(_ name: String) -> Bool { chosen.isEmpty || chosen.contains(name) }
    // First: memory that something else has freed would be taken again, and not be counted.
    if isWanted("idle") { try Idle.report(count: 10_000, octets: 10_000) }
    if isWanted("readers") { try Readers.report(count: 1000) }
    if isWanted("throughput") { try await Throughput.report() }
  }
}
