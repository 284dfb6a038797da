import ArgumentParser

/// What is measured of a program under test.
enum Load: String, CaseIterable, ExpressibleByArgument {
  /// It discards what the kernel sends.
  case sink
  /// It sends without end.
  case source
  /// It returns each octet, one at a time.
  case echo
  /// It takes connections, of which each brings an octet, gets it back and ends.
  case connections

  /// The first argument of a program of `--peers`.
  var program: String { self == .connections ? Load.echo.rawValue : rawValue }

  /// The service of `martinet serve` (RFC 863, 864, 862).
  var service: String {
    switch self {
    case .sink: "discard"
    case .source: "chargen"
    case .echo, .connections: "echo"
    }
  }

  var title: String {
    switch self {
    case .sink: "kernel to stack"
    case .source: "stack to kernel"
    case .echo: "one octet and back"
    case .connections: "connect, one octet and back, close; \(KernelClients.count) at a time"
    }
  }

  var unit: String {
    switch self {
    case .sink, .source: "Mbit/s"
    case .echo: "us"
    case .connections: "a second"
    }
  }

  /// Whether a larger figure is the better one.
  var moreIsBetter: Bool { self != .echo }

  /// Whether waiting is most of what it costs.
  var isWaiting: Bool { self == .echo }
}
