import ArgumentParser
import Martinet

/// What is to go wrong on the way between our stack and the kernel, the same in both directions. Probabilities are in percent.
struct ImpairmentOptions: ParsableArguments {
  @Option var loss: UInt32 = 0
  @Option var reorder: UInt32 = 0
  @Option var duplicate: UInt32 = 0
  @Option var corrupt: UInt32 = 0
  /// One way, in milliseconds.
  @Option var wireDelay: Int64 = 0
  /// Mbit/s; 0 is without limit.
  @Option var rate: UInt64 = 0
  /// Where chance comes from; without it nothing goes wrong.
  @Option var seed: UInt64?

  /// A wire in front of `link`; nil if none is asked for.
  func impair(_ link: any Link) throws -> ImpairedLink? {
    guard let seed else { return nil }
    var impairment = Impairment(rate: rate * 1_000_000, delay: .milliseconds(wireDelay), loss: .percent(loss))
    impairment.reordering = .percent(reorder)
    impairment.duplication = .percent(duplicate)
    impairment.corruption = .percent(corrupt)
    return try ImpairedLink(link, outgoing: impairment, seed: seed)
  }

  /// What the wire did, in packets of both directions.
  struct Report: Encodable {
    var lost: UInt64 = 0
    var reordered: UInt64 = 0
    var duplicated: UInt64 = 0
    var corrupted: UInt64 = 0

    init(_ link: ImpairedLink) {
      for direction in ImpairedLink.Direction.allCases {
        let statistics = link.losses(in: direction)
        lost += statistics.lostAtRandom
        reordered += statistics.reordered
        duplicated += statistics.duplicated
        corrupted += statistics.corrupted
      }
    }
  }
}
