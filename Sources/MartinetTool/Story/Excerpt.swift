import MartinetTCP
import MartinetWire

/// A row of a ladder diagram.
package enum LadderItem: Equatable, Sendable {
  case heading(String)
  case flight(Flight)
  case phase(PhaseChange)
  /// Segments that are counted instead of drawn.
  case gap(Gap)
}

/// Chooses what of a story is drawn: the handshake, the first losses with their repair, the closing. Long runs between
/// them become a count.
package struct Excerpt {
  private let happenings: [Happening]
  private var isKept: [Bool]
  private var headings: [Int: String] = [:]
  /// Losses of data that are shown.
  private let episodes: Int

  /// The rows for `story`.
  package static func rows(of story: Story, episodes: Int = 2) -> [LadderItem] {
    var excerpt = Excerpt(story, episodes: episodes)
    excerpt.keepOpening()
    excerpt.keepLosses()
    excerpt.keepClosing()
    excerpt.closeSmallGaps()
    return excerpt.rows()
  }

  private init(_ story: Story, episodes: Int) {
    happenings = story.happenings
    self.episodes = episodes
    isKept = happenings.map { if case .phase = $0 { true } else { false } }
  }

  private func flight(_ index: Int) -> Flight? {
    if case .flight(let flight) = happenings[index] { flight } else { nil }
  }

  // MARK: What is kept

  private mutating func keepOpening() {
    var afterData = 0
    for index in happenings.indices {
      guard let flight = flight(index) else { continue }
      isKept[index] = true
      if flight.payload > 0 || afterData > 0 { afterData += 1 }
      if afterData == 4 { break }
    }
    headings[0] = "handshake"
  }

  private mutating func keepLosses() {
    var shown: [Range<Int>] = []
    var shownAcknowledgement = false
    var end = 0
    for index in happenings.indices {
      guard let lost = flight(index), lost.isLost else { continue }
      if lost.range.isEmpty {
        guard !shownAcknowledgement else { continue }
        shownAcknowledgement = true
        keep(index)
        continue
      }
      // What is lost while another loss is being repaired belongs to that one's story.
      guard index >= end, !shown.contains(where: { $0.overlaps(lost.range) }) else { continue }
      guard shown.count < episodes else { return }
      shown.append(lost.range)
      let isApart = !isKept[index]
      end = keepRepair(of: lost, at: index)
      if isApart {
        let start = max(index - 1, 0)
        headings[isKept[start] ? start : index] = shown.count == 1 ? "the first loss" : "another loss"
      }
    }
  }

  /// Keeps a loss with what the reader needs to follow its repair: a neighbour, the first signs that the receiver gives, the
  /// retransmissions, the acknowledgement that ends it. Returns where that is.
  private mutating func keepRepair(of lost: Flight, at index: Int) -> Int {
    keep(index)
    if let before = happenings[..<index].lastIndex(where: { isFlight($0, from: lost.from) }), index - before < 4 {
      keep(before)
    }
    var signs = 0
    var neighbours = 0
    var isRepaired = false
    for later in happenings.indices[(index + 1)...] {
      guard let flight = flight(later) else { continue }
      if flight.from == lost.from {
        if flight.range.overlaps(lost.range) {
          keep(later)
          isRepaired = !flight.isLost
        } else if neighbours == 0 {
          neighbours = 1
          keep(later)
        }
      } else if let number = flight.acknowledgement, !flight.isLost {
        if isRepaired && number >= lost.range.upperBound {
          keep(later)
          return later
        }
        if flight.reason == .duplicateAcknowledgement && number <= lost.range.lowerBound && signs < 3 {
          signs += 1
          keep(later)
        }
      }
    }
    return happenings.count
  }

  private func isFlight(_ happening: Happening, from side: Side) -> Bool {
    if case .flight(let flight) = happening { flight.from == side } else { false }
  }

  private mutating func keep(_ index: Int) {
    isKept[index] = true
  }

  /// Keeps the FINs, what acknowledges them, and what leads up to the first.
  private mutating func keepClosing() {
    let flights = happenings.indices.filter { flight($0) != nil }
    guard let first = flights.firstIndex(where: { ends(flight($0)) }) else {
      for index in flights.suffix(4) { keep(index) }
      return
    }
    let start = max(0, first - 2)
    for index in flights[start...first] { keep(index) }
    var behind: [Side: Int] = [:]
    var kept = 0
    for index in flights[first...] {
      guard let flight = flight(index), kept < 24 else { break }
      if ends(flight) { behind[flight.from] = flight.range.upperBound }
      let acknowledges = behind[flight.from.other].map { (flight.acknowledgement ?? 0) >= $0 } ?? false
      guard ends(flight) || acknowledges else { continue }
      kept += 1
      keep(index)
    }
    headings[flights[start]] = "closing"
  }

  private func ends(_ flight: Flight?) -> Bool {
    flight.map { $0.flags.contains(.fin) || $0.flags.contains(.rst) } ?? false
  }

  /// A count is not worth its row for fewer than three segments.
  private mutating func closeSmallGaps() {
    var run: [Int] = []
    for index in happenings.indices {
      if isKept[index] {
        if run.count < 3 { for skipped in run where flight(skipped) != nil { keep(skipped) } }
        run = []
      } else {
        run.append(index)
      }
    }
    if run.count < 3 { for skipped in run where flight(skipped) != nil { keep(skipped) } }
  }

  // MARK: Rows

  private func rows() -> [LadderItem] {
    var rows: [LadderItem] = []
    var gap: Gap?
    for index in happenings.indices {
      switch happenings[index] {
      case .unrecorded(let unrecorded):
        var sum = gap ?? Gap(at: unrecorded.begin)
        sum.add(unrecorded)
        gap = sum
      case .flight(let flight) where !isKept[index]:
        var sum = gap ?? Gap(at: flight.departure)
        sum.add(flight)
        gap = sum
      case .flight(let flight):
        flush(&gap, into: &rows)
        if let heading = headings[index] { rows.append(.heading(heading)) }
        rows.append(.flight(flight))
      case .phase(let change):
        flush(&gap, into: &rows)
        if let heading = headings[index] { rows.append(.heading(heading)) }
        rows.append(.phase(change))
      }
    }
    flush(&gap, into: &rows)
    return rows
  }

  private func flush(_ gap: inout Gap?, into rows: inout [LadderItem]) {
    if let gap { rows.append(.gap(gap)) }
    gap = nil
  }
}
