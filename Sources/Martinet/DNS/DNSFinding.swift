import MartinetTCP
import MartinetWire

/// What a response says about a question.
package enum DNSFinding: Equatable, Sendable {
  case addresses([IPAddress])
  /// The name is another one's alias, and the response does not say more of that.
  case alias(DNSName)
  /// The name exists and has no such record.
  case noData
  case noSuchName
}

/// A finding with how long it may be remembered.
package struct DNSVerdict: Equatable, Sendable {
  package var finding: DNSFinding
  /// Zero: not at all.
  package var lifetime: Interval

  package init(finding: DNSFinding, lifetime: Interval) {
    self.finding = finding
    self.lifetime = lifetime
  }
}

extension DNSMessage {
  /// The most aliases that are followed for one name (RFC 1034 section 3.6.2 knows no bound; a loop has no end).
  package static let longestChain = 8
  /// How long a finding is remembered at most, whatever the server says (RFC 8767 section 4 recommends a bound).
  package static let longestLifetime = Interval.seconds(86_400)
  /// The same for a negative one (RFC 2308 section 5 advises hours at most).
  package static let longestNegativeLifetime = Interval.seconds(900)

  /// Whether this is the response to `question` with that identifier (RFC 5452 section 9.1).
  package func answers(_ question: DNSQuestion, identifier: UInt16) -> Bool {
    isResponse && operation == 0 && self.identifier == identifier && questions == [question]
  }

  /// What a response of code "no error" or "no such name" says about `question`, which is about addresses.
  package func verdict(on question: DNSQuestion) -> DNSVerdict {
    var name = question.name
    var seconds = UInt32.max
    for _ in 0...DNSMessage.longestChain {
      let own = answers.filter { $0.name == name && $0.recordClass == question.recordClass }
      let found = own.filter { $0.content.type == question.type }
      let addresses = found.compactMap(\.address)
      if !addresses.isEmpty {
        seconds = found.map(\.timeToLive).reduce(seconds, min)
        return DNSVerdict(
          finding: .addresses(addresses), lifetime: min(.seconds(Int64(seconds)), DNSMessage.longestLifetime))
      }
      guard let alias = own.first(where: { $0.content.type == .canonicalName }),
        case .canonicalName(let target) = alias.content
      else { break }
      seconds = min(seconds, alias.timeToLive)
      name = target
    }
    return negativeVerdict(on: question, lastName: name, chainSeconds: seconds)
  }

  /// There is no address in the response: the chain of aliases goes on elsewhere, or it says that there is none (RFC 2308 section 2).
  private func negativeVerdict(
    on question: DNSQuestion, lastName: DNSName, chainSeconds: UInt32
  ) -> DNSVerdict {
    let authority = authorities.first { $0.content.type == .startOfAuthority }
    if code != .noSuchName && lastName != question.name && authority == nil {
      return DNSVerdict(
        finding: .alias(lastName), lifetime: min(.seconds(Int64(chainSeconds)), DNSMessage.longestLifetime))
    }
    // Without the authority's record a negative answer is not to be remembered (RFC 2308 section 5).
    var lifetime = Interval.zero
    if let authority, case .startOfAuthority(let minimum) = authority.content {
      lifetime = .seconds(Int64(min(minimum, authority.timeToLive, chainSeconds)))
    }
    return DNSVerdict(
      finding: code == .noSuchName ? .noSuchName : .noData, lifetime: min(lifetime, DNSMessage.longestNegativeLifetime))
  }
}

extension DNSRecord {
  fileprivate var address: IPAddress? {
    if case .address(let address) = content { address } else { nil }
  }
}
