import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Chains of IPv6 extension headers")
struct IPv6ChainTests {
  private static func echo(_ octets: Int = 1) -> [UInt8] {
    Build.icmp(
      .echoRequest(identifier: 3, sequence: 4), [UInt8](repeating: 7, count: octets), from: IPv6Tests.theirs,
      to: IPv6Tests.ours)
  }

  /// Options of nothing but padding, before `next`.
  private static func padding(before next: UInt8) -> [UInt8] { [next, 0, 1, 4, 0, 0, 0, 0] }

  @Test(
    "A routing header without segments left is walked over, with some it is reported; type 0 is like any other",
    .proves("8200-04"), arguments: [0, 2, 253] as [UInt8])
  func routing(type: UInt8) throws {
    let bench = StackBench.onIP()
    func header(segmentsLeft: UInt8) -> [UInt8] { [IPProtocol.icmpv6, 0, type, segmentsLeft, 0, 0, 0, 0] }
    let answers = bench.answers(to: IPv6Tests.packet(IPProtocol.routing, header(segmentsLeft: 0) + Self.echo()))
    #expect(answers.count == 1)
    #expect(answers.first?.icmpType == [129, 0])
    let complaint = try #require(
      bench.answers(to: IPv6Tests.packet(IPProtocol.routing, header(segmentsLeft: 1) + Self.echo())).first)
    #expect(complaint.icmpType == [4, 0])
    // The pointer shows the type.
    #expect(Array(complaint.transport[4..<8]) == [0, 0, 0, 42])
    #expect(bench.pagesInUse == 0)
  }

  @Test(
    "A first fragment without the header of the transport is discarded, and its sender is told", .proves("8200-07"),
    arguments: [IPProtocol.tcp, IPProtocol.udp, IPProtocol.icmpv6, IPProtocol.destinationOptions])
  func incompleteChain(nextHeader: UInt8) throws {
    let bench = StackBench.onIP()
    // Eight octets: less than TCP's header, and with options before them less than any.
    let isWhole = nextHeader == IPProtocol.udp || nextHeader == IPProtocol.icmpv6
    let piece = nextHeader == IPProtocol.destinationOptions ? Self.padding(before: IPProtocol.udp) : Self.echo(0)
    let header = Build.fragmentHeader(nextHeader, offset: 0, more: true, identification: 9)
    let answers = bench.answers(to: IPv6Tests.packet(IPProtocol.fragment, header + piece))
    #expect(answers.first?.icmpType == (isWhole ? nil : [4, 3]))
    // What would have been the rest is alone then, and nothing comes of it.
    let rest = Build.fragmentHeader(nextHeader, offset: 8, more: false, identification: 9)
    bench.feed(IPv6Tests.packet(IPProtocol.fragment, rest + [UInt8](repeating: 0, count: 24)))
    #expect(bench.wait(.seconds(61)).allSatisfy { $0.icmpType?[0] != 129 })
    #expect(bench.pagesInUse == 0)
  }

  @Test("Hundreds of headers, or of options, are more than anybody looks at", .proves("ATK-54"))
  func longChains() {
    let bench = StackBench.onIP()
    let header = Self.padding(before: IPProtocol.destinationOptions)
    func chain(of count: Int) -> [UInt8] {
      let headers = [[UInt8]](repeating: header, count: count - 1).joined()
      return IPv6Tests.packet(
        IPProtocol.destinationOptions, headers + Self.padding(before: IPProtocol.icmpv6) + Self.echo())
    }
    #expect(bench.answers(to: chain(of: 15)).count == 1)
    for count in [17, 100, 180] { #expect(bench.answers(to: chain(of: count)).isEmpty) }
    #expect(bench.discarded(.malformedExtensionHeader) == 3)
    // 499 options of two octets in one header of a thousand.
    let options = [IPProtocol.icmpv6, 124] + [[UInt8]](repeating: [0x1E, 0], count: 499).joined()
    #expect(bench.answers(to: IPv6Tests.packet(IPProtocol.destinationOptions, options + Self.echo())).isEmpty)
    #expect(bench.discarded(.malformedExtensionHeader) == 4)
    #expect(bench.pagesInUse == 0)
  }

  @Test(
    "What the fragments for one host are called does not tell what those for another are (RFC 7739 section 5.3)",
    .proves("8200-13"))
  func identifications() throws {
    let bench = StackBench.onIP(mtu: 1280)
    var first: [UInt32] = []
    for number in 0..<64 {
      let peer = IPv6Address(high: StackBench.theirs6.high, low: 0x100 + UInt64(number))
      func identification() throws -> UInt32 {
        let piece = try #require(bench.answers(to: large(from: peer)).first)
        return piece.transport[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
      }
      first.append(try identification())
      // Counting keeps the names for one host apart for as long as there can be.
      #expect(try identification() != first[number])
    }
    #expect(Set(first).count == 64)
    #expect(Set(zip(first, first.dropFirst()).map { $1 &- $0 }).count == 63)
    // Of 64 random numbers each bit is in 12 to 52, but for one case in a million.
    for bit in 0..<32 { #expect((12...52).contains(first.count { $0 >> UInt32(bit) & 1 == 1 })) }
  }

  private func large(from source: IPv6Address) -> [UInt8] {
    // A datagram that comes whole and goes back in two pieces.
    let message = Build.icmp(
      .echoRequest(identifier: 3, sequence: 4), [UInt8](repeating: 7, count: 1300), from: .v6(source),
      to: IPv6Tests.ours)
    return IPv6Tests.packet(IPProtocol.icmpv6, message, from: source)
  }
}
