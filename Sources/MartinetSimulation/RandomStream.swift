/// A stream of pseudorandom numbers: SplitMix64, all integers, the same on every machine and in every process.
///
/// Each direction of each wire has a stream of its own, made from the seed of the network and from what the stream is for. A
/// host or a wire added elsewhere therefore changes nothing here.
public struct RandomStream: Sendable {
  private var state: UInt64

  /// The stream for `purpose` number `index` under `seed`.
  public init(seed: UInt64, purpose: Purpose, index: UInt64) {
    let root = RandomStream.mixed(seed &+ RandomStream.increment)
    let branch = RandomStream.mixed(root ^ UInt64(purpose.rawValue))
    state = RandomStream.mixed(branch &+ index &* RandomStream.stride)
  }

  /// What a stream is for: streams of different purposes have nothing in common.
  public enum Purpose: UInt8, Sendable {
    case channel = 1
    case hostSecret = 2
    case payload = 3
    case program = 4
    /// What a driver hands to the programs of one host.
    case runtime = 5
  }

  package static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15
  /// An odd number that sets the streams of neighbouring indices apart.
  private static let stride: UInt64 = 0xDA94_2042_E4DD_58B5

  /// The finaliser of SplitMix64: a permutation of the 64-bit numbers that scatters neighbours.
  package static func mixed(_ number: UInt64) -> UInt64 {
    var word = number
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// The next number, uniform over all 64-bit numbers.
  public mutating func next() -> UInt64 {
    state &+= RandomStream.increment
    return RandomStream.mixed(state)
  }

  /// A number below `bound`, uniform up to a bias of `bound` in 2^64; 0 for a bound of 0.
  public mutating func next(below bound: UInt64) -> UInt64 {
    next().multipliedFullWidth(by: bound).high
  }
}

/// What chance has decided for one packet: independent numbers, one for each question, all from a single draw.
///
/// Because each question has a number of its own, turning on duplication does not move the losses.
struct Lot {
  let ticket: UInt64

  enum Question: UInt64 {
    case loss = 1
    case burstLoss = 2
    case burstChange = 3
    case corruption = 4
    case corruptedBits = 5
    case duplication = 6
    case reordering = 7
    case jitter = 8
  }

  func number(for question: Question) -> UInt64 {
    RandomStream.mixed(ticket ^ (question.rawValue &* RandomStream.increment))
  }

  func number(for question: Question, below bound: UInt64) -> UInt64 {
    number(for: question).multipliedFullWidth(by: bound).high
  }

  func hits(_ probability: Probability, for question: Question) -> Bool {
    probability.isHit(by: number(for: question))
  }
}
