import ArgumentParser
import MartinetSimulation
import MartinetTCP

/// A value for both directions, or one for each: "5", "5/0".
package struct BothWays<Value: ArgumentValue>: ArgumentValue {
  package let forth: Value
  package let back: Value
  package static var allowed: String { "\(Value.allowed), or one for each direction with a slash between" }

  package init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let forth = Value(argument: String(parts[0])),
      let back = Value(argument: String(parts[parts.count - 1]))
    else { return nil }
    self.forth = forth
    self.back = back
  }
}

/// A probability in percent with decimals: 0 to 100.
package struct Percent: ArgumentValue {
  package let probability: Probability
  package static let allowed = "a percentage from 0 to 100"

  package init?(argument: String) {
    guard let probability = Probability(percentText: argument.utf8) else { return nil }
    self.probability = probability
  }
}

/// A number of packets, 1 to a million.
package struct PacketCount: ArgumentValue {
  package let count: UInt32
  package static let allowed = "a number of packets from 1 to 1000000"

  package init?(argument: String) {
    guard argument.utf8.allSatisfy({ (48...57).contains($0) }), let count = UInt32(argument),
      (1...1_000_000).contains(count)
    else { return nil }
    self.count = count
  }
}

/// What a wire does to the packets that cross it. What is not given does not happen.
package struct WireOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The rate in Mbit/s, the octets of IP packets counted.", valueName: "MBIT/S"),
    transform: BothWays<Megabits>.parse)
  package var rate: BothWays<Megabits>?

  @Option(
    help: ArgumentHelp("The delay in milliseconds.", valueName: "MS"),
    transform: BothWays<Milliseconds>.parse)
  package var delay: BothWays<Milliseconds>?

  @Option(
    help: ArgumentHelp("The most that chance adds to the delay; nothing is reordered by it.", valueName: "MS"),
    transform: BothWays<Milliseconds>.parse)
  package var jitter: BothWays<Milliseconds>?

  @Option(
    help: ArgumentHelp("Packets that get lost, in percent.", valueName: "0-100"),
    transform: BothWays<Percent>.parse)
  package var loss: BothWays<Percent>?

  @Option(
    help: ArgumentHelp("Packets get lost in bursts of so many on average.", valueName: "PACKETS"),
    transform: BothWays<PacketCount>.parse)
  package var burst: BothWays<PacketCount>?

  @Option(
    help: ArgumentHelp("Packets that are held back so that others overtake, in percent.", valueName: "0-100"),
    transform: BothWays<Percent>.parse)
  package var reorder: BothWays<Percent>?

  @Option(
    help: ArgumentHelp("How long those are held back. (default: 1)", valueName: "MS"),
    transform: BothWays<Milliseconds>.parse)
  package var reorderDelay: BothWays<Milliseconds>?

  @Option(
    help: ArgumentHelp("Packets that arrive twice, in percent.", valueName: "0-100"),
    transform: BothWays<Percent>.parse)
  package var duplicate: BothWays<Percent>?

  @Option(
    help: ArgumentHelp("Packets with a bit flipped, in percent.", valueName: "0-100"),
    transform: BothWays<Percent>.parse)
  package var corrupt: BothWays<Percent>?

  @Option(
    help: ArgumentHelp("What may wait for the transmitter. (default: 256KiB)", valueName: "BYTES"),
    transform: BothWays<ByteSize>.parse)
  package var queue: BothWays<ByteSize>?

  @Option(
    help: ArgumentHelp("Mark ECN-capable packets when more than this waits.", valueName: "BYTES"),
    transform: BothWays<ByteSize>.parse)
  package var ecn: BothWays<ByteSize>?

  package init() {}

  package func validate() throws {
    if rate == nil && queue != nil { throw ValidationError("--queue needs --rate: without it nothing waits") }
    if rate == nil && ecn != nil { throw ValidationError("--ecn needs --rate: without it nothing waits") }
    if reorder == nil && reorderDelay != nil { throw ValidationError("--reorder-delay needs --reorder") }
    if loss == nil && burst != nil { throw ValidationError("--burst needs --loss, the share that is lost") }
    if let ecn, ecn.forth.count == 0 || ecn.back.count == 0 { throw ValidationError("--ecn is at least 1 octet") }
    _ = try forth
    _ = try back
  }

  /// What happens from the first end to the second.
  package var forth: Impairment { get throws { try impairment(isForth: true) } }
  /// What happens from the second end to the first.
  package var back: Impairment { get throws { try impairment(isForth: false) } }

  private func impairment(isForth: Bool) throws -> Impairment {
    func pick<Value>(_ option: BothWays<Value>?) -> Value? { isForth ? option?.forth : option?.back }
    func chance(_ option: BothWays<Percent>?) -> Probability { pick(option)?.probability ?? .never }
    var wire = Impairment()
    wire.rate = pick(rate)?.bitsPerSecond ?? 0
    wire.delay = pick(delay)?.interval ?? .zero
    wire.jitter = pick(jitter)?.interval ?? .zero
    wire.queueCapacity = pick(queue)?.count ?? wire.queueCapacity
    wire.markingThreshold = pick(ecn)?.count ?? 0
    wire.reordering = chance(reorder)
    wire.reorderingDelay = pick(reorderDelay)?.interval ?? wire.reorderingDelay
    wire.duplication = chance(duplicate)
    wire.corruption = chance(corrupt)
    guard let length = pick(burst), !chance(loss).isNever else {
      wire.loss = chance(loss)
      return wire
    }
    guard let bursts = BurstLoss(losing: chance(loss), inBurstsOf: length.count) else {
      throw ValidationError("so much loss leaves no room between bursts of \(length.count): make them longer")
    }
    wire.burstLoss = bursts
    return wire
  }
}
