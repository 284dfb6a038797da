import Martinet
import MartinetWire

/// Who finds the addresses of names for a program.
enum NameService {
  /// The resolver that asks `server` over the stack of the visit; without a server the system's, which asks over the system's network.
  static func resolver(asking server: IPAddress?) throws(Failure) -> any Resolver {
    guard let server else { return SystemResolver() }
    var configuration = StubResolverConfiguration()
    configuration.servers = [Endpoint(server, StubResolverConfiguration.port)]
    do throws(SocketError) {
      return try StubResolver(configuration)
    } catch {
      throw Failure("--dns \(server): \(error)")
    }
  }
}
