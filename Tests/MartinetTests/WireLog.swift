import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetTCP
import MartinetWire

/// A TCP segment that the client's host sent or received.
struct SeenSegment: Equatable, CustomStringConvertible {
  var time: Instant
  var isSent: Bool
  var flags: TCPFlags
  var sequence: UInt32
  var window: Int
  var payload: Int
  var trafficClass: UInt8
  var sourcePort: UInt16
  var destinationPort: UInt16

  /// Direction, flags and payload, such as "> SYN" or "< ACK 100".
  var description: String {
    var names: [String] = []
    for (flag, name) in [
      (TCPFlags.syn, "SYN"), (.fin, "FIN"), (.rst, "RST"), (.ack, "ACK"), (.urg, "URG"),
    ] where flags.contains(flag) { names.append(name) }
    return (isSent ? "> " : "< ") + names.joined(separator: ",") + (payload > 0 ? " \(payload)" : "")
  }
}

extension VirtualPair {
  /// Begins to record what the client's host sends and receives.
  func record() {
    simulation.withNetwork { network in network.tap(clientHost) }
  }

  /// What was recorded since the last call.
  func segments() -> [SeenSegment] {
    var all: [SeenSegment] = []
    simulation.withNetwork { network in
      while network.takeCaptured(
        of: clientHost,
        { packet, bytes in
          guard let ip = try? IPv4Header.parse(bytes), ip.protocolNumber == 6 else { return }
          guard
            let (tcp, length) = try? TCPHeader.parse(bytes.extracting(ip.headerLength..<ip.totalLength))
          else { return }
          all.append(
            SeenSegment(
              time: packet.time, isSent: packet.direction == .sent, flags: tcp.flags, sequence: tcp.sequence.rawValue,
              window: Int(tcp.window), payload: ip.payloadLength - length, trafficClass: ip.trafficClass,
              sourcePort: tcp.sourcePort, destinationPort: tcp.destinationPort))
        })
      {}
    }
    return all
  }

  /// What was recorded since the last call, one line each.
  func lines() -> [String] { segments().map(\.description) }
}

extension VirtualPair {
  /// Lets a router report that the last packet which the client sent could not be delivered (RFC 792).
  func reportUnreachable(code: UInt8) {
    simulation.withNetwork { network in
      var quoted: [UInt8] = []
      while network.takeCaptured(
        of: clientHost,
        { packet, bytes in
          guard packet.direction == .sent else { return }
          quoted = bytes.extracting(first: 28).withUnsafeBytes { Array($0) }
        })
      {}
      var octets = [UInt8](repeating: 0, count: 28) + quoted
      var span = octets.mutableSpan
      var target = span.mutableBytes
      IPv4Header(
        totalLength: target.byteCount, protocolNumber: 1, source: IPv4Address(10, 0, 0, 2),
        destination: IPv4Address(10, 0, 0, 1)
      ).encode(into: &target, at: 0)
      ICMPMessage.destinationUnreachable(code: code, nextHopMTU: 0).encode(into: &target, at: 20)
      var sum = Checksum()
      sum.add(target.bytes.extracting(20..<target.byteCount))
      target.store(sum.finish(), at: 22)
      network.inject(target.bytes, into: wire, .toLeft)
    }
  }
}
