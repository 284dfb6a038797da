import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Sequence numbers at the edges of the circle and of the window")
struct SequenceEdgeTests {
  /// The acceptability test of RFC 9293 section 3.4 in signed arithmetic without a circle.
  private func isAcceptable(offset: Int, length: Int, window: Int) -> Bool {
    let inside = 0..<window
    if length == 0 { return window == 0 ? offset == 0 : inside.contains(offset) }
    return window > 0 && (inside.contains(offset) || inside.contains(offset + length - 1))
  }

  @Test(
    "Acceptance agrees with the RFC's four cases, wherever the numbers lie", .proves("ATK-33"),
    arguments: [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF, 0xFFFF_FC18] as [UInt32], [0, 1000])
  func acceptance(start: UInt32, window: Int) {
    let interesting = [
      -70000, -1001, -1000, -999, -2, -1, 0, 1, 2, 498, 499, 500, 997, 998, 999, 1000, 1001, 1002, 65535, 1 << 30,
      (1 << 31) - 1, -(1 << 31), -(1 << 31) + 1, -(1 << 30),
    ]
    for offset in interesting {
      for length in [0, 1, 2, 3, 500, 999, 1000, 1001, 1002, 1460] {
        var bench = ConnectionBench(theirs: start) { $0.connection.receiveBufferSize = 1000 }
        bench.shake()
        if window == 0 { bench.arrive(.ack, payload: StreamPattern.theirs.octets(from: 0, count: 1000)) }
        _ = bench.takeDropReason()
        bench.arrive(.ack, payload: [UInt8](repeating: 7, count: length)) { $0.sequence += offset }
        let accepted = bench.takeDropReason() != .outsideWindow
        let expected = isAcceptable(offset: offset, length: length, window: window)
        if accepted != expected {
          Issue.record("start \(start) window \(window) offset \(offset) length \(length): accepted \(accepted)")
        }
      }
    }
  }

  @Test("A segment that covers the whole window and more is cut to it", .proves("ATK-33"))
  func longerThanWindow() {
    for start in [0xFFFF_FFFF, 0xFFFF_FC18, 0x7FFF_FFFF] as [UInt32] {
      var bench = ConnectionBench(theirs: start) { $0.connection.receiveBufferSize = 1000 }
      bench.shake()
      let stream = StreamPattern.theirs.octets(from: 0, count: 1460)
      bench.arrive([.ack, .fin], payload: stream)
      #expect(bench.connection.phase == .established)
      #expect(bench.read() == Array(stream[..<1000]))
    }
  }
}
