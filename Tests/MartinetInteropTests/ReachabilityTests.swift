import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("Reaching us", .serialized)
  struct ReachabilityTests {
    @Test("ping is answered, with small and with fragmented packets", arguments: Family.allCases)
    func ping(family: Family) throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace)
      for size in [0, 56, 1400, 4000] {
        try namespace.run("ping", "-c", "3", "-i", "0.05", "-W", "2", "-s", "\(size)", family.ours)
      }
      try us.stop()
    }

    @Test("traceroute finds us with UDP probes, which a closed port answers", arguments: Family.allCases)
    func traceroute(family: Family) throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace)
      let path = try namespace.run("traceroute", "-n", "-q", "1", "-w", "2", "-m", "4", family.ours)
      let hops = path.split(separator: "\n").dropFirst()
      #expect(hops.count == 1)
      #expect(hops.first?.contains(" \(family.ours) ") == true)
      try us.stop()
    }

    @Test("A kernel's connection to a closed port is refused at once", arguments: Family.allCases)
    func refused(family: Family) throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace)
      let report = try KernelPeer(in: namespace, ["connect", family.ours, "9001"]).report()
      #expect(report.error == "ECONNREFUSED")
      #expect(report.seconds < 1)
      try us.stop()
    }

    @Test("TAP: ping is answered, with ARP and neighbour discovery first", arguments: Family.allCases)
    func pingOverEthernet(family: Family) throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace, kind: "tap")
      for size in [56, 4000] {
        try namespace.run("ping", "-c", "3", "-i", "0.05", "-W", "2", "-s", "\(size)", family.ours)
      }
      let neighbours = try namespace.run("ip", "neigh", "show", "dev", OurSide.device, "to", family.ours)
      #expect(neighbours.contains("lladdr"))
      try us.stop()
    }
  }
}
