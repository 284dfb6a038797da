import Martinet
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A socket that is not connected")
struct UnconnectedSocketTests {
  let pair = VirtualPair()

  @Test("Is unbound, unconnected and open, and has no endpoints", .proves("JS-01"))
  func fresh() throws {
    let socket = try Socket(on: pair.client)
    #expect(!socket.isConnected && !socket.isBound && !socket.isClosed)
    #expect(!socket.isInputShutdown && !socket.isOutputShutdown)
    #expect(socket.remotePort == nil && socket.localPort == nil)
    #expect(socket.remoteAddress == nil && socket.remoteEndpoint == nil && socket.localEndpoint == nil)
    #expect(socket.localAddress == .v4(.any))
    #expect("\(socket)" == "Socket[unconnected]")
  }

  @Test("Has no streams and nothing to shut down", .proves("JS-14", "JS-21", "JS-31", "JS-32"))
  func noStreams() throws {
    let socket = try Socket(on: pair.client)
    #expect(socketError { _ = try socket.inputStream }?.reason == .notConnected)
    #expect(socketError { _ = try socket.outputStream }?.reason == .notConnected)
    #expect(socketError { try socket.shutdownInput() }?.reason == .notConnected)
    #expect(socketError { try socket.shutdownOutput() }?.reason == .notConnected)
    socket.close()
    #expect(socketError { _ = try socket.inputStream }?.reason == .closed)
    #expect(socketError { _ = try socket.outputStream }?.reason == .closed)
    #expect(socketError { try socket.shutdownInput() }?.reason == .closed)
    #expect(socketError { try socket.shutdownOutput() }?.reason == .closed)
  }

  @Test("Bound to nothing in particular, gets an ephemeral port", .proves("JS-06"))
  func bindAny() throws {
    let socket = try Socket(on: pair.client)
    try socket.bind(to: nil)
    #expect(socket.isBound && !socket.isConnected)
    #expect((49152...65535).contains(try #require(socket.localPort)))
    #expect(socketError { try socket.bind(to: nil) }?.reason == .alreadyBound)
    socket.close()
    #expect(socketError { try socket.bind(to: nil) }?.reason == .closed)
  }

  @Test("Can't be bound to a foreign address, nor to a port that is taken", .proves("JS-06", "JS-50"))
  func bindTaken() throws {
    let first = try Socket(on: pair.client)
    try first.bind(to: Endpoint(VirtualPair.clientAddress, 5000))
    let second = try Socket(on: pair.client)
    let taken = socketError { try second.bind(to: Endpoint(.v4(.any), 5000)) }
    #expect(taken?.reason == .addressInUse)
    #expect(taken?.kind == .bind && taken?.kind.isSocketException == true)
    let foreign = socketError { try second.bind(to: Endpoint(.v4(IPv4Address(10, 0, 0, 99)), 5001)) }
    #expect(foreign?.reason == .addressNotAvailable && foreign?.kind == .bind)
    #expect(!second.isBound)
    first.close()
    try second.bind(to: Endpoint(.v4(.any), 5000))
    let listening = socketError { _ = try ServerSocket(port: 5000, on: pair.client) }
    #expect(listening?.reason == .addressInUse)
  }

  @Test("Can't be connected with a bad argument or once it is closed", .proves("JS-07", "JS-08", "JS-02"))
  func connectArguments() throws {
    try pair.simulation.run {
      let remote = Endpoint(VirtualPair.serverAddress, 80)
      let socket = try Socket(on: pair.client)
      let negative = socketError { try socket.connect(to: remote, timeout: .seconds(-1)) }
      #expect(negative?.kind == .argument)
      #expect(!socket.isClosed)
      socket.close()
      #expect(socketError { try socket.connect(to: remote) }?.reason == .closed)
      #expect(socketError { _ = try Socket(host: "10.0.0.2", port: 65536, on: pair.client) }?.kind == .argument)
      #expect(socketError { _ = try Socket(host: "10.0.0.2", port: -1, on: pair.client) }?.kind == .argument)
    }
  }

  @Test("Keeps what its options are set to, and refuses what is out of bounds", .proves("JS-34", "JS-41", "JS-44"))
  func options() throws {
    let socket = try Socket(on: pair.client)
    #expect(try socket.readTimeout == nil && socket.linger == nil)
    #expect(try !socket.noDelay && !socket.keepAlive && !socket.reuseAddress)
    try socket.setReadTimeout(.seconds(3))
    try socket.setLinger(.seconds(100_000))
    try socket.setSendBufferSize(5000)
    try socket.setReceiveBufferSize(6000)
    #expect(try socket.readTimeout == .seconds(3))
    #expect(try socket.linger == .seconds(65535))
    #expect(try socket.sendBufferSize == 5000 && socket.receiveBufferSize == 6000)
    #expect(socketError { try socket.setReadTimeout(.milliseconds(-1)) }?.kind == .argument)
    #expect(socketError { try socket.setLinger(.milliseconds(-1)) }?.kind == .argument)
    #expect(socketError { try socket.setSendBufferSize(0) }?.kind == .argument)
    #expect(socketError { try socket.setReceiveBufferSize(-1) }?.kind == .argument)
    #expect(socketError { try socket.setTrafficClass(256) }?.kind == .argument)
    #expect(try socket.sendBufferSize == 5000 && socket.receiveBufferSize == 6000)
    socket.close()
    #expect(socketError { _ = try socket.readTimeout }?.reason == .closed)
    #expect(socketError { try socket.setNoDelay(true) }?.reason == .closed)
    #expect(socketError { try socket.setSendBufferSize(5000) }?.reason == .closed)
  }

  @Test("The kinds of errors stand in java.net's order", .proves("JS-50"))
  func kinds() {
    for kind in [SocketError.Kind.bind, .connect, .noRoute, .portUnreachable, .socket] {
      #expect(kind.isSocketException && kind.isIOException)
    }
    for kind in [SocketError.Kind.timeout, .unknownHost] {
      #expect(!kind.isSocketException && kind.isIOException)
    }
    #expect(!SocketError.Kind.argument.isIOException)
  }
}
