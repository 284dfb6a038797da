import Martinet
import MartinetSimulation
import MartinetTCP
import MartinetWire
import Testing

extension DNSName {
  /// A name that is known to be one.
  static func of(_ text: String) throws -> DNSName { try #require(DNSName(text)) }
}

@Suite("DNS messages")
struct DNSMessageTests {
  /// A response with every kind of record that is understood, and one that is not.
  static func response() throws -> DNSMessage {
    let name = try DNSName.of("www.Example.test")
    let target = try DNSName.of("host.example.test")
    var message = DNSMessage(
      answering: DNSMessage(asking: DNSQuestion(name: name, type: .ipv6Address), identifier: 0xBEEF))
    message.answers = [
      DNSRecord(name: name, timeToLive: 300, content: .canonicalName(target)),
      DNSRecord(name: target, timeToLive: 60, content: .address(.v6(IPv6Address(high: 0x2001_0DB8 << 32, low: 7)))),
      DNSRecord(name: target, timeToLive: 60, content: .address(.v4(IPv4Address(192, 0, 2, 7)))),
    ]
    message.authorities = [
      DNSRecord(name: try .of("example.test"), timeToLive: 900, content: .startOfAuthority(minimum: 30))
    ]
    message.additional = [
      DNSRecord(name: target, timeToLive: 1, content: .other(type: DNSType(rawValue: 16), [3, 0x61, 0x62, 0x63]))
    ]
    return message
  }

  @Test("What is written is read again")
  func roundTrip() throws {
    let message = try Self.response()
    #expect(try DNSMessage.parse(message.encoded()) == message)
    let query = DNSMessage(asking: message.questions[0], identifier: 7)
    #expect(try DNSMessage.parse(query.encoded()) == query)
    #expect(message.answers(message.questions[0], identifier: 0xBEEF))
    #expect(!message.answers(message.questions[0], identifier: 0xBEEE))
    #expect(!query.answers(message.questions[0], identifier: 7))
  }

  @Test("A query has the octets of RFC 1035 section 4.1")
  func query() throws {
    let question = DNSQuestion(name: try .of("A.test."), type: .address)
    let octets = try DNSMessage(asking: question, identifier: 0x0102).encoded()
    let text: [UInt8] = [1, 0x61, 4, 0x74, 0x65, 0x73, 0x74, 0]
    #expect(octets == [1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + text + [0, 1, 0, 1])
  }

  @Test("Names that end alike share their end, and are read through pointers")
  func compression() throws {
    let octets = try Self.response().encoded()
    let label = Array("example".utf8)
    let places = octets.indices.filter { octets[$0...].starts(with: label) }
    #expect(places.count == 1)
  }

  @Test("A name is at most 255 octets, a label 1 to 63, and case does not count")
  func names() throws {
    let label = String(repeating: "x", count: 63)
    #expect(DNSName(label + ".test") != nil && DNSName(label + "x.test") == nil)
    #expect(DNSName("a..test") == nil && DNSName(".test") == nil && DNSName("") == nil)
    #expect(DNSName("a b") == nil && DNSName("b\u{FC}cher.test") == nil)
    let three = [label, label, label].joined(separator: ".")
    #expect(DNSName(three + "." + String(repeating: "x", count: 61)) != nil)
    #expect(DNSName(three + "." + String(repeating: "x", count: 62)) == nil)
    #expect(DNSName("WWW.Test") == DNSName("www.test."))
    #expect(try DNSName.of("a.b.test").isWithin(.of("test")))
    #expect(try !DNSName.of("atest").isWithin(.of("test")))
  }

  @Test("A pointer that does not lead backwards is an error, and so is a name that grows beyond 255 octets")
  func pointers() throws {
    let header: [UInt8] = [0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    let end: [UInt8] = [0, 1, 0, 1]
    for pointer in [[0xC0, 12], [0xC0, 14], [0xFF, 0xFF]] as [[UInt8]] {
      #expect(throws: DNSError.badPointer) { try DNSMessage.parse(header + pointer + end) }
    }
    // A label, then a pointer to that label: a loop.
    #expect(throws: DNSError.badPointer) { try DNSMessage.parse(header + [1, 0x61, 0xC0, 12] + end) }
    for label in [0x40, 0x80] as [UInt8] {
      #expect(throws: DNSError.badLabel) { try DNSMessage.parse(header + [label, 0] + end) }
    }
    let long = (0..<5).flatMap { _ in [63] + [UInt8](repeating: 0x61, count: 63) }
    #expect(throws: DNSError.nameTooLong) { try DNSMessage.parse(header + long + [0] + end) }
    #expect(throws: DNSError.truncated) { try DNSMessage.parse(header + [0xC0]) }
  }

  @Test("A message that ends too early is an error wherever it ends, unless it says that it is truncated")
  func truncations() throws {
    var message = try Self.response()
    let octets = try message.encoded()
    for count in 0..<octets.count {
      #expect(throws: DNSError.self) { try DNSMessage.parse(Array(octets.prefix(count))) }
    }
    message.isTruncated = true
    let marked = try message.encoded()
    #expect(try DNSMessage.parse(Array(marked.dropLast())).answers == message.answers)
  }

  @Test("No octets make the parser trap or work long, and what it reads can be written")
  func mutations() throws {
    let octets = try Self.response().encoded()
    var chance = RandomStream(seed: 1, purpose: .program, index: 35)
    var accepted = 0
    for _ in 0..<20_000 {
      var mutated = octets
      for _ in 0...chance.next(below: 4) {
        let place = Int(chance.next(below: UInt64(mutated.count)))
        switch chance.next(below: 4) {
        case 0: mutated[place] = UInt8(truncatingIfNeeded: chance.next())
        case 1: mutated[place] ^= 1 << UInt8(chance.next(below: 8))
        case 2: mutated.remove(at: place)
        default: mutated.insert(UInt8(chance.next(below: 2)) &* 0xC0, at: place)
        }
      }
      guard let message = try? DNSMessage.parse(mutated) else { continue }
      accepted += 1
      for question in message.questions { _ = message.verdict(on: question) }
      _ = try message.encoded()
    }
    #expect(accepted > 1000)
  }

  @Test("Random octets are refused or read, in bounded time")
  func noise() {
    var chance = RandomStream(seed: 2, purpose: .program, index: 35)
    var refused = 0
    for _ in 0..<5000 {
      let octets = (0..<chance.next(below: 600)).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
      if (try? DNSMessage.parse(octets)) == nil { refused += 1 }
    }
    #expect(refused > 4000)
  }
}

@Suite("What a DNS response says")
struct DNSFindingTests {
  private func finding(_ change: (inout DNSMessage) throws -> Void) throws -> DNSVerdict {
    let question = DNSQuestion(name: try .of("www.example.test"), type: .address)
    var message = DNSMessage(answering: DNSMessage(asking: question, identifier: 1))
    try change(&message)
    return message.verdict(on: question)
  }

  private let address = IPAddress.v4(IPv4Address(192, 0, 2, 1))

  @Test("Aliases are followed inside the response, and the shortest time counts")
  func chain() throws {
    let verdict = try finding { message in
      message.answers = [
        DNSRecord(name: try .of("b.test"), timeToLive: 50, content: .address(address)),
        DNSRecord(name: try .of("www.example.test"), timeToLive: 40, content: .canonicalName(try .of("a.test"))),
        DNSRecord(name: try .of("a.test"), timeToLive: 60, content: .canonicalName(try .of("b.test"))),
        DNSRecord(name: try .of("other.test"), timeToLive: 1, content: .address(.v4(.loopback))),
      ]
    }
    #expect(verdict == DNSVerdict(finding: .addresses([address]), lifetime: .seconds(40)))
  }

  @Test("A chain that leaves the response names where it goes on; one in a circle ends")
  func alias() throws {
    let outside = try finding { message in
      message.answers = [
        DNSRecord(name: try .of("www.example.test"), timeToLive: 40, content: .canonicalName(try .of("a.test")))
      ]
    }
    #expect(outside == DNSVerdict(finding: .alias(try .of("a.test")), lifetime: .seconds(40)))
    let circle = try finding { message in
      message.answers = [
        DNSRecord(name: try .of("www.example.test"), timeToLive: 40, content: .canonicalName(try .of("a.test"))),
        DNSRecord(name: try .of("a.test"), timeToLive: 40, content: .canonicalName(try .of("www.example.test"))),
      ]
    }
    if case .addresses = circle.finding { Issue.record("a circle has no address") }
  }

  @Test("A negative answer may be remembered as long as the zone's authority says, else not at all")
  func negative() throws {
    let authority = DNSRecord(name: .root, timeToLive: 100, content: .startOfAuthority(minimum: 20))
    #expect(try finding { $0.authorities = [authority] } == DNSVerdict(finding: .noData, lifetime: .seconds(20)))
    #expect(try finding { $0.code = .noSuchName } == DNSVerdict(finding: .noSuchName, lifetime: .zero))
    #expect(try finding { _ in } == DNSVerdict(finding: .noData, lifetime: .zero))
  }

  @Test("A full cache lets go of what is over, and refuses the new while nothing is")
  func cache() throws {
    var cache = DNSCache(capacity: 2)
    let questions = try ["a", "b", "c"].map { DNSQuestion(name: try .of($0), type: .address) }
    let now = Instant.zero
    cache.remember(DNSVerdict(finding: .noData, lifetime: .zero), of: questions[0], at: now)
    #expect(cache.count == 0)
    cache.remember(DNSVerdict(finding: .noData, lifetime: .seconds(1)), of: questions[0], at: now)
    cache.remember(DNSVerdict(finding: .noSuchName, lifetime: .seconds(9)), of: questions[1], at: now)
    cache.remember(DNSVerdict(finding: .noData, lifetime: .seconds(9)), of: questions[2], at: now)
    #expect(cache.refusals == 1 && cache.finding(of: questions[2], at: now) == nil)
    let later = now + .seconds(1)
    #expect(cache.finding(of: questions[0], at: later) == nil)
    cache.remember(DNSVerdict(finding: .noData, lifetime: .seconds(9)), of: questions[2], at: later)
    #expect(cache.finding(of: questions[2], at: later) == .noData && cache.count == 2)
    #expect(cache.finding(of: questions[1], at: later) == .noSuchName)
  }
}
