import Foundation

/// Measures what the sockets cost: throughput of both kinds, memory of an idle connection, how fast close wakes readers. Fails if a bound is not met.
@main
enum Main {
  /// Reports a bound that is not met, and ends the program.
  static func demand(_ condition: Bool, _ bound: String) {
    guard !condition else { return }
    print("NOT MET: \(bound)")
    exit(1)
  }

  static func main() async throws {
    // First: memory that something else has freed would be taken again, and not be counted.
    try Idle.report(count: 10_000, octets: 10_000)
    try Readers.report(count: 1000)
    try await Throughput.report()
  }
}
