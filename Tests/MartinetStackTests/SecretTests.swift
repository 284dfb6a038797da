import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("What the host's secret makes")
struct SecretTests {
  /// The hash of the octets 0, 1, 2 and so on under the key 0, 1, 2 to 15.
  private static func sipHash(ofFirst count: Int) -> UInt64 {
    var hash = SipHash(k0: 0x0706_0504_0302_0100, k1: 0x0F0E_0D0C_0B0A_0908)
    for word in 0..<(count / 8) {
      hash.add((0..<8).reduce(UInt64(0)) { $0 | UInt64(word * 8 + $1) << UInt64(8 * $1) })
    }
    let rest = count % 8
    let tail = (0..<rest).reduce(UInt64(0)) { $0 | UInt64(count - rest + $1) << UInt64(8 * $1) }
    return hash.finish(tail: tail, count: UInt64(rest))
  }

  @Test(
    "SipHash-2-4 gives the values of its authors' vectors",
    arguments: [
      (0, 0x726F_DB47_DD0E_0E31), (1, 0x74F8_39C5_93DC_67FD), (2, 0x0D6C_8009_D9A9_4F5A), (3, 0x8567_6696_D7FB_7E2D),
      (8, 0x93F5_F579_9A93_2462), (15, 0xA129_CA61_49BE_45E5),
    ] as [(Int, UInt64)])
  func vectors(_ count: Int, _ value: UInt64) {
    #expect(Self.sipHash(ofFirst: count) == value)
  }

  // MARK: Initial sequence numbers

  /// The sequence number of the SYN of a connection to `remote`.
  private static func sequence(
    to remote: Endpoint, from port: UInt16, at offset: Interval, secret: HostSecret = HostSecret(1, 2)
  ) throws -> UInt32 {
    let bench = StackBench(secret: secret)
    bench.addInterface(LinkDescription(name: InterfaceName("ip0"), mtu: 1500))
    bench.now = bench.now + offset
    _ = try bench.host.connect(to: remote, from: Endpoint(StackBench.ours, port), at: bench.now)
    let header = try #require(bench.drain().first?.tcp)
    return header.sequence.rawValue
  }

  @Test(
    "Initial sequence numbers of ten thousand peers at one instant look uniform",
    .proves("6528-01", "6528-02", "6528-04", "9293-SHLD-1", "ATK-38"))
  func uniformSequences() throws {
    let bench = StackBench.onIP { $0.connections = 20_000 }
    var buckets = [Int](repeating: 0, count: 64)
    var parities = [Int](repeating: 0, count: 32)
    for number in 0..<10_000 {
      let remote = Endpoint(.v4(IPv4Address(10, 0, UInt8(0), UInt8(2 + number % 200))), UInt16(1 + number / 200))
      _ = try bench.host.connect(to: remote, from: Endpoint(StackBench.ours, UInt16(2000 + number)), at: bench.now)
    }
    for sighting in bench.drain() {
      let value = try #require(sighting.tcp).sequence.rawValue
      buckets[Int(value >> 26)] += 1
      for bit in 0..<32 where value >> UInt32(bit) & 1 == 1 { parities[bit] += 1 }
    }
    #expect(buckets.reduce(0, +) == 10_000)
    // Chi-square with 63 degrees of freedom: 120 is beyond one in a hundred thousand.
    let expected = 10_000.0 / 64
    let chiSquare = buckets.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    #expect(chiSquare < 120)
    for ones in parities { #expect(abs(ones - 5000) < 250) }
  }

  @Test(
    "The sequence numbers of one pair of ends follow a clock of 4 microseconds",
    .proves("6528-01", "6528-04", "9293-MUST-8"))
  func clock() throws {
    let remote = Endpoint(StackBench.theirs, 80)
    let first = try Self.sequence(to: remote, from: 3000, at: .zero)
    let later = try Self.sequence(to: remote, from: 3000, at: .milliseconds(100))
    #expect(later &- first == 25_000)
    // 4.77 hours later the clock has come round.
    let tick = Int64(4000)
    #expect(try Self.sequence(to: remote, from: 3000, at: Interval(nanoseconds: tick << 32)) == first)
  }

  @Test("Another secret gives other sequence numbers", .proves("6528-02", "6528-03", "9293-MUST-9"))
  func secret() throws {
    let remote = Endpoint(StackBench.theirs, 80)
    let one = try Self.sequence(to: remote, from: 3000, at: .zero)
    #expect(try Self.sequence(to: remote, from: 3000, at: .zero) == one)
    #expect(try Self.sequence(to: remote, from: 3000, at: .zero, secret: HostSecret(1, 3)) != one)
    #expect(try Self.sequence(to: remote, from: 3000, at: .zero, secret: HostSecret(2, 2)) != one)
  }

  // MARK: Ephemeral ports

  private static func ports(_ count: Int, to remote: Endpoint, on bench: StackBench) throws -> [UInt16] {
    var ports: [UInt16] = []
    for _ in 0..<count {
      let handle = try bench.connect(to: remote)
      ports.append(try #require(bench.status(handle)).local.port)
    }
    return ports
  }

  @Test("Ephemeral ports come from the whole dynamic range", .proves("6056-01"))
  func wholeRange() throws {
    let bench = StackBench.onIP()
    var seen: Set<UInt16> = []
    for destination in 0..<400 {
      let remote = Endpoint(.v4(IPv4Address(10, 0, 0, UInt8(2 + destination % 200))), UInt16(80 + destination))
      seen.formUnion(try Self.ports(5, to: remote, on: bench))
    }
    #expect(seen.allSatisfy { (49152...65535).contains($0) })
    // 2,000 draws reach each quarter of the range.
    for quarter in 0..<4 { #expect(seen.contains { (Int($0) - 49152) / 4096 == quarter }) }
    #expect(seen.min()! < 49400 && seen.max()! > 65300)
  }

  @Test("The ports used towards one destination say nothing about another", .proves("6056-02"))
  func unrelatedPorts() throws {
    let bench = StackBench.onIP()
    var starts: [Int] = []
    for destination in 0..<100 {
      let remote = Endpoint(.v4(IPv4Address(10, 0, 0, UInt8(2 + destination))), 80)
      starts.append(Int(try Self.ports(1, to: remote, on: bench)[0]))
    }
    let neighbours = zip(starts, starts.dropFirst()).count { abs($0 - $1) < 64 }
    #expect(neighbours < 5)
    #expect(Set(starts).count > 90)
  }

  @Test("A port that is listened to is not given away", .proves("6056-03"))
  func listenedPortsAreSkipped() throws {
    let bench = StackBench.onIP { $0.ephemeralPorts = 50_000...50_003 }
    _ = try bench.host.listen(on: Endpoint(.v4(.any), 50_001), backlog: 1, at: bench.now)
    let ports = try Self.ports(3, to: Endpoint(StackBench.theirs, 80), on: bench)
    #expect(Set(ports) == [50_000, 50_002, 50_003])
  }

  @Test("When all ports towards a destination are taken, connecting fails and does not hang", .proves("6056-04"))
  func exhaustion() throws {
    let bench = StackBench.onIP { $0.ephemeralPorts = 50_000...50_007 }
    let remote = Endpoint(StackBench.theirs, 80)
    #expect(Set(try Self.ports(8, to: remote, on: bench)).count == 8)
    #expect(throws: HostError.noPorts) { try bench.connect(to: remote) }
    // Towards another destination they are free.
    #expect(try Self.ports(8, to: Endpoint(StackBench.theirs, 81), on: bench).count == 8)
  }
}
