import MartinetStack
import MartinetTCP

/// What can be measured in memory.
public enum Load: String, CaseIterable, Sendable {
  /// Octets from one host to the other, MTU 1500, with checksums.
  case bulk
  /// Octets in trains of 64 KiB, without checksums.
  case trains
  /// Connections that carry one octet.
  case connections
  /// One octet to and fro.
  case pingPong = "ping-pong"
  /// Established connections that do nothing.
  case idle
  /// Acknowledgements, by window and loss.
  case acks
  /// Segments, by the number of other connections.
  case crowd
  /// Two threads, each with both ends of a transfer of its own.
  case shards
}

/// One measured number.
public struct Figure: Sendable {
  public let name: String
  public let value: Double
  public let unit: String

  public init(_ name: String, _ value: Double, _ unit: String) {
    self.name = name
    self.value = value
    self.unit = unit
  }
}

/// How much is done for a figure.
public struct Effort: Sendable {
  /// Octets of a bulk transfer.
  public var octets = 2_000_000_000
  /// Connections one after the other.
  public var connections = 100_000
  /// Round trips.
  public var rounds = 500_000
  /// Connections at once.
  public var crowd = 100_000
  public init() {}

  /// So little that it only shows that everything works.
  public static let least: Effort = {
    var effort = Effort()
    (effort.octets, effort.connections, effort.rounds, effort.crowd) = (2_000_000, 20, 200, 200)
    return effort
  }()
}

/// Why a load gave no figure.
public enum LoadError: Error, Sendable, CustomStringConvertible {
  /// A host refused what the load asked of it.
  case refused(HostError)
  /// Octets, connections or answers did not arrive.
  case incomplete(String)
  /// Sockets gave no figure.
  case sockets(String)
  /// The system does not say what the process takes.
  case noMemoryFigure

  public var description: String {
    switch self {
    case .refused(let error): "a host refused: \(error)"
    case .incomplete(let what): "the load came to an end early: \(what)"
    case .sockets(let reason): "the sockets: \(reason)"
    case .noMemoryFigure: "the system does not say how much memory the process takes"
    }
  }
}

extension Load {
  /// Measures the load.
  public func measure(_ effort: Effort) throws(LoadError) -> [Figure] {
    do throws(HostError) {
      switch self {
      case .bulk: return try Figure.bulk(effort)
      case .trains: return try Figure.trains(effort)
      case .connections: return try Figure.connections(effort)
      case .acks: return try Figure.acknowledgements(effort)
      case .crowd: return try Figure.crowd(effort)
      case .pingPong, .idle, .shards: break
      }
    } catch {
      throw .refused(error)
    }
    switch self {
    case .idle: return try Figure.idle(effort)
    case .shards: return try Figure.shards(effort)
    default: return try Figure.pingPong(effort)
    }
  }
}
