import Martinet
import MartinetStack
import MartinetTCP
import MartinetWire

// How each load becomes figures.

/// The seconds that `body` takes.
private func seconds<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Double {
  let clock = ContinuousClock()
  let start = clock.now
  try body()
  let time = start.duration(to: clock.now).components
  return Double(time.seconds) + Double(time.attoseconds) * 1e-18
}

extension JoinDescription {
  /// What other stacks are measured with: buffers of 256 KiB.
  public static func usual(turn: Int) -> JoinDescription {
    var description = JoinDescription()
    description.turn = turn
    description.configuration.tcp.connection.receiveBufferSize = 256 << 10
    description.configuration.tcp.connection.sendBufferSize = 256 << 10
    return description
  }

  /// Trains of 64 KiB between hosts that trust their wire.
  public static var trains: JoinDescription {
    var description = usual(turn: 64)
    description.mtu = 65_535
    description.maximumTrain = 65_000
    description.hasChecksums = false
    return description
  }
}

extension Figure {
  static func bulk(_ effort: Effort) throws(HostError) -> [Figure] {
    var figures: [Figure] = []
    for turn in [64, 2] {
      var load = try BulkLoad(.usual(turn: turn))
      _ = try load.carry(effort.octets / 100)
      let before = (load.hosts.arrivedRight, load.hosts.arrivedLeft)
      let time = try seconds { () throws(HostError) in _ = try load.carry(effort.octets) }
      let segments = Double(load.hosts.arrivedRight - before.0)
      let acknowledgements = Double(load.hosts.arrivedLeft - before.1)
      let name = "bulk, MTU 1500, one ACK for \(Int((segments / acknowledgements).rounded())) segments"
      figures.append(Figure(name, Double(effort.octets) * 8 / time / 1e9, "Gbit/s"))
      figures.append(Figure(name, time / segments * 1e9, "ns per segment"))
    }
    return figures
  }

  static func trains(_ effort: Effort) throws(HostError) -> [Figure] {
    var load = try BulkLoad(.trains)
    _ = try load.carry(effort.octets / 100)
    let octets = effort.octets * 2
    let time = try seconds { () throws(HostError) in _ = try load.carry(octets) }
    return [Figure("bulk, trains of 64 KiB, no checksums", Double(octets) * 8 / time / 1e9, "Gbit/s")]
  }

  static func connections(_ effort: Effort) throws(HostError) -> [Figure] {
    var load = try ConnectionsLoad(JoinDescription())
    _ = try load.run(count: effort.connections / 100)
    let time = try seconds { () throws(HostError) in _ = try load.run(count: effort.connections) }
    return [Figure("connect, one octet, close", Double(effort.connections) / time, "per second")]
  }

  static func pingPong(_ effort: Effort) throws(LoadError) -> [Figure] {
    var figures: [Figure] = []
    do throws(HostError) {
      var load = try PingPongLoad(JoinDescription())
      _ = try load.run(rounds: effort.rounds / 100)
      let time = try seconds { () throws(HostError) in _ = try load.run(rounds: effort.rounds) }
      figures.append(Figure("one octet to and fro, engine", time / Double(effort.rounds) * 1e9, "ns per round trip"))
    } catch {
      throw .refused(error)
    }
    do throws(SocketPingPongError) {
      for (spinning, name) in [(Spinning.off, "without spinning"), (.adaptive(.microseconds(20)), "with spinning")] {
        let time = try SocketPingPong.measure(rounds: max(1, effort.rounds / 10), spinning: spinning)
        figures.append(Figure("one octet to and fro, blocking sockets \(name)", time, "ns per round trip"))
      }
    } catch {
      throw .sockets(error.reason)
    }
    return figures
  }

  static func crowd(_ effort: Effort) throws(HostError) -> [Figure] {
    var figures: [Figure] = []
    for others in [1, effort.crowd] {
      var crowd = CrowdLoad(room: others)
      try crowd.open(others)
      _ = try crowd.run(rounds: effort.rounds / 100)
      let time = try seconds { () throws(HostError) in _ = try crowd.run(rounds: effort.rounds) }
      figures.append(
        Figure(
          "one octet to and fro beside \(others) connections", time / Double(effort.rounds) * 1e9, "ns per round trip"))
    }
    return figures
  }

  static func idle(_ effort: Effort) throws(LoadError) -> [Figure] {
    guard let before = ResidentMemory.octets() else { throw .noMemoryFigure }
    do throws(HostError) {
      var crowd = CrowdLoad(room: effort.crowd)
      try crowd.open(effort.crowd)
      try crowd.greetAll()
      crowd.rest(.seconds(10))
      ResidentMemory.trim()
      guard let after = ResidentMemory.octets() else { throw HostError.noMemory }
      let each = Double(after - before) / Double(effort.crowd * 2)
      return [Figure("idle connection, one end of \(effort.crowd * 2)", each, "octets")]
    } catch {
      throw .refused(error)
    }
  }
}
