import MartinetLinks
import MartinetTCP
import MartinetWire
import Testing

@Suite("Who lives behind which outer endpoint")
struct PeerTableTests {
  static let first = OuterEndpoint(Endpoint(.v4(.loopback), 1001))
  static let second = OuterEndpoint(Endpoint(.v4(.loopback), 1002))
  static let inner = IPAddress.v4(IPv4Address(10, 77, 0, 5))

  static func second(_ number: Int64) -> Instant { .zero + .seconds(number) }

  @Test("A second claimant is refused while the first is alive")
  func refusal() {
    var table = PeerTable()
    #expect(table.claim(Self.inner, by: Self.first, at: Self.second(0)) == .accepted)
    #expect(table.claim(Self.inner, by: Self.second, at: Self.second(59)) == .refused)
    #expect(table.claim(Self.inner, by: Self.first, at: Self.second(59)) == .accepted)
    #expect(table.claim(Self.inner, by: Self.second, at: Self.second(118)) == .refused)
    #expect(table.peer(of: Self.inner) == Self.first)
  }

  @Test("The address of a peer that is silent for a minute goes to who claims it")
  func succession() {
    var table = PeerTable()
    #expect(table.claim(Self.inner, by: Self.first, at: Self.second(0)) == .accepted)
    #expect(table.claim(Self.inner, by: Self.second, at: Self.second(60)) == .accepted)
    #expect(table.peer(of: Self.inner) == Self.second)
    #expect(table.count == 1)
  }

  @Test("An ICMP error is evidence against a peer, which its next packet refutes")
  func doubt() {
    var table = PeerTable()
    _ = table.claim(Self.inner, by: Self.first, at: Self.second(0))
    table.doubt(Self.first)
    #expect(table.peer(of: Self.inner) == Self.first)
    #expect(table.claim(Self.inner, by: Self.second, at: Self.second(4)) == .refused)
    _ = table.claim(Self.inner, by: Self.first, at: Self.second(4))
    #expect(table.claim(Self.inner, by: Self.second, at: Self.second(30)) == .refused)
    table.doubt(Self.first)
    #expect(table.claim(Self.inner, by: Self.second, at: Self.second(30)) == .accepted)
  }

  @Test("A full table refuses the new and keeps the old until it is dead")
  func bounds() {
    var limits = PeerTable.Limits()
    limits.addresses = 3
    limits.addressesPerPeer = 2
    var table = PeerTable(limits: limits)
    func address(_ number: UInt32) -> IPAddress { .v4(IPv4Address(number)) }
    #expect(table.claim(address(1), by: Self.first, at: Self.second(10)) == .accepted)
    #expect(table.claim(address(2), by: Self.first, at: Self.second(10)) == .accepted)
    #expect(table.claim(address(3), by: Self.first, at: Self.second(10)) == .full)
    #expect(table.claim(address(3), by: Self.second, at: Self.second(10)) == .accepted)
    #expect(table.claim(address(4), by: Self.second, at: Self.second(20)) == .full)
    #expect(table.count == 3)
    #expect(table.claim(address(4), by: Self.second, at: Self.second(70)) == .accepted)
    #expect(table.count == 1)
  }
}
