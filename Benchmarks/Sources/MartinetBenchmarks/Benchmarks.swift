import Foundation
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire

/// What the pure modules cost on this machine, in real time. Each figure is the best of a few runs, since noise only adds.
@main
enum Benchmarks {
  static func main() throws {
    checksum()
    headers()
    try transfer(mebibytes: 64, over: Impairment(), "a perfect wire")
    try transfer(
      mebibytes: 16, over: Impairment(rate: 0, delay: .milliseconds(10), loss: .percent(1)), "1 % loss, 10 ms")
  }

  /// The shortest of `runs` runs of `body`, in seconds.
  static func best(of runs: Int = 5, _ body: () throws -> Void) rethrows -> Double {
    var shortest = Double.infinity
    for _ in 0..<runs {
      let clock = ContinuousClock()
      let time = try clock.measure(body)
      shortest = min(shortest, Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
    }
    return shortest
  }

  static func report(_ what: String, _ figure: Double, _ unit: String) {
    let rounded = (figure * 10).rounded() / 10
    print("\(what):", rounded, unit)
  }

  static func checksum() {
    let octets = [UInt8](repeating: 0x5A, count: 1 << 16)
    var sum = 0
    let time = best { for _ in 0..<1000 { sum &+= Int(Checksum.of(octets.span.bytes)) } }
    precondition(sum > 0)
    report("checksum of 64 KiB", Double(octets.count) * 1000 / time / 1e9, "GB/s")
  }

  static func headers() {
    var header = TCPHeader(
      sourcePort: 80, destinationPort: 49152, sequence: SequenceNumber(1), acknowledgement: SequenceNumber(2),
      flags: [.ack, .psh], window: 1000)
    header.options.present = .timestamps
    var octets = [UInt8](repeating: 0, count: header.encodedLength)
    let count = 1_000_000
    var seen = 0
    let time = best {
      for _ in 0..<count {
        octets.withUnsafeMutableBytes { buffer in
          var span = buffer.mutableBytes
          header.encode(into: &span, at: 0)
        }
        if let (read, _) = try? TCPHeader.parse(octets.span.bytes) { seen &+= Int(read.window) }
      }
    }
    precondition(seen > 0)
    report("a TCP header with timestamps, written and read", time / Double(count) * 1e9, "ns")
  }

  /// A transfer between two hosts: every segment goes through both stacks and the wire, with its checksums.
  static func transfer(mebibytes: UInt64, over impairment: Impairment, _ wire: String) throws {
    var events: UInt64 = 0
    let time = try best(of: 3) {
      var pair = Pair(seed: 1, WireDescription(impairment))
      let server = Endpoint(TestAddress.v4(2), 80)
      let pattern = Pattern(seed: 1)
      try pair.scenario.serve(pair.right, on: server, .transfer(TransferPlan(sending: 0, expecting: pattern)))
      let client = try pair.scenario.open(pair.left, to: server, TransferPlan(sending: mebibytes << 20, pattern))
      pair.scenario.run(until: Instant(nanoseconds: 3_600_000_000_000))
      precondition(pair.scenario.transfer(client)?.sent == mebibytes << 20, "the transfer is not whole")
      events = pair.scenario.network.eventsHandled
    }
    report("\(mebibytes) MiB between two hosts over \(wire)", Double(mebibytes << 20) / time / 1e6, "MB/s")
    report("  events of the network", Double(events) / time / 1e6, "million/s")
  }
}
