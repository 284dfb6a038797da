import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A listening socket")
struct ServerSocketTests {
  let pair = VirtualPair()
  let remote = Endpoint(VirtualPair.serverAddress, 80)

  @Test("Is unbound at first, and then can't accept", .proves("JSS-01", "JSS-22"))
  func fresh() throws {
    let socket = try ServerSocket(on: pair.server)
    #expect(!socket.isBound && !socket.isClosed)
    #expect(socket.localPort == nil && socket.localAddress == nil && socket.localEndpoint == nil)
    try pair.simulation.run {
      #expect(socketError { _ = try socket.accept() }?.reason == .notBound)
    }
  }

  @Test("Binds to a port, an ephemeral one for 0, and refuses what is no port", .proves("JSS-02", "JSS-22", "JSS-04"))
  func bind() throws {
    #expect(try ServerSocket(port: 80, on: pair.server).localPort == 80)
    let chosen = try ServerSocket(port: 0, on: pair.server)
    #expect((49152...65535).contains(try #require(chosen.localPort)))
    #expect(socketError { _ = try ServerSocket(port: 65536, on: pair.server) }?.kind == .argument)
    #expect(socketError { _ = try ServerSocket(port: -1, on: pair.server) }?.kind == .argument)
    let late = try ServerSocket(on: pair.server)
    try late.bind(to: nil)
    #expect(late.isBound && late.localPort != nil)
    #expect(socketError { try late.bind(to: nil) }?.reason == .alreadyBound)
    late.close()
    #expect(socketError { try late.bind(to: nil) }?.reason == .closed)
    let foreign = socketError {
      _ = try ServerSocket(port: 80, address: VirtualPair.clientAddress, on: pair.server)
    }
    #expect(foreign?.reason == .addressNotAvailable && foreign?.kind == .bind)
  }

  @Test("Shares its address and port with no other, wildcard or not", .proves("JSS-05", "JSS-02"))
  func conflict() throws {
    let all = try ServerSocket(port: 80, on: pair.server)
    for address in [nil, VirtualPair.serverAddress, .v4(.any)] {
      let error = socketError { _ = try ServerSocket(port: 80, address: address, on: pair.server) }
      #expect(error?.reason == .addressInUse && error?.kind == .bind)
    }
    all.close()
    let one = try ServerSocket(port: 80, address: VirtualPair.serverAddress, on: pair.server)
    #expect(socketError { _ = try ServerSocket(port: 80, on: pair.server) }?.reason == .addressInUse)
    one.close()
  }

  @Test("Is closed once and for all, and remembers where it was", .proves("JSS-14", "JSS-18"))
  func closing() throws {
    let socket = try ServerSocket(port: 80, on: pair.server)
    socket.close()
    socket.close()
    #expect(socket.isClosed && socket.isBound && socket.localPort == 80)
    try pair.simulation.run {
      #expect(socketError { _ = try socket.accept() }?.reason == .closed)
    }
    #expect(socketError { try socket.bind(to: nil) }?.reason == .closed)
    #expect(socketError { _ = try socket.acceptTimeout }?.reason == .closed)
    #expect(socketError { try socket.setAcceptTimeout(.seconds(1)) }?.reason == .closed)
    #expect(socketError { _ = try socket.options }?.reason == .closed)
  }

  @Test("Accepts in the order in which the handshakes were completed", .proves("JSS-08", "JSS-07"))
  func order() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      var sockets: [Socket] = []
      for _ in 0..<5 { sockets.append(try Socket(to: remote, on: pair.client)) }
      for socket in sockets { #expect(try listener.accept().remoteEndpoint == socket.localEndpoint) }
    }
  }

  @Test("Gives up waiting after its timeout, and goes on afterwards", .proves("JSS-11"))
  func timeout() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      #expect(try listener.acceptTimeout == nil)
      try listener.setAcceptTimeout(.seconds(2))
      #expect(try listener.acceptTimeout == .seconds(2))
      let error = socketError { _ = try listener.accept() }
      #expect(error?.reason == .timedOut(.seconds(2)) && error?.kind == .timeout)
      #expect(pair.simulation.now == .seconds(2))
      let client = try Socket(to: remote, on: pair.client)
      #expect(try listener.accept().remoteEndpoint == client.localEndpoint)
      #expect(socketError { try listener.setAcceptTimeout(.seconds(-1)) }?.kind == .argument)
      try listener.setAcceptTimeout(.zero)
      #expect(try listener.acceptTimeout == nil)
    }
  }

  @Test("Each connection goes to one of several accepting threads, each with a timeout of its own", .proves("JSS-12"))
  func severalThreads() throws {
    let notes = Notebook()
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      try listener.setAcceptTimeout(.seconds(5))
      for number in 0..<4 {
        try pair.simulation.spawn("acceptor \(number)") {
          try? pair.simulation.sleep(for: .milliseconds(number))
          let error = socketError {
            let socket = try listener.accept()
            notes.note("\(number) accepted \(socket.remotePort ?? 0)")
          }
          if let error { notes.note("\(number) \(error.kind) at \(pair.simulation.now)") }
        }
      }
      try pair.simulation.sleep(for: .milliseconds(100))
      for port in UInt16(7000)...7001 {
        let socket = try Socket(to: remote, from: Endpoint(VirtualPair.clientAddress, port), on: pair.client)
        try pair.simulation.sleep(for: .seconds(1))
        socket.close()
      }
    }
    #expect(
      notes.all == [
        "0 accepted 7000", "1 accepted 7001", "2 timeout at 5.002 seconds", "3 timeout at 5.003 seconds",
      ])
  }

  @Test("What arrived before accepting is there afterwards, and so is the end", .proves("JSS-09"))
  func early() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let client = try Socket(to: remote, on: pair.client)
      try client.outputStream.write([1, 2, 3])
      client.close()
      try pair.simulation.sleep(for: .seconds(1))
      #expect(try listener.accept().inputStream.readToEnd() == [1, 2, 3])
    }
  }

  @Test("A connection that was reset before it was accepted is gone", .proves("JSS-10"))
  func resetEarly() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      try Socket(to: remote, on: pair.client).abort()
      let second = try Socket(to: remote, on: pair.client)
      try pair.simulation.sleep(for: .seconds(1))
      #expect(try listener.accept().remoteEndpoint == second.localEndpoint)
    }
  }

  @Test(
    "Closing ends blocked accepts, resets who waits, frees the port, and leaves accepted connections alone",
    .proves("JSS-13", "JSS-20", "JS-48"))
  func closingEndsAccept() throws {
    try pair.simulation.run {
      let (client, server, listener) = try pair.connected()
      let notes = Notebook()
      try pair.simulation.spawn("acceptor") {
        notes.note(socketError { _ = try listener.accept() }.map { "\($0.reason)" } ?? "")
      }
      try pair.simulation.sleep(for: .milliseconds(1))
      listener.close()
      try pair.simulation.sleep(for: .zero)
      #expect(notes.all == ["the socket is closed"])
      let again = try ServerSocket(port: 80, on: pair.server)
      let waiting = try Socket(to: remote, on: pair.client)
      try pair.simulation.sleep(for: .seconds(1))
      again.close()
      #expect(socketError { _ = try waiting.inputStream.read(upTo: 1) }?.reason == .reset(in: .established))
      try client.outputStream.write([1])
      #expect(try server.inputStream.read(upTo: 1) == [1])
    }
  }

  @Test("A full backlog drops the next SYN; after an accept its retransmission succeeds", .proves("JSS-15", "JSS-16"))
  func backlog() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, backlog: 2, on: pair.server)
      let first = try Socket(to: remote, on: pair.client)
      _ = try Socket(to: remote, on: pair.client)
      try pair.simulation.sleep(for: .milliseconds(100))
      let late = socketError { _ = try Socket(to: remote, on: pair.client, timeout: .milliseconds(500)) }
      #expect(late?.kind == .timeout)
      try first.outputStream.write([1])
      let notes = Notebook()
      let retrying = try pair.simulation.spawn("retrying") { [pair, remote] in
        guard let socket = try? Socket(to: remote, on: pair.client) else { return }
        notes.note("connected")
        try? pair.simulation.sleep(for: .seconds(1))
        socket.close()
      }
      try pair.simulation.sleep(for: .milliseconds(500))
      #expect(notes.all.isEmpty)
      #expect(try listener.accept().inputStream.read(upTo: 1) == [1])
      try pair.simulation.sleep(for: .seconds(5))
      #expect(notes.all == ["connected"])
      try retrying.join()
    }
  }

  @Test("A backlog of zero or less means fifty", .proves("JSS-03"))
  func defaultBacklog() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, backlog: 0, on: pair.server)
      var sockets: [Socket] = []
      for _ in 0..<50 { sockets.append(try Socket(to: remote, on: pair.client)) }
      try pair.simulation.sleep(for: .milliseconds(100))
      #expect(
        socketError { _ = try Socket(to: remote, on: pair.client, timeout: .milliseconds(500)) }?.kind == .timeout)
      listener.close()
    }
  }

  @Test("Refuses with RST when it is full, if the host is told so")
  func refusesWhenFull() throws {
    var knobs = HostConfiguration()
    knobs.refusesWhenFull = true
    let pair = VirtualPair(server: knobs)
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, backlog: 1, on: pair.server)
      let first = try Socket(to: remote, on: pair.client)
      try pair.simulation.sleep(for: .milliseconds(100))
      #expect(socketError { _ = try Socket(to: remote, on: pair.client) }?.reason == .refused)
      #expect(try listener.accept().remoteEndpoint == first.localEndpoint)
    }
  }

  @Test("Serves many clients at once, each with its own octets", .proves("JSS-07", "JS-49"))
  func manyClients() throws {
    let notes = Notebook()
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      for number in 0..<40 {
        try pair.simulation.spawn("client \(number)") {
          guard let socket = try? Socket(to: remote, on: pair.client) else { return }
          try? socket.outputStream.write([UInt8](repeating: UInt8(number), count: 1000 + number))
          try? socket.shutdownOutput()
          if (try? socket.inputStream.readToEnd())?.count == 1000 + number { notes.note("\(number)") }
        }
      }
      for number in 0..<40 {
        let socket = try listener.accept()
        try pair.simulation.spawn("server \(number)") {
          guard let bytes = try? socket.inputStream.readToEnd(), Set(bytes).count == 1 else { return }
          try? socket.outputStream.write(bytes)
          socket.close()
        }
      }
    }
    #expect(Set(notes.all).count == 40)
  }

  @Test("Accepted sockets begin with the listener's options", .proves("JSS-17"))
  func inheritance() throws {
    var options = SocketOptions()
    options.receiveBufferSize = 5000
    options.noDelay = true
    options.readTimeout = .seconds(7)
    pair.record()
    try pair.simulation.run {
      let (_, server, _) = try pair.connected(serverOptions: options)
      #expect(try server.receiveBufferSize == 5000 && server.noDelay && server.readTimeout == .seconds(7))
      let synAck = pair.segments().first { !$0.isSent && $0.flags.contains(.syn) }
      #expect(try #require(synAck).window <= 5000)
    }
  }

  @Test("At one address hears nothing that is for another: it is refused", .proves("JSS-19"))
  func oneAddress() throws {
    let second = IPAddress.v4(IPv4Address(10, 0, 0, 3))
    pair.simulation.withNetwork { network in
      network.addAddress(IPPrefix(second, 24), to: pair.serverHost, on: pair.wire)
    }
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, address: second, on: pair.server)
      #expect(socketError { _ = try Socket(to: remote, on: pair.client) }?.reason == .refused)
      let client = try Socket(to: Endpoint(second, 80), on: pair.client)
      #expect(try listener.accept().remoteEndpoint == client.localEndpoint)
    }
  }

  @Test(
    "A full backlog drops the SYN, or refuses the client where the server says so", .proves("JSS-15"),
    arguments: [false, true])
  func fullBacklog(refuses: Bool) throws {
    let pair = VirtualPair()
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, backlog: 1, on: pair.server)
      #expect(try listener.refusesWhenFull == nil)
      try listener.setRefusesWhenFull(refuses)
      let remote = Endpoint(VirtualPair.serverAddress, 80)
      let first = try Socket(to: remote, on: pair.client)
      let error = socketError { _ = try Socket(to: remote, on: pair.client, timeout: .seconds(2)) }
      #expect(error?.kind == (refuses ? .connect : .timeout))
      _ = try listener.accept()
      let second = try Socket(to: remote, on: pair.client)
      first.close()
      second.close()
    }
  }
}
