import Logging
import Martinet
import MartinetLogging

/// A short conversation between two simulated hosts, of which the client is watched.
struct Exchange {
  /// Whether the wire is cut in silence before the server answers.
  var cuts = false

  func run(loggingTo logger: Logger? = nil, atEnd: (NetworkStack) -> Void = { _ in }) throws {
    var network = Network(seed: 1)
    let (left, right) = (network.addHost(), network.addHost())
    let wire = network.connect(
      left, [IPPrefix(.v4(IPv4Address(10, 0, 0, 1)), 24)], right, [IPPrefix(.v4(IPv4Address(10, 0, 0, 2)), 24)],
      by: WireDescription(Impairment(rate: 10_000_000, delay: .milliseconds(5))))
    let simulation = Simulation(network)
    let (client, server) = (simulation.stack(of: left), simulation.stack(of: right))
    try simulation.run {
      if let logger {
        let tracer = TraceLogger(client, to: logger)
        try simulation.spawn("logger") { tracer.run() }
      }
      let listener = try ServerSocket(port: 80, on: server)
      var options = SocketOptions()
      options.deadPeerBound = .seconds(60)
      let socket = try Socket(host: "10.0.0.2", port: 80, on: client, options: options)
      let accepted = try listener.accept()
      try socket.outputStream.write(Array("bonjour".utf8))
      if cuts {
        simulation.withNetwork { network in network.cut(wire) }
        _ = try? socket.inputStream.read(upTo: 1)
      } else {
        _ = try accepted.inputStream.read(upTo: 100)
        accepted.close()
        _ = try socket.inputStream.read(upTo: 1)
      }
      socket.close()
      try simulation.sleep(for: .seconds(100))
      atEnd(client)
    }
  }
}
