import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Answers for each family at a time of its own, in virtual time.
struct ScriptedResolver: Resolver {
  /// Nil: never.
  var ipv6: (after: Duration, addresses: [IPAddress])?
  var ipv4: (after: Duration, addresses: [IPAddress])?
  var failure: SocketError?

  func lookUp(
    _ name: String, _ families: [AddressFamily], on stack: NetworkStack, notify: @escaping @Sendable () -> Void
  ) -> any NameLookup {
    Lookup(script: self, begin: stack.now)
  }

  private final class Lookup: NameLookup {
    let script: ScriptedResolver
    let begin: Duration

    init(script: ScriptedResolver, begin: Duration) {
      self.script = script
      self.begin = begin
    }

    func poll(at now: Instant) -> NameProgress {
      var progress = NameProgress()
      for (family, plan) in [(AddressFamily.ipv6, script.ipv6), (.ipv4, script.ipv4)] {
        guard let plan else { continue }
        let time = Instant.zero + Interval(nanoseconds: Int64((begin + plan.after) / .nanoseconds(1)))
        if now >= time {
          progress[family] = script.failure.map { .failure($0) } ?? .success(plan.addresses)
        } else {
          progress.deadline = min(progress.deadline, time)
        }
      }
      return progress
    }

    func cancel() {}
  }
}

@Suite("Happy Eyeballs")
struct HappyEyeballsTests {
  let pair = DualPair()

  /// The SYNs that the client has sent, and when.
  private func attempts() -> [String] {
    var all: [String] = []
    pair.simulation.withNetwork { network in
      while network.takeCaptured(
        of: pair.clientHost,
        { packet, bytes in
          guard packet.direction == .sent, let (destination, flags) = Self.segment(bytes), flags == .syn else { return }
          all.append("\(packet.time.nanoseconds / 1_000_000) ms: \(destination)")
        })
      {}
    }
    return all
  }

  /// Where a segment goes, and its flags.
  private static func segment(_ bytes: RawSpan) -> (IPAddress, TCPFlags)? {
    if let ip = try? IPv4Header.parse(bytes), ip.protocolNumber == 6 {
      return (.v4(ip.destination), TCPFlags(rawValue: UInt16(bytes.uint8(at: ip.headerLength + 13))))
    }
    guard let ip = try? IPv6Header.parse(bytes), ip.nextHeader == 6 else { return nil }
    return (.v6(ip.destination), TCPFlags(rawValue: UInt16(bytes.uint8(at: 40 + 13))))
  }

  /// Connects to port 80 of a name with these addresses; the right host listens.
  private func connect(
    _ resolver: ScriptedResolver, timeout: Duration? = nil, knobs: HappyEyeballs = HappyEyeballs(),
    _ body: (Result<Socket, SocketError>, NetworkStack) throws -> Void
  ) throws {
    pair.simulation.withNetwork { network in network.tap(pair.clientHost) }
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let stack = pair.client(resolver)
      let result = Result { () throws(SocketError) in
        try Socket(host: "www.test", port: 80, on: stack, timeout: timeout, racing: knobs)
      }
      try body(result, stack)
      listener.close()
    }
  }

  @Test("Takes IPv6 where it works, and does not even try IPv4")
  func prefersIPv6() throws {
    let resolver = ScriptedResolver(ipv6: (.zero, [DualPair.server6]), ipv4: (.zero, [DualPair.server4]))
    try connect(resolver) { result, stack in
      let socket = try result.get()
      #expect(socket.remoteEndpoint == Endpoint(DualPair.server6, 80) && socket.isConnected)
      #expect(socket.localAddress == DualPair.client6)
      #expect(stack.now == .milliseconds(20))
      #expect(stack.connections.count == 1)
    }
    #expect(attempts() == ["0 ms: \(DualPair.server6)"])
  }

  @Test(
    "Where IPv6 is silent, IPv4 begins after 250 ms; the first that is complete wins and the other leaves nothing behind",
    .proves("8305-01", "8305-03"))
  func silentIPv6() throws {
    let resolver = ScriptedResolver(ipv6: (.zero, [DualPair.nobody6]), ipv4: (.zero, [DualPair.server4]))
    try connect(resolver) { result, stack in
      let socket = try result.get()
      #expect(socket.remoteEndpoint == Endpoint(DualPair.server4, 80))
      #expect(stack.now == .milliseconds(270))
      // The loser is gone: no connection, no memory, no more SYNs.
      #expect(stack.connections.map(\.remote) == [Endpoint(DualPair.server4, 80)])
      try socket.outputStream.write([1])
      try pair.simulation.sleep(for: .seconds(300))
      socket.abort()
      #expect(stack.connections.isEmpty && stack.core.pagesInUse == 0)
    }
    #expect(attempts() == ["0 ms: \(DualPair.nobody6)", "250 ms: \(DualPair.server4)"])
  }

  @Test("A slow first attempt may still win while others run beside it", .proves("8305-03"))
  func slowWinner() throws {
    pair.simulation.withNetwork { network in
      var slow = Impairment()
      slow.delay = .milliseconds(300)
      network.setImpairment(slow, of: pair.wire)
    }
    let resolver = ScriptedResolver(
      ipv6: (.zero, [DualPair.server6]), ipv4: (.zero, [DualPair.server4, DualPair.second4]))
    try connect(resolver) { result, stack in
      let remote = try result.get().remoteEndpoint
      #expect(remote == Endpoint(DualPair.server6, 80))
      #expect(stack.now == .milliseconds(600) && stack.connections.count == 1)
      // The handshakes that are completed too late are answered with RST, so the server keeps none of them.
      try pair.simulation.sleep(for: .seconds(2))
      let kept = pair.server.connections.filter { $0.phase == .established }
      #expect(kept.map(\.local.address) == [DualPair.server6])
    }
    #expect(
      attempts().prefix(3) == [
        "0 ms: \(DualPair.server6)", "250 ms: \(DualPair.server4)", "500 ms: \(DualPair.second4)",
      ])
  }

  @Test("An attempt that fails is followed by the next at once; families take turns", .proves("8305-02"))
  func refused() throws {
    let resolver = ScriptedResolver(
      ipv6: (.zero, [DualPair.nobody6, DualPair.six(98)]), ipv4: (.zero, [DualPair.nobody4, DualPair.second4]))
    let knobs = HappyEyeballs()
    try connect(resolver, knobs: knobs) { result, _ in
      let remote = try result.get().remoteEndpoint
      #expect(remote == Endpoint(DualPair.second4, 80))
    }
    let order = [
      "0 ms: \(DualPair.nobody6)", "250 ms: \(DualPair.nobody4)", "500 ms: \(DualPair.six(98))",
      "750 ms: \(DualPair.second4)",
    ]
    #expect(attempts() == order)
    let other = HappyEyeballsTests()
    try other.closedPorts()
  }

  /// Nobody listens at any address: each refusal takes a round trip, and the next attempt waits for no more.
  private func closedPorts() throws {
    let resolver = ScriptedResolver(ipv6: (.zero, [DualPair.server6]), ipv4: (.zero, [DualPair.server4]))
    pair.simulation.withNetwork { network in network.tap(pair.clientHost) }
    try pair.simulation.run {
      let stack = pair.client(resolver)
      let error = socketError { _ = try Socket(host: "www.test", port: 80, on: stack) }
      #expect(error?.reason == .refused && error?.endpoint == Endpoint(DualPair.server4, 80))
      #expect(stack.now == .milliseconds(40) && stack.connections.isEmpty)
    }
    #expect(attempts() == ["0 ms: \(DualPair.server6)", "20 ms: \(DualPair.server4)"])
  }

  @Test("IPv4 addresses that come first wait 50 ms for those of IPv6, and not for their failure", .proves("8305-04"))
  func resolutionDelay() throws {
    func first(_ resolver: ScriptedResolver, _ knobs: HappyEyeballs = HappyEyeballs()) throws -> String? {
      let fresh = HappyEyeballsTests()
      try fresh.connect(resolver, knobs: knobs) { result, _ in _ = try result.get() }
      return fresh.attempts().first
    }
    let six = [DualPair.server6]
    let four = [DualPair.server4]
    let early = ScriptedResolver(ipv6: (.milliseconds(30), six), ipv4: (.zero, four))
    #expect(try first(early) == "30 ms: \(DualPair.server6)")
    let late = ScriptedResolver(ipv6: (.milliseconds(80), six), ipv4: (.zero, four))
    #expect(try first(late) == "50 ms: \(DualPair.server4)")
    let never = ScriptedResolver(ipv6: nil, ipv4: (.milliseconds(5), four))
    #expect(try first(never) == "55 ms: \(DualPair.server4)")
    let none = ScriptedResolver(ipv6: (.milliseconds(10), []), ipv4: (.zero, four))
    #expect(try first(none) == "10 ms: \(DualPair.server4)")
    let sixFirst = ScriptedResolver(ipv6: (.milliseconds(5), six), ipv4: (.milliseconds(500), four))
    #expect(try first(sixFirst) == "5 ms: \(DualPair.server6)")
    var impatient = HappyEyeballs()
    impatient.resolutionDelay = .zero
    #expect(try first(early, impatient) == "0 ms: \(DualPair.server4)")
  }

  @Test("Addresses that come while attempts run are tried as well")
  func lateAddresses() throws {
    let resolver = ScriptedResolver(ipv6: (.milliseconds(400), [DualPair.server6]), ipv4: (.zero, [DualPair.nobody4]))
    try connect(resolver) { result, _ in
      let remote = try result.get().remoteEndpoint
      #expect(remote == Endpoint(DualPair.server6, 80))
    }
    #expect(attempts() == ["50 ms: \(DualPair.nobody4)", "400 ms: \(DualPair.server6)"])
  }

  @Test("The delay between attempts is a knob from 10 ms to 2 s", .proves("8305-01"))
  func knobs() throws {
    var knobs = HappyEyeballs()
    knobs.connectionAttemptDelay = .milliseconds(100)
    let resolver = ScriptedResolver(ipv6: (.zero, [DualPair.nobody6]), ipv4: (.zero, [DualPair.server4]))
    try connect(resolver, knobs: knobs) { result, stack in
      _ = try result.get()
      #expect(stack.now == .milliseconds(120))
    }
    for wrong in [Duration.milliseconds(9), .milliseconds(2001), .zero, .seconds(-1)] {
      knobs.connectionAttemptDelay = wrong
      let error = socketError { _ = try Socket(host: "www.test", port: 80, on: pair.client(resolver), racing: knobs) }
      #expect(error?.kind == .argument)
    }
    knobs = HappyEyeballs()
    knobs.resolutionDelay = .seconds(-1)
    let error = socketError { _ = try Socket(host: "www.test", port: 80, on: pair.client(resolver), racing: knobs) }
    #expect(error?.kind == .argument)
  }

  @Test("Gives up when the caller's time is over, with nothing left behind")
  func timeout() throws {
    let resolver = ScriptedResolver(ipv6: (.zero, [DualPair.nobody6]), ipv4: (.zero, [DualPair.nobody4]))
    try connect(resolver, timeout: .seconds(1)) { result, stack in
      guard case .failure(let error) = result else {
        Issue.record("nobody is there")
        return
      }
      #expect(error.reason == .timedOut(.seconds(1)) && error.kind == .timeout)
      #expect(stack.now == .seconds(1) && stack.connections.isEmpty && stack.core.pagesInUse == 0)
    }
    let silent = HappyEyeballsTests()
    try silent.connect(ScriptedResolver(), timeout: .seconds(3)) { result, stack in
      guard case .failure(let error) = result else { return }
      #expect(error.reason == .timedOut(.seconds(3)) && stack.now == .seconds(3))
    }
  }

  @Test("Reports why no address could be found out")
  func noAddress() throws {
    let why = SocketError(.resolve, nil, .resolutionFailed("www.test", .noAnswer(queries: 3)))
    let failing = ScriptedResolver(ipv6: (.zero, []), ipv4: (.milliseconds(5), []), failure: why)
    try connect(failing) { result, _ in
      #expect(socketError { _ = try result.get() } == why)
    }
    let empty = HappyEyeballsTests()
    try empty.connect(ScriptedResolver(ipv6: (.zero, []), ipv4: (.zero, []))) { result, _ in
      #expect(socketError { _ = try result.get() } == SocketError(.resolve, nil, .unknownHost("www.test")))
    }
  }

  @Test("The order is that of RFC 6724 with the families taking turns, IPv6 first", .proves("8305-02"))
  func order() throws {
    let link = IPAddress.v6(IPv6Address(high: 0xFE80 << 48, low: 9))
    let unique = IPAddress.v6(IPv6Address(high: 0xFD00 << 48, low: 9))
    let near = DualPair.six(0x30)
    let far = IPAddress.v6(IPv6Address(high: 0x2400 << 48, low: 9))
    let four = [DualPair.server4, DualPair.second4]
    let all = [four[0], unique, far, four[1], link, near]
    let sorted = all.sorted { address in
      switch address {
      case link: nil
      case _ where address.isIPv4: DualPair.client4
      default: DualPair.client6
      }
    }
    // Same network, then the rest of the Internet, then IPv4, then what another label or no way at all puts last.
    #expect(sorted == [near, far, four[0], four[1], unique, link])
    #expect(sorted.interleaved(beginningWith: .ipv6) == [near, four[0], far, four[1], unique, link])
    #expect(sorted.interleaved(beginningWith: .ipv4) == [four[0], near, four[1], far, unique, link])
  }

  @Test("Works with the stub resolver, in virtual time, the same each time", .proves("8305-01", "8305-04"))
  func endToEnd() throws {
    func run(_ seed: UInt64) throws -> (Endpoint?, Duration, [String]) {
      let test = HappyEyeballsTests()
      let pair = test.pair
      let zone = Zone(records: ["www.test": [.address(DualPair.nobody6), .address(DualPair.server4)]])
      let resolver = try StubResolver(servers: [DualPair.second4])
      pair.simulation.withNetwork { network in network.tap(pair.clientHost) }
      return try pair.simulation.run {
        let server = try NameServer(at: DualPair.second4, on: pair.server, pair.simulation) { query, question in
          let message = try zone.response(to: query, question)
          return question.type == .ipv6Address ? .after(.milliseconds(30), message) : .now(message)
        }
        defer { server.stop() }
        let listener = try ServerSocket(port: 80, on: pair.server)
        let socket = try Socket(host: "www.test", port: 80, on: pair.client(resolver))
        listener.close()
        return (socket.remoteEndpoint, pair.simulation.now, test.attempts())
      }
    }
    let (remote, time, attempts) = try run(1)
    #expect(remote == Endpoint(DualPair.server4, 80) && time == .milliseconds(320))
    #expect(attempts == ["50 ms: \(DualPair.nobody6)", "300 ms: \(DualPair.server4)"])
    let again = try run(1)
    #expect(again == (remote, time, attempts))
  }
}
