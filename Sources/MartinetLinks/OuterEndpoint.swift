import CMartinetLinux
import MartinetWire

/// An address outside of a tunnel.
package struct OuterEndpoint: Hashable, Sendable {
  package var endpoint: Endpoint
  /// The device that a link-local IPv6 address belongs to; 0 for others.
  package var scope: UInt32

  package init(_ endpoint: Endpoint, scope: UInt32 = 0) {
    self.endpoint = endpoint
    self.scope = scope
  }

  init(_ source: martinet_endpoint) {
    endpoint = Endpoint(IPAddress(source.address), source.port)
    scope = source.scope
  }

  var systemValue: martinet_endpoint {
    martinet_endpoint(address: martinet_address(endpoint.address), scope: scope, port: endpoint.port)
  }
}
