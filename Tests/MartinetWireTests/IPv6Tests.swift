import MartinetTestSupport
import MartinetWire
import Testing

@Suite("IPv6 headers and their chains")
struct IPv6Tests {
  private let source = IPv6Address(high: 0xFD77 << 48, low: 1)
  private let group = IPv6Address.allNodes

  /// A packet of a header and `payload`.
  private func packet(_ nextHeader: UInt8, _ payload: [UInt8], to destination: IPv6Address? = nil) -> [UInt8] {
    let header = IPv6Header(
      payloadLength: payload.count, nextHeader: nextHeader, source: source, destination: destination ?? source)
    return [UInt8](written: 40) { header.encode(into: &$0, at: 0) } + payload
  }

  private func walk(_ octets: [UInt8]) throws -> IPv6Chain {
    try octets.parsed { (bytes) throws(WireError) in try IPv6Header.parse(bytes).walk(bytes) }
  }

  /// An extension header of options, filled up to a multiple of eight octets with PadN.
  private func options(_ next: UInt8, _ list: [UInt8] = []) -> [UInt8] {
    var octets = [next, 0] + list
    let missing = (8 - octets.count % 8) % 8
    if missing == 1 { octets.append(0) }
    if missing > 1 { octets += [1, UInt8(missing - 2)] + [UInt8](repeating: 0, count: missing - 2) }
    octets[1] = UInt8(octets.count / 8 - 1)
    return octets
  }

  private func fragment(_ next: UInt8, offset: Int, more: Bool) -> [UInt8] {
    let header = IPv6FragmentHeader(nextHeader: next, offset: offset, hasMoreFragments: more, identification: 0xABCD)
    return [UInt8](written: 8) { header.encode(into: &$0, at: 0) }
  }

  private let segment = [UInt8](repeating: 0, count: 20)

  @Test("What is written is read back", arguments: 0..<50 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var generator = SeededGenerator(seed)
    let header = IPv6Header(
      trafficClass: generator.number(), flowLabel: generator.number() & 0xF_FFFF, payloadLength: 12,
      nextHeader: generator.number(), hopLimit: generator.number(),
      source: IPv6Address(high: generator.number(), low: generator.number()),
      destination: IPv6Address(high: generator.number(), low: generator.number()))
    let octets = [UInt8](written: 52) { header.encode(into: &$0, at: 0) }
    #expect(try octets.parsed { (bytes) throws(WireError) in try IPv6Header.parse(bytes) } == header)
  }

  @Test("Short packets and other versions are refused, padding is not", .proves("ATK-29"))
  func lengths() throws {
    let octets = packet(6, segment)
    func refused(_ octets: [UInt8]) -> WireError? {
      octets.refused { (bytes) throws(WireError) in try IPv6Header.parse(bytes) }
    }
    for count in 0..<60 { #expect(refused(Array(octets.prefix(count))) == (count < 40 ? .truncated : .totalLength)) }
    #expect(refused(octets + [1, 2, 3]) == nil)
    #expect(refused([0x45] + octets.dropFirst()) == .version)
  }

  @Test("The chain of a plain packet is its payload")
  func plain() throws {
    #expect(try walk(packet(6, segment)) == .upper(protocolNumber: 6, offset: 40, nextHeaderPosition: 6))
  }

  @Test("Extension headers may come in any order and number", .proves("8200-02"))
  func anyOrder() throws {
    let chain = options(60) + options(43) + [60, 0, 9, 0, 0, 0, 0, 0] + options(6)
    #expect(
      try walk(packet(0, chain + segment)) == .upper(protocolNumber: 6, offset: 72, nextHeaderPosition: 64))
  }

  @Test("Hop-by-hop options stand first or are an error", .proves("8200-02"))
  func hopByHopFirst() throws {
    #expect(
      try walk(packet(60, options(0) + options(6) + segment)) == .parameterProblem(code: 1, pointer: 40))
  }

  @Test("A header that nobody knows is found with the place of its number")
  func unknownNextHeader() throws {
    #expect(
      try walk(packet(60, options(200) + segment)) == .upper(protocolNumber: 200, offset: 48, nextHeaderPosition: 40))
  }

  @Test("The two highest bits of an unknown option say what to do with the packet")
  func optionActions() throws {
    let upper = IPv6Chain.upper(protocolNumber: 6, offset: 48, nextHeaderPosition: 40)
    func act(_ type: UInt8, to destination: IPv6Address? = nil) throws -> IPv6Chain {
      try walk(packet(60, options(6, [type, 1, 0]) + segment, to: destination))
    }
    #expect(try act(0x3E) == upper)
    #expect(try act(0x7E) == .discard)
    #expect(try act(0xBE) == .parameterProblem(code: 2, pointer: 42))
    #expect(try act(0xBE, to: group) == .parameterProblem(code: 2, pointer: 42))
    #expect(try act(0xFE) == .parameterProblem(code: 2, pointer: 42))
    #expect(try act(0xFE, to: group) == .discard)
  }

  @Test("A routing header counts only with segments left, and then as an error")
  func routing() throws {
    for type in [0, 2, 253] as [UInt8] {
      let done = [6, 0, type, 0, 0, 0, 0, 0] + segment
      #expect(try walk(packet(43, done)) == .upper(protocolNumber: 6, offset: 48, nextHeaderPosition: 40))
      let left = [6, 0, type, 1, 0, 0, 0, 0] + segment
      #expect(try walk(packet(43, left)) == .parameterProblem(code: 0, pointer: 42))
    }
  }

  @Test("Behind a next header of 59 there is nothing", .proves("8200-12"))
  func nothing() throws {
    #expect(try walk(packet(59, segment)) == .nothing)
    #expect(try walk(packet(60, options(59) + segment)) == .nothing)
  }

  @Test("Headers and options without end are dropped", .proves("8200-14"))
  func bounded() throws {
    let many = (0..<16).flatMap { _ in options(60) }
    #expect(try walk(packet(60, many + options(6) + segment)) == .discard)
    let few = (0..<14).flatMap { _ in options(60) } + options(6)
    #expect(
      try walk(packet(60, few + segment)) == .upper(protocolNumber: 6, offset: 160, nextHeaderPosition: 152))
    let tiny = (0..<60).flatMap { _ in [0x1E, 0] as [UInt8] }
    #expect(try walk(packet(60, options(6, tiny) + segment)) == .discard)
    // Padding of one octet is no option to count.
    let padding = [UInt8](repeating: 0, count: 200)
    #expect(try walk(packet(60, options(6, padding) + segment)) != .discard)
  }

  @Test("Extension headers and options that go beyond the packet are dropped", .proves("ATK-29"))
  func beyond() throws {
    for kind in [0, 60, 43] as [UInt8] {
      #expect(try walk(packet(kind, [6, 200, 0, 0, 0, 0, 0, 0] + segment)) == .discard)
      for count in 0..<8 { #expect(try walk(packet(kind, [UInt8](repeating: 0, count: count))) == .discard) }
    }
    #expect(try walk(packet(60, [6, 0, 1, 5, 0, 0, 0, 0] + segment)) == .discard)
    #expect(try walk(packet(60, [6, 0, 1, 3, 0, 0, 0, 0x1E] + segment)) == .discard)
    #expect(try walk(packet(44, [6, 0, 0])) == .discard)
  }

  @Test("A fragment is found with its place; a datagram in one fragment is walked through")
  func fragments() throws {
    let header = IPv6FragmentHeader(nextHeader: 6, offset: 1232, hasMoreFragments: false, identification: 0xABCD)
    #expect(try walk(packet(44, fragment(6, offset: 1232, more: false) + [1])) == .fragment(header, offset: 48))
    #expect(
      try walk(packet(44, fragment(6, offset: 0, more: false) + segment))
        == .upper(protocolNumber: 6, offset: 48, nextHeaderPosition: 40))
    #expect(try walk(packet(44, fragment(6, offset: 8, more: true))) == .discard)
  }

  @Test("A fragment of a wrong length or beyond 65535 octets is an error of the field to blame")
  func badFragments() throws {
    #expect(
      try walk(packet(44, fragment(6, offset: 0, more: true) + segment)) == .parameterProblem(code: 0, pointer: 4))
    let far = fragment(6, offset: 65528, more: false) + [UInt8](repeating: 0, count: 8)
    #expect(try walk(packet(60, options(44) + far)) == .parameterProblem(code: 0, pointer: 50))
    let last = fragment(6, offset: 65528, more: false) + [UInt8](repeating: 0, count: 7)
    #expect(try walk(packet(60, options(44) + last)) != .parameterProblem(code: 0, pointer: 50))
  }

  @Test("A first fragment holds all headers, that of the transport included")
  func incompleteChain() throws {
    let incomplete = IPv6Chain.parameterProblem(code: 3, pointer: 0)
    let first = fragment(6, offset: 0, more: true)
    #expect(try walk(packet(44, first + segment.prefix(16))) == incomplete)
    #expect(try walk(packet(44, first + segment + [0, 0, 0, 0])) != incomplete)
    let withOptions = fragment(60, offset: 0, more: true) + options(6)
    #expect(try walk(packet(44, withOptions + segment.prefix(16))) == incomplete)
    #expect(try walk(packet(44, withOptions + segment + [0, 0, 0, 0])) != incomplete)
    #expect(try walk(packet(44, fragment(60, offset: 0, more: true) + [6, 9, 0, 0, 0, 0, 0, 0])) == incomplete)
    // The rule is about first fragments.
    #expect(try walk(packet(44, fragment(6, offset: 8, more: true) + segment.prefix(16))) != incomplete)
  }
}
