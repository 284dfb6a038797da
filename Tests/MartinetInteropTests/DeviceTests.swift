import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("The device", .serialized)
  struct DeviceTests {
    private func addresses(_ namespace: NetworkNamespace) throws -> [String] {
      let lines = try namespace.run("ip", "-o", "addr", "show", "dev", OurSide.device).split(separator: "\n")
      let texts = lines.compactMap { $0.split(separator: " ").dropFirst(3).first.map(String.init) }
      return texts.filter { !$0.hasPrefix("fe80:") }.sorted()
    }

    private func exists(_ namespace: NetworkNamespace) throws -> Bool {
      try namespace.start("ip", ["link", "show", OurSide.device]).status() == 0
    }

    @Test("is made with the kernel's addresses, and vanishes with us", arguments: ["tun", "tap"])
    func created(kind: String) throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace, kind: kind)
      #expect(try addresses(namespace) == ["10.99.0.1/24", "fd99::1/64"])
      try us.stop()
      #expect(try !exists(namespace))
    }

    @Test("that is there is used as it is and stays, with its addresses")
    func existing() throws {
      let namespace = try NetworkNamespace()
      try namespace.run("ip", "tuntap", "add", OurSide.device, "mode", "tun")
      try namespace.run("ip", "addr", "add", "10.99.0.77/24", "dev", OurSide.device)
      try namespace.run("ip", "link", "set", OurSide.device, "mtu", "1380")
      let us = try OurSide.receive(in: namespace)
      #expect(try addresses(namespace) == ["10.99.0.77/24", "fd99::1/64"])
      try namespace.run("ping", "-c", "1", "-W", "2", OurSide.ours4)
      #expect(try namespace.run("ip", "link", "show", OurSide.device).contains("mtu 1380"))
      try us.stop()
      #expect(try addresses(namespace) == ["10.99.0.77/24"])
    }

    @Test("takes the MTU that the link asks for")
    func mtu() throws {
      let namespace = try NetworkNamespace()
      let us = try namespace.start(
        Program.ours("martinet"),
        ["receive", namespace.folder.path, "--link", "tun:mt0,mtu=9000", "--address", "10.99.0.2/24"])
      try us.awaits("listening on")
      #expect(try namespace.run("ip", "link", "show", OurSide.device).contains("mtu 9000"))
      try namespace.run("ping", "-c", "1", "-W", "2", "-M", "do", "-s", "8972", OurSide.ours4)
      us.signal(SIGTERM)
      try us.status()
    }

    @Test("that stays takes the next program as it is, with offload or without", arguments: [[true, false, true]])
    func offloadInTurn(turns: [Bool]) throws {
      let namespace = try NetworkNamespace()
      try KernelSide.prepare(namespace)
      let file = try namespace.randomFile("original", octets: 1 << 20)
      for (number, offload) in turns.enumerated() {
        let us = try OurSide.receive(in: namespace, offload: offload)
        let report = try KernelPeer(in: namespace, ["connect", OurSide.ours4, "9000", "--send", file.path]).report()
        #expect(report.error == nil)
        let sums = try us.awaitFiles(number + 1).map { try namespace.sha256(of: $0) }
        #expect(Set(sums) == [try namespace.sha256(of: file)])
        try us.stop()
      }
    }

    /// Starts `receive` on the device, which must fail; returns what it says on standard error.
    private func refusal(
      in namespace: NetworkNamespace, kind: String = "tun", through wrapper: [String] = [],
      address: String = "10.99.0.2/24"
    ) throws -> String {
      let command = wrapper + [try Program.ours("martinet"), "receive", namespace.folder.path]
      let child = try namespace.start(
        command[0], command.dropFirst() + ["--link", "\(kind):\(OurSide.device)", "--address", address])
      #expect(try child.status(seconds: 15) != 0)
      #expect(child.said == "")
      let lines = child.complained.split(separator: "\n")
      #expect(lines.count == 1)
      return child.complained
    }

    @Test("that another program uses is refused in one line")
    func busy() throws {
      let namespace = try NetworkNamespace()
      let us = try OurSide.receive(in: namespace)
      #expect(try refusal(in: namespace, address: "10.98.0.2/24").contains("mt0 is in use by another program"))
      try us.stop()
    }

    @Test("of the other kind is refused in one line")
    func otherKind() throws {
      let namespace = try NetworkNamespace()
      try KernelSide.prepare(namespace, kind: "tap")
      #expect(try refusal(in: namespace).contains("cannot be opened as tun"))
    }

    @Test("cannot have our address on the kernel's side")
    func sameAddress() throws {
      let namespace = try NetworkNamespace()
      try KernelSide.prepare(namespace)
      let line = try refusal(in: namespace, address: "10.99.0.1/24")
      #expect(line.contains("10.99.0.1 is the kernel's own address on mt0"))
    }

    @Test("that may not be made is refused in one line that says what helps")
    func notPermitted() throws {
      let namespace = try NetworkNamespace()
      let line = try refusal(in: namespace, through: ["setpriv", "--bounding-set=-net_admin"])
      #expect(line.contains("no permission to open device mt0"))
      #expect(line.contains("unshare -Urn"))
    }
  }
}
