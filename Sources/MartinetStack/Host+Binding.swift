import MartinetTCP
import MartinetWire

extension Host {
  package mutating func bindable(_ local: Endpoint, at now: Instant) throws(HostError) -> Endpoint { local }
  package func canReach(_ address: IPAddress) -> Bool { true }
  package mutating func abortAll(at now: Instant) {}
}
