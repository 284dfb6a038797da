import Martinet
import MartinetWire

/// Who finds the addresses of names for a program.
enum NameService {
  /// The resolver that asks `server` over `stack`; without a server the system's, which asks over the system's network.
  static func resolver(asking server: IPAddress?, over stack: NetworkStack) throws(Failure) -> any Resolver {
    guard let server else { return SystemResolver() }
    throw Failure("--dns \(server): there is no resolver that asks over the link; without --dns the system's is asked")
  }
}
