import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A UDP socket")
struct DatagramSocketTests {
  let pair = VirtualPair()
  let serverEnd = Endpoint(VirtualPair.serverAddress, 5000)

  @Test("Carries datagrams both ways, each with its sender and the address that it was sent to", .proves("1122-34"))
  func exchange() throws {
    try pair.simulation.run {
      let server = try DatagramSocket(port: 5000, on: pair.server)
      let client = try DatagramSocket(on: pair.client)
      #expect(!client.isBound && client.localPort == nil && client.description == "DatagramSocket[unbound]")
      try client.send([1, 2, 3], to: serverEnd)
      let request = try server.receive()
      #expect(request.bytes == [1, 2, 3] && request.length == 3 && !request.isTruncated)
      #expect(request.remote == Endpoint(VirtualPair.clientAddress, try #require(client.localPort)))
      #expect(request.local == serverEnd)
      #expect(pair.simulation.now == .milliseconds(10))
      try server.send([], to: request.remote)
      let reply = try client.receive()
      #expect(reply.bytes.isEmpty && reply.remote == serverEnd)
      #expect(pair.simulation.now == .milliseconds(20))
      #expect(client.isBound && !client.isConnected && client.remotePort == nil)
    }
  }

  @Test("Is bound by its constructor or by a call, once, and to a port that nobody else has")
  func binding() throws {
    let bound = try DatagramSocket(port: 0, address: VirtualPair.clientAddress, on: pair.client)
    #expect(bound.localAddress == VirtualPair.clientAddress)
    #expect((49152...65535).contains(try #require(bound.localPort)))
    #expect(socketError { try bound.bind(to: nil) }?.reason == .alreadyBound)
    let later = try DatagramSocket(on: pair.client)
    try later.bind(to: Endpoint(.v4(.any), 5000))
    #expect(later.localEndpoint == Endpoint(.v4(.any), 5000))
    for address in [nil, VirtualPair.clientAddress] {
      let error = socketError { _ = try DatagramSocket(port: 5000, address: address, on: pair.client) }
      #expect(error?.reason == .addressInUse && error?.kind == .bind)
    }
    let foreign = socketError { _ = try DatagramSocket(port: 0, address: VirtualPair.serverAddress, on: pair.client) }
    #expect(foreign?.reason == .addressNotAvailable)
    #expect(socketError { _ = try DatagramSocket(port: 65536, on: pair.client) }?.kind == .argument)
    later.close()
    #expect(later.localPort == 5000 && later.isClosed)
    _ = try DatagramSocket(port: 5000, on: pair.client)
  }

  @Test("Shares its port if both agree: what is for the one address goes to the socket that has it")
  func reuse() throws {
    try pair.simulation.run {
      var options = DatagramSocketOptions()
      options.reuseAddress = true
      let everywhere = try DatagramSocket(port: 5000, on: pair.server, options: options)
      let here = try DatagramSocket(port: 5000, address: VirtualPair.serverAddress, on: pair.server, options: options)
      let twice = socketError {
        _ = try DatagramSocket(port: 5000, address: VirtualPair.serverAddress, on: pair.server, options: options)
      }
      #expect(twice?.reason == .addressInUse)
      let client = try DatagramSocket(on: pair.client)
      try client.send([1], to: serverEnd)
      #expect(try here.receive().bytes == [1])
      here.close()
      try client.send([2], to: serverEnd)
      #expect(try everywhere.receive().bytes == [2])
      #expect(try everywhere.reuseAddress)
    }
  }

  @Test("Takes as much of a datagram as is asked for, and tells how much there was")
  func truncation() throws {
    try pair.simulation.run {
      let server = try DatagramSocket(port: 5000, on: pair.server)
      let client = try DatagramSocket(on: pair.client)
      try client.send(pattern(3000), to: serverEnd)
      try client.send([7], to: serverEnd)
      let first = try server.receive(upTo: 100)
      #expect(first.bytes == Array(pattern(3000).prefix(100)) && first.length == 3000 && first.isTruncated)
      #expect(try server.receive().bytes == [7])
      #expect(socketError { _ = try server.receive(upTo: -1) }?.kind == .argument)
      let tooLong = socketError { try client.send(pattern(65_508), to: serverEnd) }
      #expect(tooLong?.kind == .argument)
    }
  }

  @Test("Times out as it was told, stays usable, and loses nothing")
  func readTimeout() throws {
    try pair.simulation.run {
      let server = try DatagramSocket(port: 5000, on: pair.server)
      #expect(try server.readTimeout == nil)
      try server.setReadTimeout(.milliseconds(5))
      let client = try DatagramSocket(on: pair.client)
      try client.send([1], to: serverEnd)
      let error = socketError { _ = try server.receive() }
      #expect(error?.reason == .timedOut(.milliseconds(5)) && error?.kind == .timeout)
      #expect(pair.simulation.now == .milliseconds(5))
      #expect(try server.receive().bytes == [1])
      try server.setReadTimeout(.zero)
      #expect(socketError { _ = try server.receive() }?.reason == .deadlock)
      #expect(socketError { try server.setReadTimeout(.seconds(-1)) }?.kind == .argument)
    }
  }

  @Test("Once connected, hears its peer alone and sends to nobody else, until it is disconnected")
  func connected() throws {
    try pair.simulation.run {
      let server = try DatagramSocket(port: 5000, on: pair.server)
      let stranger = try DatagramSocket(port: 6000, on: pair.server)
      let client = try DatagramSocket(port: 7000, on: pair.client)
      #expect(socketError { try client.send([1]) }?.reason == .notConnected)
      let clientEnd = Endpoint(VirtualPair.clientAddress, 7000)
      try stranger.send([1], to: clientEnd)
      try pair.simulation.sleep(for: .milliseconds(20))
      // What is in the queue when it connects is not the peer's.
      try client.connect(to: serverEnd)
      #expect(client.isConnected && client.remoteEndpoint == serverEnd && client.localEndpoint == clientEnd)
      try stranger.send([2], to: clientEnd)
      try server.send([3], to: clientEnd)
      #expect(try client.receive().bytes == [3])
      try client.send([4])
      try client.send([5], to: serverEnd)
      #expect(try server.receive().bytes == [4])
      let elsewhere = Endpoint(VirtualPair.serverAddress, 6000)
      #expect(socketError { try client.send([6], to: elsewhere) }?.kind == .argument)
      client.disconnect()
      #expect(!client.isConnected && client.localAddress?.isUnspecified == true && client.localPort == 7000)
      try stranger.send([7], to: clientEnd)
      #expect(try client.receive().bytes == [7])
      let nobody = Endpoint(VirtualPair.serverAddress, 0)
      #expect(socketError { try client.connect(to: nobody) }?.kind == .argument)
    }
  }

  @Test("Throws what the network reports while it is connected: nobody listens there", .proves("1122-32"))
  func portUnreachable() throws {
    try pair.simulation.run {
      let client = try DatagramSocket(on: pair.client)
      try client.connect(to: serverEnd)
      try client.send([1])
      let error = socketError { _ = try client.receive() }
      #expect(error?.kind == .portUnreachable && error?.endpoint == serverEnd && error?.operation == .receive)
      #expect(pair.simulation.now == .milliseconds(20))
      try client.send([2])
      try pair.simulation.sleep(for: .milliseconds(20))
      #expect(socketError { try client.send([3]) }?.kind == .portUnreachable)
      // An error is told once.
      try client.send([4])
    }
  }

  @Test("Tells errors about one of many when it is asked, if it is not connected", .proves("1122-32"))
  func networkError() throws {
    try pair.simulation.run {
      let client = try DatagramSocket(on: pair.client)
      try client.send([1], to: serverEnd)
      try client.setReadTimeout(.milliseconds(50))
      #expect(socketError { _ = try client.receive() }?.kind == .timeout)
      let error = try #require(client.takeNetworkError())
      #expect(error.remote == serverEnd && error.cause.type == 3 && error.cause.code == 3)
      #expect(client.takeNetworkError() == nil)
    }
  }

  @Test("Closing wakes whoever is blocked; nothing works afterwards")
  func closing() throws {
    let notes = Notebook()
    try pair.simulation.run {
      let socket = try DatagramSocket(port: 5000, on: pair.server)
      for name in ["a", "b"] {
        try pair.simulation.spawn(name) {
          notes.note("\(name): \(String(describing: socketError { _ = try socket.receive() }?.reason))")
        }
      }
      try pair.simulation.sleep(for: .seconds(1))
      socket.close()
      socket.close()
      #expect(socketError { try socket.send([1], to: serverEnd) }?.reason == .closed)
      #expect(socketError { _ = try socket.receive() }?.reason == .closed)
      #expect(socketError { try socket.connect(to: serverEnd) }?.reason == .closed)
      #expect(socketError { _ = try socket.options }?.reason == .closed)
    }
    #expect(notes.all == ["a: Optional(the socket is closed)", "b: Optional(the socket is closed)"])
    #expect(pair.server.core.pagesInUse == 0)
  }

  @Test("Each datagram goes to one of the threads that receive")
  func severalReaders() throws {
    let notes = Notebook()
    try pair.simulation.run {
      let server = try DatagramSocket(port: 5000, on: pair.server)
      for name in ["a", "b", "c"] {
        try pair.simulation.spawn(name) {
          if let datagram = try? server.receive() { notes.note("\(datagram.bytes)") }
        }
      }
      let client = try DatagramSocket(on: pair.client)
      try pair.simulation.sleep(for: .milliseconds(1))
      for octet in 1...3 as ClosedRange<UInt8> { try client.send([octet], to: serverEnd) }
    }
    #expect(notes.all.sorted() == ["[1]", "[2]", "[3]"])
  }

  @Test(
    "Traffic class, hop limit, broadcast and fragmenting are the program's to choose",
    .proves("1122-24", "1122-36"))
  func options() throws {
    try pair.simulation.run {
      let server = try DatagramSocket(port: 5000, on: pair.server)
      let client = try DatagramSocket(port: 0, address: VirtualPair.clientAddress, on: pair.client)
      #expect(try client.hopLimit == 64 && client.trafficClass == 0)
      #expect(try client.broadcast && !client.dontFragment && !client.reuseAddress)
      try client.setHopLimit(9)
      try client.setTrafficClass(0xB8)
      try client.send([1], to: serverEnd)
      let datagram = try server.receive()
      #expect(datagram.hopLimit == 9 && datagram.trafficClass == 0xB8)
      #expect(datagram.remote.address == VirtualPair.clientAddress)
      try client.setDontFragment(true)
      #expect(socketError { try client.send(pattern(2000), to: serverEnd) }?.kind == .argument)
      try client.setDontFragment(false)
      try client.send(pattern(2000), to: serverEnd)
      #expect(try server.receive().bytes == pattern(2000))
      let everybody = Endpoint(.v4(.limitedBroadcast), 5000)
      try client.send([2], to: everybody)
      try client.setBroadcast(false)
      #expect(socketError { try client.send([3], to: everybody) }?.kind == .argument)
      for wrong in [0, 256] { #expect(socketError { try client.setHopLimit(wrong) }?.kind == .argument) }
      for wrong in [-1, 256] { #expect(socketError { try client.setTrafficClass(wrong) }?.kind == .argument) }
      #expect(socketError { try client.setReceiveBufferSize(0) }?.kind == .argument)
    }
  }

  @Test("Keeps no more than its receive buffer holds")
  func receiveBuffer() throws {
    try pair.simulation.run {
      let server = try DatagramSocket(port: 5000, on: pair.server)
      #expect(try server.receiveBufferSize == HostConfiguration().datagramBytes)
      try server.setReceiveBufferSize(3 * PagePool.pageSize)
      try server.setReadTimeout(.milliseconds(1))
      let client = try DatagramSocket(on: pair.client)
      for octet in 1...5 as ClosedRange<UInt8> { try client.send([octet], to: serverEnd) }
      try pair.simulation.sleep(for: .milliseconds(20))
      for octet in 1...3 as ClosedRange<UInt8> { #expect(try server.receive().bytes == [octet]) }
      #expect(socketError { _ = try server.receive() }?.kind == .timeout)
    }
  }

  @Test("Bound to every address, speaks both families")
  func bothFamilies() throws {
    try pair.simulation.run {
      let socket = try DatagramSocket(port: 5000, on: pair.client)
      for address in [IPAddress.v4(.loopback), .v6(.loopback)] {
        let other = try DatagramSocket(port: 0, address: address, on: pair.client)
        try other.send([1], to: Endpoint(address, 5000))
        let datagram = try socket.receive()
        #expect(datagram.remote == other.localEndpoint && datagram.local == Endpoint(address, 5000))
        try socket.connect(to: datagram.remote)
        #expect(socket.localEndpoint == Endpoint(address, 5000))
        try socket.send([2])
        #expect(try other.receive().bytes == [2])
        socket.disconnect()
      }
      let six = socketError { _ = try DatagramSocket(port: 5000, address: .v6(.any), on: pair.client) }
      let four = socketError { _ = try DatagramSocket(port: 5000, address: .v4(.any), on: pair.client) }
      #expect(six?.reason == .addressInUse && four?.reason == .addressInUse)
    }
  }
}

@Suite("A UDP socket of async code, in real time", .serialized, .blocksThreads)
struct UDPSocketTests {
  @Test("Tasks exchange datagrams and hold no thread", .timeLimit(.minutes(1)))
  func exchange() async throws {
    let pair = try TunnelPair()
    let server = try UDPSocket(port: 5000, on: pair.server)
    let client = try UDPSocket(on: pair.client)
    try client.connect(to: Endpoint(TunnelPair.serverAddress, 5000))
    let echo = Task {
      for try await datagram in server.datagrams { try server.send(datagram.bytes, to: datagram.remote) }
    }
    for octet in 1...20 as ClosedRange<UInt8> {
      try client.send([octet])
      #expect(try await client.receive().bytes == [octet])
    }
    server.close()
    try await echo.value
    #expect(server.isClosed)
  }

  @Test("A task that is cancelled while it waits closes its socket", .timeLimit(.minutes(1)))
  func cancellation() async throws {
    let pair = try TunnelPair()
    let socket = try UDPSocket(on: pair.client)
    let task = Task { () -> SocketError? in
      do {
        _ = try await socket.receive()
        return nil
      } catch {
        return error as? SocketError
      }
    }
    try await Task.sleep(for: .milliseconds(20))
    task.cancel()
    #expect(await task.value?.reason == .interrupted)
    #expect(socket.isClosed)
  }

  @Test("A read timeout ends a wait, and the socket stays usable", .timeLimit(.minutes(1)))
  func timeout() async throws {
    let pair = try TunnelPair()
    var options = DatagramSocketOptions()
    options.readTimeout = .milliseconds(20)
    let server = try UDPSocket(port: 5000, on: pair.server, options: options)
    let error = await #expect(throws: SocketError.self) { _ = try await server.receive() }
    #expect(error?.reason == .timedOut(.milliseconds(20)) && error?.operation == .receive)
    options.readTimeout = nil
    try server.setOptions(options)
    try UDPSocket(on: pair.client).send([7], to: Endpoint(TunnelPair.serverAddress, 5000))
    #expect(try await server.receive().bytes == [7])
    options.readTimeout = .seconds(-1)
    #expect(socketError { try server.setOptions(options) }?.kind == .argument)
  }

  @Test("The end of the stack ends a wait", .timeLimit(.minutes(1)))
  func stackStops() async throws {
    let pair = try TunnelPair()
    let socket = try UDPSocket(on: pair.client)
    let task = Task { () -> SocketError? in
      do {
        _ = try await socket.receive()
        return nil
      } catch {
        return error as? SocketError
      }
    }
    try await Task.sleep(for: .milliseconds(20))
    pair.client.abortAll()
    #expect(await task.value?.reason == .stackStopped)
  }
}
