import Foundation
import MartinetLinks
import MartinetWire
import Testing

@Suite("A captured link")
struct CaptureTests {
  /// The packet blocks of a pcapng file: octets and direction of each.
  private func packets(of path: String) throws -> [(octets: [UInt8], direction: UInt8)] {
    let file = [UInt8](try Data(contentsOf: URL(filePath: path)))
    func number(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) } }
    var found: [([UInt8], UInt8)] = []
    var offset = 0
    while offset < file.count {
      let length = number(offset + 4)
      if number(offset) == 6 {
        let count = number(offset + 20)
        let start = offset + 28
        let flags = start + (count + 3) / 4 * 4 + 4
        found.append((Array(file[start..<(start + count)]), file[flags]))
      }
      offset += length
    }
    return found
  }

  private func withFile(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "capture-\(UUID().uuidString).pcapng").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  @Test("records what passes, with its direction, and is on disk when it is closed")
  func directions() throws {
    try withFile { path in
      let tunnel = try Tunnel(mtu: 9000)
      let peer = try CapturedLink(tunnel.join(mtu: 9000), path: path)
      let (_, first) = try Writer(peer).write(from: "10.77.0.2", to: "10.77.0.1")
      _ = try Reader(tunnel.hub).wait()
      let (_, answer) = try Writer(tunnel.hub).write(from: "10.77.0.1", to: "10.77.0.2", payload: 8000)
      #expect(try Reader(peer).wait() == [answer])
      #expect(try Writer(peer).writeBatch(from: "10.77.0.2", to: ["10.77.0.1", "10.77.0.3"]) == 2)
      peer.close()
      let recorded = try packets(of: path)
      #expect(recorded.map(\.direction) == [2, 1, 2, 2])
      #expect(recorded.prefix(2).map(\.octets) == [first, answer])
      #expect(recorded.suffix(2).map(\.octets.count) == [1220, 1220])
      #expect(peer.captureFailure == nil)
    }
  }

  @Test("completes a checksum that is left to the link")
  func checksum() throws {
    try withFile { path in
      let tunnel = try Tunnel()
      let peer = try CapturedLink(tunnel.join(), path: path)
      var departure = Departure()
      let source = IPv4Address(10, 77, 0, 2)
      let destination = IPv4Address(10, 77, 0, 1)
      UDPHeader(sourcePort: 1, destinationPort: 2).encode(into: &departure)
      IPv4Header(protocolNumber: 17, source: source, destination: destination).encode(into: &departure)
      departure.deferTransportChecksum(source: .v4(source), destination: .v4(destination), protocolNumber: 17)
      #expect(try peer.write(departure) == .done)
      peer.close()
      departure.completeTransportChecksum(source: .v4(source), destination: .v4(destination), protocolNumber: 17)
      var whole = [UInt8](repeating: 0, count: departure.count)
      var span = whole.mutableSpan
      var target = span.mutableBytes
      departure.copy(into: &target)
      #expect(try packets(of: path).map(\.octets) == [whole])
    }
  }

  @Test("says in one line why a file cannot be written")
  func unwritable() throws {
    let tunnel = try Tunnel()
    let error = #expect(throws: LinkError.self) {
      try CapturedLink(tunnel.hub, path: "/no-such-folder/capture.pcapng")
    }
    #expect(
      error?.description
        == "cannot write the capture file /no-such-folder/capture.pcapng: No such file or directory")
  }
}
