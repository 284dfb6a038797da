import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Which shard owns a flow")
struct SteeringTests {
  private static let secret = HostSecret(1, 2)
  private static let near = StackBench.ours
  private static let far = StackBench.theirs

  private static func flow(_ port: UInt16, to remote: UInt16 = 80) -> FlowKey {
    FlowKey(local: Endpoint(near, port), remote: Endpoint(far, remote))
  }

  @Test("Both ends of a flow have the same owner, in both families", arguments: [2, 3, 7, 64])
  func symmetric(shards: Int) {
    let steering = Steering(secret: Self.secret, shards: shards)
    let pairs: [(IPAddress, IPAddress)] = [
      (Self.near, Self.far), (.v6(StackBench.ours6), .v6(StackBench.theirs6)), (Self.near, Self.near),
    ]
    for (near, far) in pairs {
      for port in stride(from: UInt16(1024), to: 65000, by: 61) {
        let flow = FlowKey(local: Endpoint(near, port), remote: Endpoint(far, 443))
        let owner = steering.owner(of: flow)
        #expect(owner == steering.owner(of: FlowKey(local: flow.remote, remote: flow.local)))
        #expect((0..<shards).contains(owner))
      }
    }
  }

  @Test("Flows spread evenly, whether ports or addresses differ", arguments: [2, 3, 8])
  func even(shards: Int) {
    let steering = Steering(secret: Self.secret, shards: shards)
    var byPort = [Int](repeating: 0, count: shards)
    var byAddress = byPort
    for number in UInt16(0)..<16384 {
      byPort[steering.owner(of: Self.flow(49152 + number))] += 1
      let client = IPAddress.v4(IPv4Address(10, 1, UInt8(number >> 8), UInt8(number & 255)))
      byAddress[steering.owner(of: FlowKey(local: Endpoint(Self.near, 80), remote: Endpoint(client, 40000)))] += 1
    }
    let fair = 16384 / shards
    for count in byPort + byAddress { #expect(abs(count - fair) < fair / 10) }
  }

  @Test("Another secret steers otherwise: nobody outside knows who owns a flow")
  func keyed() {
    let one = Steering(secret: Self.secret, shards: 2)
    let other = Steering(secret: HostSecret(1, 3), shards: 2)
    let flows = (UInt16(1000)..<2000).map { Self.flow($0) }
    let differing = flows.count { one.owner(of: $0) != other.owner(of: $0) }
    #expect((400...600).contains(differing))
  }

  @Test("A stack of one shard owns every flow")
  func alone() {
    let steering = Steering(secret: Self.secret, shards: 1)
    #expect((UInt16(1)..<100).allSatisfy { steering.owner(of: Self.flow($0)) == 0 })
  }

  // MARK: Ports

  /// A host that is one shard.
  private static func shard(
    _ number: Int, of shards: Int, _ configure: (inout HostConfiguration) -> Void = { _ in }
  ) -> StackBench {
    var configuration = HostConfiguration()
    configure(&configuration)
    let share = ShardShare(number, of: Steering(secret: secret, shards: shards))
    let bench = StackBench(Host(configuration: configuration, secret: secret, share: share))
    bench.addInterface(LinkDescription(name: InterfaceName("ip0"), mtu: 1500))
    return bench
  }

  @Test(
    "A shard gives connections ports that make their flows its own, and no two shards the same one", arguments: [2, 3])
  func ports(shards: Int) throws {
    let steering = Steering(secret: Self.secret, shards: shards)
    var ports: [UInt16] = []
    for number in 0..<shards {
      let bench = Self.shard(number, of: shards)
      for _ in 0..<200 {
        let handle = try bench.host.connect(to: Endpoint(Self.far, 80), at: bench.now)
        let local = try #require(bench.host.status(of: handle, at: bench.now)?.local)
        #expect(steering.owner(of: Self.flow(local.port)) == number)
        #expect(handle.shard == number)
        ports.append(local.port)
      }
    }
    #expect(Set(ports).count == ports.count)
  }

  @Test("Together the shards have every port, and say when theirs are gone")
  func allPorts() throws {
    var ports: [UInt16] = []
    for number in 0..<2 {
      let bench = Self.shard(number, of: 2) { $0.ephemeralPorts = 50000...50099 }
      while true {
        do throws(HostError) {
          let handle = try bench.host.connect(to: Endpoint(Self.far, 80), at: bench.now)
          ports.append(bench.host.status(of: handle, at: bench.now)?.local.port ?? 0)
        } catch {
          #expect(error == .noPorts)
          break
        }
      }
    }
    #expect(ports.sorted() == Array(50000...50099))
  }

  @Test("The slot of a connection that is gone makes handles of the same shard")
  func generations() throws {
    let bench = Self.shard(1, of: 2)
    var handles: [ConnectionHandle] = []
    for _ in 0..<3 {
      let handle = try bench.host.connect(to: Endpoint(Self.far, 80), at: bench.now)
      bench.host.abort(handle, at: bench.now)
      bench.host.close(handle, at: bench.now)
      _ = bench.drain()
      handles.append(handle)
    }
    #expect(handles.allSatisfy { $0.shard == 1 && bench.host.readiness(of: $0) == nil })
    #expect(Set(handles.map(\.generation)).count == 3)
  }

  @Test("A segment of a flow that another shard owns opens nothing and is answered by nobody but that shard")
  func foreignFlow() throws {
    let benches = [Self.shard(0, of: 2), Self.shard(1, of: 2)]
    let steering = Steering(secret: Self.secret, shards: 2)
    for bench in benches { _ = try bench.host.listen(on: Endpoint(Self.near, 80), backlog: 8, at: bench.now) }
    let client = Endpoint(Self.far, 40000)
    let owner = steering.owner(of: FlowKey(local: Endpoint(Self.near, 80), remote: client))
    let syn = Build.segment(client, Endpoint(Self.near, 80), .syn, sequence: 1, acknowledgement: 0)
    #expect(benches[owner].answers(to: syn).count == 1)
    #expect(benches[1 - owner].answers(to: syn).isEmpty)
    #expect(benches[1 - owner].host.statistics.discarded(.foreignFlow) == 1)
  }

  @Test("What one shard believes of the MTU of a path the others hear, and send segments that fit")
  func pathNews() throws {
    let (one, other) = (Self.shard(0, of: 2), Self.shard(1, of: 2))
    let talk = try Self.conversation(of: one)
    try one.write([UInt8](repeating: 1, count: 3000), on: talk.handle)
    let sent = try #require(one.drain().first)
    let message = Build.icmp(
      ICMPMessage.destinationUnreachable(code: 4, nextHopMTU: 1000), Array(sent.packet.prefix(28)))
    one.feed(Build.ip(from: Self.far, to: Self.near, protocolNumber: IPProtocol.icmp, message))
    let polled = one.host.pollPathNews()
    let news = try #require(polled)
    #expect(news.destination == Self.far && news.lesson == PathLesson(mtu: 1000))
    let more = one.host.pollPathNews()
    #expect(more == nil)

    other.host.hear(news, at: other.now)
    let echo = other.host.pollPathNews()
    #expect(echo == nil)
    let heard = try Self.conversation(of: other)
    try other.write([UInt8](repeating: 1, count: 3000), on: heard.handle)
    let segments = other.drain()
    #expect(!segments.isEmpty && segments.allSatisfy { $0.packet.count <= 1000 })
  }

  /// A connection to the other end, established.
  private static func conversation(of bench: StackBench) throws -> (handle: ConnectionHandle, peer: RawPeer) {
    let handle = try bench.connect(to: Endpoint(far, 80))
    var peer = RawPeer(bench, port: 80, to: try #require(bench.status(handle)).local)
    peer.answerOpening()
    return (handle, peer)
  }

  // MARK: Bounds

  @Test("What shards have for themselves is divided, and the parts make the whole", arguments: [2, 3, 5])
  func divided(shards: Int) {
    let whole = HostConfiguration()
    let parts = (0..<shards).map { whole.share(of: $0, among: shards) }
    let divided: [KeyPath<HostConfiguration, Int>] = [
      \.pages, \.traceCapacity, \.connections, \.orphans, \.timeWait, \.synQueue, \.synCookiesPerSecond,
      \.synCookieBurst,
      \.fastOpenQueue, \.resetsPerSecond, \.resetBurst,
    ]
    for bound in divided { #expect(parts.map { $0[keyPath: bound] }.reduce(0, +) == whole[keyPath: bound]) }
    #expect(parts.allSatisfy { $0.listeners == whole.listeners && $0.datagramBytes == whole.datagramBytes })
    #expect(whole.share(of: 0, among: 1).pages == whole.pages)
  }
}
