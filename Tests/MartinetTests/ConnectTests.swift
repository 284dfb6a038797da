import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Connecting")
struct ConnectTests {
  let pair = VirtualPair()
  let remote = Endpoint(VirtualPair.serverAddress, 80)

  @Test(
    "Blocks for one round trip; then both ends know both endpoints",
    .proves("JS-02", "JS-07", "JS-11", "JS-47", "JSS-07"))
  func connect() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let client = try Socket(to: remote, on: pair.client)
      #expect(pair.simulation.now == .milliseconds(20))
      let server = try listener.accept()
      #expect(client.isConnected && client.isBound && !client.isClosed)
      #expect(server.isConnected && server.isBound && !server.isClosed)
      #expect(client.remoteEndpoint == remote && server.localEndpoint == remote)
      #expect(client.localEndpoint == server.remoteEndpoint)
      #expect(client.localAddress == VirtualPair.clientAddress)
      #expect((49152...65535).contains(try #require(client.localPort)))
      #expect(socketError { try client.connect(to: remote) }?.reason == .alreadyConnected)
    }
  }

  @Test("Takes a name or an address in text form; nil is loopback", .proves("JS-03", "JS-05"))
  func names() throws {
    struct Names: SimpleResolver {
      func addresses(of name: String) -> [IPAddress] { name == "server.test" ? [VirtualPair.serverAddress] : [] }
    }
    let client = pair.simulation.stack(of: pair.clientHost, resolver: Names())
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let named = try Socket(host: "server.test", port: 80, on: client)
      #expect(named.remoteEndpoint == remote)
      let local = Endpoint(VirtualPair.clientAddress, 6000)
      let numbered = try Socket(host: "10.0.0.2", port: 80, from: local, on: client)
      #expect(numbered.localEndpoint == local)
      #expect(try listener.accept().remoteEndpoint == named.localEndpoint)
      let unknown = socketError { _ = try Socket(host: "nowhere.test", port: 80, on: client) }
      #expect(unknown?.kind == .unknownHost)
      let here = try ServerSocket(port: 81, on: client)
      #expect(try Socket(host: nil, port: 81, on: client).remoteAddress == .v4(.loopback))
      here.close()
    }
  }

  @Test("Binds first when a local address and port are given", .proves("JS-04", "JS-06"))
  func fromLocal() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let local = Endpoint(VirtualPair.clientAddress, 6001)
      let first = try Socket(to: remote, from: local, on: pair.client)
      #expect(try listener.accept().remoteEndpoint == local)
      #expect(first.localEndpoint == local)
      let error = socketError { _ = try Socket(to: remote, from: local, on: pair.client) }
      #expect(error?.reason == .addressInUse && error?.kind == .bind)
      let bound = try Socket(on: pair.client)
      try bound.bind(to: Endpoint(.v4(.any), 6002))
      try bound.connect(to: remote)
      #expect(bound.localEndpoint == Endpoint(VirtualPair.clientAddress, 6002))
      #expect(try listener.accept().remotePort == 6002)
    }
  }

  @Test("Is refused at once where nobody listens, and closes the socket", .proves("JS-09", "JS-10"))
  func refused() throws {
    try pair.simulation.run {
      let socket = try Socket(on: pair.client)
      let error = socketError { try socket.connect(to: remote) }
      #expect(error?.reason == .refused && error?.kind == .connect)
      #expect(error.map { "\($0)" } == "connect 10.0.0.2:80: connection refused")
      #expect(pair.simulation.now == .milliseconds(20))
      #expect(socket.isClosed && !socket.isConnected)
      #expect(socketError { try socket.connect(to: remote) }?.reason == .closed)
    }
  }

  @Test("Times out when the caller says so, and a late SYN,ACK is answered with RST", .proves("JS-08", "JS-09"))
  func timeout() throws {
    pair.record()
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let socket = try Socket(on: pair.client)
      let error = socketError { try socket.connect(to: remote, timeout: .milliseconds(15)) }
      #expect(error?.reason == .timedOut(.milliseconds(15)) && error?.kind == .timeout)
      #expect(pair.simulation.now == .milliseconds(15))
      #expect(socket.isClosed)
      try pair.simulation.sleep(for: .seconds(1))
      #expect(pair.lines().suffix(3) == ["> SYN", "< SYN,ACK", "> RST"])
      try listener.setAcceptTimeout(.seconds(1))
      #expect(socketError { _ = try listener.accept() }?.kind == .timeout)
    }
  }

  @Test("Into a black hole lasts as long as the stack tries: at least three minutes", .proves("JS-08", "JS-10"))
  func blackHole() throws {
    try pair.simulation.run {
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      let error = socketError { _ = try Socket(to: remote, on: pair.client, timeout: .zero) }
      guard case .ended(.connectTimedOut(let evidence)) = error?.reason else {
        Issue.record("the error is \(String(describing: error))")
        return
      }
      #expect(error?.kind == .connect)
      #expect(evidence.attempts >= 3)
      #expect(pair.simulation.now >= .seconds(180))
    }
  }

  @Test("Without a route fails at once", .proves("JS-10"))
  func noRoute() throws {
    try pair.simulation.run {
      let error = socketError { _ = try Socket(host: "fd77::2", port: 80, on: pair.client) }
      #expect(error?.reason == .noRoute && error?.kind == .noRoute)
      #expect(pair.simulation.now == .zero)
    }
  }

  @Test("By two threads at once fails for the second", .proves("JS-13"))
  func twice() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let socket = try Socket(on: pair.client)
      let other = try pair.simulation.spawn("other") { [remote] in
        #expect(socketError { try socket.connect(to: remote) }?.reason == .connectionInProgress)
      }
      try socket.connect(to: remote)
      try other.join()
      #expect(socket.isConnected && !socket.isClosed)
      listener.close()
    }
  }

  @Test("Ends with the closing of the socket by another thread", .proves("JS-27", "JS-48"))
  func closedMeanwhile() throws {
    try pair.simulation.run {
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      let socket = try Socket(on: pair.client)
      try pair.simulation.spawn("closer") { [pair] in
        try? pair.simulation.sleep(for: .seconds(1))
        socket.close()
      }
      #expect(socketError { try socket.connect(to: remote) }?.reason == .closed)
      #expect(pair.simulation.now == .seconds(1))
      #expect(socket.isClosed && !socket.isConnected)
    }
  }

  @Test("From a port in TIME-WAIT needs reuseAddress", .proves("JS-46"))
  func timeWait() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let other = try ServerSocket(port: 81, on: pair.server)
      let local = Endpoint(VirtualPair.clientAddress, 6003)
      let first = try Socket(to: remote, from: local, on: pair.client)
      let served = try listener.accept()
      first.close()
      try pair.simulation.sleep(for: .seconds(1))
      served.close()
      try pair.simulation.sleep(for: .seconds(1))
      let second = try Socket(on: pair.client)
      #expect(socketError { try second.bind(to: local) }?.reason == .addressInUse)
      try second.setReuseAddress(true)
      try second.bind(to: local)
      try second.connect(to: Endpoint(VirtualPair.serverAddress, 81))
      #expect(try other.accept().remoteEndpoint == local)
    }
  }

  @Test("Into a black hole that a router reports fails with the router's reason", .proves("JS-10"))
  func unreachable() throws {
    pair.record()
    try pair.simulation.run {
      pair.simulation.withNetwork { network in network.cut(pair.wire, .toRight) }
      try pair.simulation.spawn("router") { [pair] in
        try? pair.simulation.sleep(for: .seconds(1))
        pair.reportUnreachable(code: 1)
      }
      let error = socketError { _ = try Socket(to: remote, on: pair.client) }
      #expect(error?.reason == .unreachable(UnreachableCause(isIPv6: false, type: 3, code: 1)))
      #expect(error?.kind == .noRoute)
    }
  }

  @Test("To the unspecified address means this host", .proves("JS-12"))
  func wildcard() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.client)
      let client = try Socket(to: Endpoint(.v4(.any), 80), on: pair.client)
      #expect(client.remoteAddress == .v4(.loopback))
      #expect(try listener.accept().remoteEndpoint == client.localEndpoint)
    }
  }

  @Test("To oneself is refused and blocks nobody", .proves("JS-55"))
  func oneself() throws {
    try pair.simulation.run {
      let local = Endpoint(VirtualPair.clientAddress, 6004)
      let error = socketError { _ = try Socket(to: local, from: local, on: pair.client) }
      #expect(error?.reason == .addressInUse)
    }
  }
}
