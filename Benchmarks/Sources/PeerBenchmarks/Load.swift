import ArgumentParser

/// What a program under test does.
enum Load: String, CaseIterable, ExpressibleByArgument {
  /// It discards what the kernel sends.
  case sink
  /// It sends without end.
  case source
  /// It returns each octet, one at a time.
  case echo

  /// The service of `martinet serve` (RFC 863, 864, 862).
  var service: String {
    switch self {
    case .sink: "discard"
    case .source: "chargen"
    case .echo: "echo"
    }
  }

  var title: String {
    switch self {
    case .sink: "kernel to stack"
    case .source: "stack to kernel"
    case .echo: "one octet and back"
    }
  }

  var unit: String { self == .echo ? "us" : "Mbit/s" }

  /// Whether a larger figure is the better one.
  var moreIsBetter: Bool { self != .echo }
}
