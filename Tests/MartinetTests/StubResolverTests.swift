import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

extension StubResolverConfiguration {
  /// The knobs of a resolver that asks the one server there is, but for what `body` changes.
  fileprivate static func changed(
    _ body: (inout StubResolverConfiguration) -> Void = { _ in }
  ) -> StubResolverConfiguration {
    var configuration = StubResolverConfiguration()
    configuration.servers = [Endpoint(DualPair.server4, 53)]
    body(&configuration)
    return configuration
  }
}

@Suite("The stub resolver")
struct StubResolverTests {
  let pair = DualPair()
  static let address4 = IPAddress.v4(IPv4Address(192, 0, 2, 7))
  static let address6 = DualPair.six(7)

  private static func zone() throws -> Zone {
    Zone(records: [
      "www.test": [.address(address4), .address(address6)],
      "four.test": [.address(address4)],
      "alias.test": [.canonicalName(try .of("www.test"))],
      "host.corp.test": [.address(address4)],
      "many.test": (1...60).map { .address(.v4(IPv4Address(192, 0, 2, $0))) },
    ])
  }

  /// Runs `body` with a name server that knows the zone; `change` may spoil what it says.
  private func withServer(
    in pair: DualPair? = nil, _ configuration: StubResolverConfiguration = .changed(),
    change: @escaping @Sendable (DNSMessage, DNSQuestion) -> NameServer.Reply = { message, _ in .now(message) },
    _ body: (StubResolver, NetworkStack, NameServer) throws -> Void
  ) throws {
    let pair = pair ?? self.pair
    let zone = try Self.zone()
    let resolver = try StubResolver(configuration)
    try pair.simulation.run {
      let server = try NameServer(on: pair.server, pair.simulation) { query, question in
        change(try zone.response(to: query, question), question)
      }
      defer { server.stop() }
      try body(resolver, pair.client(resolver), server)
    }
  }

  @Test("Asks for both families at once, IPv6 first, each from a port and with an identifier of its own")
  func bothFamilies() throws {
    try withServer { resolver, stack, server in
      #expect((try? resolver.addresses(of: "www.test", on: stack)) == [Self.address6, Self.address4])
      #expect(pair.simulation.now == .milliseconds(20))
      let queries = server.queries
      #expect(queries.map(\.question.type) == [.ipv6Address, .address])
      #expect(queries[0].remote.port != queries[1].remote.port)
      #expect(queries[0].identifier != queries[1].identifier)
      #expect(queries.allSatisfy { (49152...65535).contains($0.remote.port) })
      #expect((try? resolver.addresses(of: "WWW.test.", .ipv4, on: stack)) == [Self.address4])
    }
    #expect(pair.client().core.pagesInUse == 0)
  }

  @Test("Ports and identifiers come from the seed: the same again, and others from another seed")
  func chance() throws {
    func numbers(_ seed: UInt64) throws -> [UInt16] {
      var all: [UInt16] = []
      try withServer(in: DualPair(seed: seed)) { resolver, stack, server in
        _ = try resolver.addresses(of: "www.test", on: stack)
        all = server.queries.flatMap { [$0.identifier, $0.remote.port] }
      }
      return all
    }
    #expect(try numbers(1) == numbers(1))
    #expect(try numbers(1) != numbers(2))
  }

  @Test("Follows aliases, those inside a response and those that lead out of it")
  func aliases() throws {
    try withServer { resolver, stack, _ in
      #expect((try? resolver.addresses(of: "alias.test", .ipv4, on: stack)) == [Self.address4])
    }
    let change: @Sendable (DNSMessage, DNSQuestion) -> NameServer.Reply = { message, question in
      var message = message
      if question.name == DNSName("alias.test") { message.answers = Array(message.answers.prefix(1)) }
      return .now(message)
    }
    try withServer(in: DualPair(), change: change) { resolver, stack, server in
      #expect((try? resolver.addresses(of: "alias.test", .ipv4, on: stack)) == [Self.address4])
      #expect(server.queries.map(\.question.name.description) == ["alias.test", "www.test"])
    }
  }

  @Test("Gives up on aliases that never end")
  func endlessAliases() throws {
    let count = Mutex(0)
    let change: @Sendable (DNSMessage, DNSQuestion) -> NameServer.Reply = { message, question in
      var message = message
      message.code = .noError
      message.authorities = []
      let number = count.withLock { count in
        count += 1
        return count
      }
      guard let target = DNSName("\(number).test") else { return .silence }
      message.answers = [DNSRecord(name: question.name, timeToLive: 60, content: .canonicalName(target))]
      return .now(message)
    }
    try withServer(change: change) { resolver, stack, server in
      let error = socketError { _ = try resolver.addresses(of: "x.test", .ipv4, on: stack) }
      #expect(error?.reason == .resolutionFailed("x.test", .tooManyAliases) && error?.kind == .unknownHost)
      #expect(server.queries.count == DNSMessage.longestChain + 1)
    }
  }

  @Test("A lost query is sent again, and a lossy wire only costs time")
  func loss() throws {
    var slowest = Duration.zero
    for seed in 1...10 as ClosedRange<UInt64> {
      let pair = DualPair(seed: seed, loss: .percent(30))
      try withServer(in: pair, .changed { $0.attempts = 20 }) { resolver, stack, _ in
        #expect((try? resolver.addresses(of: "www.test", on: stack)) == [Self.address6, Self.address4])
        slowest = max(slowest, pair.simulation.now)
      }
    }
    #expect(slowest >= .seconds(2))
  }

  @Test("Asks the next server when one is silent, fails, refuses, or is not there")
  func servers() throws {
    let spoiled = [Endpoint(DualPair.nobody4, 53), Endpoint(DualPair.second4, 53), Endpoint(DualPair.server4, 53)]
    try withServer(in: DualPair(), .changed { $0.servers = spoiled }) { resolver, stack, _ in
      let begin = stack.now
      #expect((try? resolver.addresses(of: "four.test", .ipv4, on: stack)) == [Self.address4])
      // Two seconds for the silent one, a round trip for the closed port, one for the response.
      #expect(stack.now - begin == .milliseconds(2040))
    }
    let other = DualPair()
    let three = [Endpoint(DualPair.second4, 53), Endpoint(DualPair.second4, 54), Endpoint(DualPair.server4, 53)]
    try withServer(in: other, .changed { $0.servers = three }) { resolver, stack, _ in
      let failing = try NameServer(at: DualPair.second4, on: other.server, other.simulation) { query, _ in
        .now(DNSMessage(answering: query, .serverFailure))
      }
      let refusing = try NameServer(at: DualPair.second4, port: 54, on: other.server, other.simulation) { query, _ in
        .now(DNSMessage(answering: query, .refused))
      }
      let begin = stack.now
      #expect((try? resolver.addresses(of: "four.test", .ipv4, on: stack)) == [Self.address4])
      #expect(stack.now - begin == .milliseconds(60))
      #expect(failing.queries.count == 1 && refusing.queries.count == 1)
      failing.stop()
      refusing.stop()
    }
  }

  @Test("Says which way it failed: no answer, a failing server, none at all")
  func failures() throws {
    let silence: @Sendable (DNSMessage, DNSQuestion) -> NameServer.Reply = { _, _ in .silence }
    try withServer(change: silence) { resolver, stack, server in
      let begin = stack.now
      let error = socketError { _ = try resolver.addresses(of: "www.test", .ipv4, on: stack) }
      #expect(error?.reason == .resolutionFailed("www.test", .noAnswer(queries: 3)))
      #expect(error?.description.contains("no name server answered any of 3 queries") == true)
      #expect(stack.now - begin == .seconds(6))
      #expect(Set(server.queries.map(\.remote.port)).count == 3)
    }
    for code in [DNSResponseCode.serverFailure, .refused, .formatError] {
      let change: @Sendable (DNSMessage, DNSQuestion) -> NameServer.Reply = { message, _ in
        var message = message
        message.code = code
        return .now(message)
      }
      try withServer(in: DualPair(), change: change) { resolver, stack, server in
        let error = socketError { _ = try resolver.addresses(of: "www.test", .ipv4, on: stack) }
        #expect(error?.reason == .resolutionFailed("www.test", .serverFailed(code: code.rawValue)))
        #expect(server.queries.count == 3)
      }
    }
    try withServer(in: DualPair(), .changed { $0.servers = [] }) { resolver, stack, _ in
      let error = socketError { _ = try resolver.addresses(of: "www.test", on: stack) }
      #expect(error?.reason == .resolutionFailed("www.test", .noServers))
    }
  }

  @Test("Believes no response of another identifier or question, nor one of another host")
  func forgeries() throws {
    let change: @Sendable (DNSMessage, DNSQuestion) -> NameServer.Reply = { message, question in
      .after(.milliseconds(100), message)
    }
    try withServer(change: change) { resolver, stack, server in
      let forged = IPAddress.v4(IPv4Address(203, 0, 113, 66))
      let liar = try DatagramSocket(port: 53, address: DualPair.second4, on: pair.server)
      try pair.simulation.spawn("forger") { [pair] in
        try? pair.simulation.sleep(for: .milliseconds(15))
        guard let query = server.queries.first else { return }
        let lie = [DNSRecord(name: query.question.name, timeToLive: 60, content: .address(forged))]
        var message = DNSMessage(answering: DNSMessage(asking: query.question, identifier: query.identifier))
        message.answers = lie
        // Right in all but the address that it comes from.
        if let octets = try? message.encoded() { try? liar.send(octets, to: query.remote) }
      }
      #expect((try? resolver.addresses(of: "four.test", .ipv4, on: stack)) == [Self.address4])
      #expect(stack.statistics.discarded(.noEndpoint) == 1)
    }
    let wrong: @Sendable (DNSMessage, DNSQuestion) -> NameServer.Reply = { message, _ in
      var message = message
      message.identifier &+= 1
      return .now(message)
    }
    try withServer(in: DualPair(), change: wrong) { resolver, stack, _ in
      let error = socketError { _ = try resolver.addresses(of: "four.test", .ipv4, on: stack) }
      #expect(error?.reason == .resolutionFailed("four.test", .noAnswer(queries: 3)))
    }
  }

  @Test("Asks again over TCP for what a datagram does not hold")
  func truncation() throws {
    try withServer { resolver, stack, server in
      #expect((try? resolver.addresses(of: "many.test", .ipv4, on: stack))?.count == 60)
      #expect(server.queries.map(\.overTCP) == [false, true])
    }
  }

  @Test("Remembers what it found out, also that there is nothing, as long as it may")
  func cache() throws {
    try withServer { resolver, stack, server in
      for _ in 1...3 {
        #expect((try? resolver.addresses(of: "www.test", on: stack))?.count == 2)
        #expect((try? resolver.addresses(of: "four.test", on: stack)) == [Self.address4])
        #expect(
          socketError { _ = try resolver.addresses(of: "none.test", on: stack) }?.reason == .unknownHost("none.test"))
      }
      #expect(server.queries.count == 6 && resolver.cacheCount == 6 && resolver.cacheRefusals == 0)
      try pair.simulation.sleep(for: .seconds(61))
      _ = try resolver.addresses(of: "four.test", .ipv4, on: stack)
      #expect(server.queries.count == 7)
    }
    try withServer(in: DualPair(), .changed { $0.cacheCapacity = 0 }) { resolver, stack, server in
      for _ in 1...2 { _ = try resolver.addresses(of: "four.test", .ipv4, on: stack) }
      #expect(server.queries.count == 2 && resolver.cacheRefusals == 2)
    }
  }

  @Test("A short name is looked for in the search domains first, a longer one as it is")
  func searchDomains() throws {
    try withServer(.changed { $0.searchDomains = ["nowhere.test", "corp.test"] }) { resolver, stack, server in
      #expect((try? resolver.addresses(of: "host", .ipv4, on: stack)) == [Self.address4])
      #expect(server.queries.map(\.question.name.description) == ["host.nowhere.test", "host.corp.test"])
      #expect((try? resolver.addresses(of: "host.corp.test", .ipv4, on: stack)) == [Self.address4])
      _ = socketError { _ = try resolver.addresses(of: "host.", .ipv4, on: stack) }
      #expect(server.queries.count == 3 && server.queries.last?.question.name == DNSName("host"))
    }
  }

  @Test("Asks nobody about names of the hosts file, localhost, invalid, and what is no name")
  func localNames() throws {
    let configuration = StubResolverConfiguration.changed { configuration in
      configuration.hosts = HostsFile(
        parsing: """
          # Ours.
          10.0.0.2\tserver.lan Server  # the right one
          2001:db8::2 server.lan
          not-an-address other.lan
          """)
    }
    try withServer(configuration) { resolver, stack, server in
      #expect((try? resolver.addresses(of: "SERVER.lan", on: stack)) == [DualPair.server6, DualPair.server4])
      #expect((try? resolver.addresses(of: "server", on: stack)) == [DualPair.server4])
      for name in ["localhost", "a.localhost."] {
        #expect((try? resolver.addresses(of: name, on: stack)) == [.v6(.loopback), .v4(.loopback)])
      }
      #expect(
        socketError { _ = try resolver.addresses(of: "a.invalid", on: stack) }?.reason == .unknownHost("a.invalid"))
      #expect(socketError { _ = try resolver.addresses(of: "a..b", on: stack) }?.kind == .argument)
      #expect(server.queries.isEmpty)
    }
  }

  @Test("Reads a resolv.conf, keeps its knobs in bounds, and refuses those out of bounds")
  func configuration() throws {
    let text = """
      ; comment
      # comment
      nameserver 192.0.2.1
      nameserver 2001:db8::53
      nameserver nonsense
      search a.test b.test
      options ndots:2 timeout:3 attempts:99 rotate edns0
      """
    let read = StubResolverConfiguration(parsing: text)
    #expect(read.servers == [Endpoint(.v4(IPv4Address(192, 0, 2, 1)), 53), Endpoint(DualPair.six(0x53), 53)])
    #expect(read.searchDomains == ["a.test", "b.test"])
    #expect(read.dots == 2 && read.timeout == .seconds(3) && read.attempts == 5)
    _ = try StubResolverConfiguration.system()
    let spoil: [(inout StubResolverConfiguration) -> Void] = [
      { $0.attempts = 0 }, { $0.timeout = .zero }, { $0.dots = -1 }, { $0.cacheCapacity = -1 },
      { $0.searchDomains = ["a..b"] }, { $0.servers = [Endpoint(.v4(.any), 53)] },
      { $0.servers = Array(repeating: Endpoint(DualPair.server4, 53), count: 9) },
    ]
    for change in spoil {
      var configuration = StubResolverConfiguration()
      change(&configuration)
      #expect(socketError { _ = try StubResolver(configuration) }?.kind == .argument)
    }
  }

  @Test("Sockets find their hosts through it")
  func socket() throws {
    let hosts = HostsFile()
    try withServer(.changed { $0.hosts = hosts }) { _, stack, _ in
      let listener = try ServerSocket(port: 80, on: pair.server)
      let error = socketError { _ = try Socket(host: "none.test", port: 80, on: stack) }
      #expect(error?.reason == .unknownHost("none.test"))
      listener.close()
    }
  }
}

@Suite("The stub resolver, in real time", .serialized, .blocksThreads)
struct RealTimeResolverTests {
  @Test("Finds a name over the tunnel, and a socket connects to it", .timeLimit(.minutes(1)))
  func tunnel() throws {
    let resolver = try StubResolver(servers: [TunnelPair.serverAddress])
    let pair = try TunnelPair(resolver: resolver)
    let server = try DatagramSocket(port: 53, on: pair.server)
    let zone = Zone(records: ["server.test": [.address(TunnelPair.serverAddress)]])
    let served = Background { () -> Int in
      var count = 0
      while let datagram = try? server.receive() {
        guard let query = try? DNSMessage.parse(datagram.bytes), let question = query.questions.first,
          let response = try? zone.response(to: query, question).encoded()
        else { continue }
        try? server.send(response, to: datagram.remote)
        count += 1
      }
      return count
    }
    let listener = try ServerSocket(port: 80, on: pair.server)
    let found = try resolver.addresses(of: "server.test", on: pair.client)
    #expect(found == [TunnelPair.serverAddress])
    let socket = try Socket(host: "server.test", port: 80, on: pair.client)
    #expect(socket.remoteAddress == TunnelPair.serverAddress)
    #expect(try listener.accept().remotePort == socket.localPort)
    server.close()
    #expect(served.value() == 2)
  }
}
