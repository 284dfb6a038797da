import MartinetWire

/// Why the addresses of a name could not be found out.
public enum ResolutionFailure: Hashable, Sendable, CustomStringConvertible {
  /// The resolver has no server to ask.
  case noServers
  /// No server answered, with the number of queries that were sent.
  case noAnswer(queries: Int)
  /// The last server that answered could not or would not say; its response code (RFC 1035 section 4.1.1): 2 is "server failure", 5 "refused".
  case serverFailed(code: UInt8)
  /// The name is an alias of an alias, and so on, beyond all reason.
  case tooManyAliases

  public var description: String {
    switch self {
    case .noServers: "there is no name server to ask"
    case .noAnswer(let queries): "no name server answered any of \(queries) queries"
    case .serverFailed(2): "the name server failed (SERVFAIL)"
    case .serverFailed(5): "the name server refused to answer (REFUSED)"
    case .serverFailed(let code): "the name server answered with response code \(code)"
    case .tooManyAliases: "its chain of aliases does not end"
    }
  }
}
