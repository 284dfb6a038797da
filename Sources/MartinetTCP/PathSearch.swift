import MartinetWire

/// How a connection finds out what packets its path takes.
public enum PathMTUDiscovery: UInt8, Sendable, CaseIterable {
  /// Not at all: routers may cut what is too large. Where they don't, with IPv6, packets have 1,280 octets at most (RFC 8201 section 1).
  case off
  /// By what routers report (RFC 1191, RFC 8201). Where large packets vanish without a report timeouts tell, and from then on probes (RFC 4821).
  case icmp
  /// By probes from the beginning (RFC 4821), and by what routers report besides.
  case probing
}

/// Where the search for larger packets stands (RFC 4821 section 7).
public enum PathSearchPhase: UInt8, Sendable, CaseIterable {
  /// There is none: the path MTU is what the link and the routers say.
  case none
  case searching
  /// Nothing larger gets through, or is wanted; the search begins again later.
  case complete
}

/// What a connection found out about its path, or a router claims.
public struct PathLesson: Equatable, Sendable {
  /// The largest IP packet that gets through, in octets.
  public var mtu: Int
  /// Whether the path is narrower than that, so that routers must be allowed to fragment.
  public var mayBeFragmented: Bool
  public init(mtu: Int, mayBeFragmented: Bool = false) {
    self.mtu = mtu
    self.mayBeFragmented = mayBeFragmented
  }
}

/// The search for the largest packet that gets through. Its lower end, search_low and eff_pmtu in one, is the path MTU in use.
struct PathSearch {
  /// New data in one segment whose arrival shows that the path takes packets of `size` octets.
  struct Probe {
    var size: Int
    var range: SequenceRange
  }

  /// A report that contradicts what was acknowledged.
  struct DoubtfulReport {
    var lesson: PathLesson
    var sequence: SequenceNumber
  }

  /// The difference of both ends, in octets, that is not worth a probe.
  static let resolution = 8
  /// Sizes that links and tunnels have: the path MTU is most likely one of these.
  private static let common: InlineArray<14, Int> = [
    1280, 1380, 1400, 1420, 1440, 1460, 1480, 1492, 1500, 2002, 4352, 8166, 9000, 17914,
  ]

  /// What the link and the routers say.
  var claimed: Int
  /// search_high: nothing larger is tried.
  private(set) var high: Int
  /// Whether the upper end itself is yet to be tried: most paths are as wide as their first link.
  private var isFresh = true
  var probe: Probe?
  /// How many probes of one size were lost.
  private var failures = 0
  /// When the search begins anew; never while it goes on.
  var resumesAt = Instant.never
  /// What is believed once the segment that it quotes has timed out (RFC 5927 section 7.2).
  var doubtful: DoubtfulReport?
  /// What other connections of the host are to know.
  var lesson: PathLesson?
  /// Path MTUs that were found too large by timeouts; probes, and those that were lost.
  var blackHoles = 0
  var probes = 0
  private(set) var lostProbes = 0

  init(claimed: Int) {
    self.claimed = claimed
    high = claimed
  }

  /// The next size to try between `low`, which gets through, and the upper end, `limit` at most; nil if they are close enough.
  func next(above low: Int, upTo limit: Int) -> Int? {
    let high = min(high, limit)
    guard high - low >= PathSearch.resolution else { return nil }
    if isFresh { return high }
    let middle = (low + high) / 2
    var best: Int?
    for index in PathSearch.common.indices {
      let size = PathSearch.common[index]
      guard size > low, size <= high else { continue }
      if best.map({ abs(size - middle) < abs($0 - middle) }) ?? true { best = size }
    }
    return best ?? middle
  }

  /// Begins anew with what is claimed.
  mutating func begin() {
    high = claimed
    isFresh = true
    failures = 0
    resumesAt = .never
  }

  /// The probe was lost, and nothing else was.
  mutating func probeFailed(attempts: Int) {
    guard let probe else { return }
    self.probe = nil
    lostProbes += 1
    failures += 1
    guard failures >= attempts else { return }
    high = probe.size - 1
    isFresh = false
    failures = 0
  }

  /// The probe arrived.
  mutating func probeSucceeded() {
    probe = nil
    failures = 0
  }
}
