import MartinetWire
import Synchronization

/// Word that an outer packet did not arrive: evidence, which a later arrival refutes.
public struct SoftError: Hashable, Sendable {
  /// What the system says, such as "Connection refused".
  public var reason: String
  /// The outer endpoint that it says it about, if it does.
  public var about: Endpoint?
}

/// What a link counts.
public struct LinkStatistics: Hashable, Sendable {
  public var packetsRead: UInt64 = 0
  public var octetsRead: UInt64 = 0
  public var packetsWritten: UInt64 = 0
  public var octetsWritten: UInt64 = 0
  /// Packets that a hub passed on from one peer to another.
  public var packetsForwarded: UInt64 = 0
  public var softErrors: UInt64 = 0
  public var lastSoftError: SoftError?
  /// Dropped packets by reason, both directions.
  public var drops: [LinkDrop: UInt64] = [:]

  /// Nothing counted.
  public init() {}

  /// All dropped packets.
  public var packetsDropped: UInt64 { drops.values.reduce(0, +) }
}

/// The counters behind ``LinkStatistics``, which any thread may raise.
final class LinkCounters: Sendable {
  private let packetsRead = Atomic<UInt64>(0)
  private let octetsRead = Atomic<UInt64>(0)
  private let packetsWritten = Atomic<UInt64>(0)
  private let octetsWritten = Atomic<UInt64>(0)
  private let packetsForwarded = Atomic<UInt64>(0)
  /// What happens seldom.
  private let exceptions = Mutex(LinkStatistics())

  func countRead(packets: Int, octets: Int) {
    packetsRead.wrappingAdd(UInt64(packets), ordering: .relaxed)
    octetsRead.wrappingAdd(UInt64(octets), ordering: .relaxed)
  }

  func countWritten(packets: Int = 1, octets: Int) {
    packetsWritten.wrappingAdd(UInt64(packets), ordering: .relaxed)
    octetsWritten.wrappingAdd(UInt64(octets), ordering: .relaxed)
  }

  func countForwarded(packets: Int) {
    packetsForwarded.wrappingAdd(UInt64(packets), ordering: .relaxed)
  }

  func count(_ drop: LinkDrop, _ number: UInt64 = 1) {
    if number > 0 { exceptions.withLock { $0.drops[drop, default: 0] += number } }
  }

  func count(_ error: SoftError) {
    exceptions.withLock {
      $0.softErrors += 1
      $0.lastSoftError = error
    }
  }

  var snapshot: LinkStatistics {
    var statistics = exceptions.withLock { $0 }
    statistics.packetsRead = packetsRead.load(ordering: .relaxed)
    statistics.octetsRead = octetsRead.load(ordering: .relaxed)
    statistics.packetsWritten = packetsWritten.load(ordering: .relaxed)
    statistics.octetsWritten = octetsWritten.load(ordering: .relaxed)
    statistics.packetsForwarded = packetsForwarded.load(ordering: .relaxed)
    return statistics
  }
}
