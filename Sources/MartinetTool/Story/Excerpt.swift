import MartinetTCP
import MartinetWire

/// A row of a ladder diagram.
package enum LadderItem: Equatable, Sendable {
  case heading(String)
  case flight(Flight)
  case phase(PhaseChange)
  case remark(Remark)
  /// Segments that are counted instead of drawn.
  case gap(Gap)
}

/// The titles of the steps of a request and its response.
package struct StepTitles: Sendable {
  package var resolution: String
  package var handshake: String
  package var request: String
  package var response: String
  package var closing: String

  package init(resolution: String, handshake: String, request: String, response: String, closing: String) {
    self.resolution = resolution
    self.handshake = handshake
    self.request = request
    self.response = response
    self.closing = closing
  }
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
    excerpt.headings[0] = "handshake"
    excerpt.keepLosses()
    if let start = excerpt.keepClosing(lead: 2) { excerpt.headings[start] = "closing" }
    excerpt.closeSmallGaps()
    return excerpt.rows()
  }

  /// The rows for the story of one request and its response, in five steps.
  package static func rows(of story: Story, steps: StepTitles, episodes: Int = 1) -> [LadderItem] {
    var excerpt = Excerpt(story, episodes: episodes)
    excerpt.keepOpening()
    excerpt.keepLosses()
    excerpt.divide(by: steps, closing: excerpt.keepClosing(lead: 0))
    excerpt.closeSmallGaps()
    return excerpt.rows()
  }

  private init(_ story: Story, episodes: Int) {
    happenings = story.happenings
    self.episodes = episodes
    isKept = happenings.map {
      switch $0 {
      case .phase, .remark: true
      case .flight, .unrecorded: false
      }
    }
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
  }

  // MARK: Steps

  /// Puts the titles where the steps begin: with what is asked of the resolver, what follows it, the first octets of either side, the end.
  private mutating func divide(by steps: StepTitles, closing: Int?) {
    headings[0] = steps.resolution
    if let index = happenings.firstIndex(where: { if case .remark = $0 { false } else { true } }) {
      headings[index] = steps.handshake
    }
    for (side, title) in [(Side.left, steps.request), (.right, steps.response)] {
      guard let index = happenings.indices.first(where: { carries($0, from: side) }) else { continue }
      keep(index)
      headings[start(of: index)] = title
    }
    guard let closing else { return }
    // The last octets of a response may carry its end.
    let place = start(of: closing)
    headings[headings[place] == nil ? place : min(place + 1, happenings.count - 1)] = steps.closing
  }

  private func carries(_ index: Int, from side: Side) -> Bool {
    flight(index).map { $0.from == side && $0.payload > 0 } ?? false
  }

  /// Where the row of flight `index` begins: a change of state that goes with it stands before it.
  private func start(of index: Int) -> Int {
    guard index > 0, let flight = flight(index), case .phase(let change) = happenings[index - 1],
      change.side == flight.from, change.time == flight.departure
    else { return index }
    return index - 1
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

  /// Keeps the FINs, what acknowledges them, and `lead` segments that lead up to the first. Returns where that begins.
  private mutating func keepClosing(lead: Int) -> Int? {
    let flights = happenings.indices.filter { flight($0) != nil }
    guard let first = flights.firstIndex(where: { ends(flight($0)) }) else {
      for index in flights.suffix(4) { keep(index) }
      return nil
    }
    let start = max(0, first - lead)
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
    return flights[start]
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
      case .remark(let remark):
        flush(&gap, into: &rows)
        if let heading = headings[index] { rows.append(.heading(heading)) }
        rows.append(.remark(remark))
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
