import MartinetTCP

/// What a resolver has found out, as long as it may be remembered.
package struct DNSCache: Sendable {
  private struct Entry {
    var finding: DNSFinding
    var end: Instant
  }

  private var entries: [DNSQuestion: Entry] = [:]
  package let capacity: Int
  /// The findings that were not remembered because the cache was full of others.
  package private(set) var refusals = 0

  package init(capacity: Int) {
    self.capacity = capacity
  }

  package var count: Int { entries.count }

  package func finding(of question: DNSQuestion, at now: Instant) -> DNSFinding? {
    guard let entry = entries[question], now < entry.end else { return nil }
    return entry.finding
  }

  /// Remembers a finding. A full cache first lets go of what is over; if nothing is, the new one is refused.
  package mutating func remember(_ verdict: DNSVerdict, of question: DNSQuestion, at now: Instant) {
    guard verdict.lifetime > .zero else { return }
    if entries[question] == nil && entries.count >= capacity {
      entries = entries.filter { now < $0.value.end }
      guard entries.count < capacity else {
        refusals += 1
        return
      }
    }
    entries[question] = Entry(finding: verdict.finding, end: now + verdict.lifetime)
  }
}
