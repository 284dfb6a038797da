import MartinetLinks
import MartinetRuntime
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// A bridge between two links that remember.
private struct Bench {
  let first: RecordedLink
  let second: RecordedLink
  let bridge: ImpairedBridge

  init(forth: Impairment = Impairment(), back: Impairment = Impairment(), seed: UInt64 = 1) throws {
    first = try RecordedLink()
    second = try RecordedLink()
    bridge = try ImpairedBridge(first, second, forth: forth, back: back, seed: seed)
  }

  /// A packet of 600 octets that begins with its number.
  static func packet(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] + pattern(598) }

  static func number(of packet: [UInt8]) -> Int { Int(packet[0]) << 8 | Int(packet[1]) }

  /// Turns the bridge until `condition` holds; false after five seconds.
  func turn(until condition: () -> Bool) throws -> Bool {
    let end = ContinuousClock.now + .seconds(5)
    while !condition() {
      guard ContinuousClock.now < end else { return false }
      try bridge.turn(within: .milliseconds(100))
    }
    return true
  }
}

@Suite("A wire between two links that fails on purpose")
struct ImpairedBridgeTests {
  @Test("A wire without impairment hands on unchanged and in order, both ways")
  func perfect() throws {
    let bench = try Bench()
    let (forth, back) = ((0..<300).map(Bench.packet), (300..<310).map(Bench.packet))
    for packet in forth { bench.first.bring(packet) }
    for packet in back { bench.second.bring(packet) }
    #expect(try bench.turn { bench.second.written.count == 300 && bench.first.written.count == 10 })
    #expect(bench.second.written == forth)
    #expect(bench.first.written == back)
    #expect(bench.bridge.statistics(of: .forth).delivered == 300)
    #expect(bench.bridge.statistics(of: .back).delivered == 10)
  }

  @Test("Each direction has mishaps of its own, and the seed says which")
  func seeded() throws {
    func survivors(seed: UInt64) throws -> [Int] {
      let bench = try Bench(forth: Impairment(rate: 0, delay: .zero, loss: .percent(20)), seed: seed)
      for number in 0..<250 {
        bench.first.bring(Bench.packet(number))
        bench.second.bring(Bench.packet(number))
      }
      let areThrough = try bench.turn {
        bench.first.written.count == 250 && bench.bridge.statistics(of: .forth).entered == 250
      }
      #expect(areThrough)
      #expect(bench.bridge.statistics(of: .back).lost == 0)
      #expect(bench.bridge.statistics(of: .forth).lostAtRandom == 250 - UInt64(bench.second.written.count))
      return bench.second.written.map(Bench.number)
    }
    let first = try survivors(seed: 1)
    #expect((160...235).contains(first.count))
    #expect(try survivors(seed: 1) == first)
    #expect(try survivors(seed: 2) != first)
  }

  @Test("A delay passes before a packet leaves, and how late it left is counted")
  func delayed() throws {
    let bench = try Bench(forth: Impairment(rate: 0, delay: .milliseconds(40)))
    let begin = ContinuousClock.now
    bench.first.bring(Bench.packet(1))
    #expect(try bench.turn { bench.second.written.count == 1 })
    #expect(ContinuousClock.now - begin >= .milliseconds(40))
    let lateness = bench.bridge.lateness(of: .forth)
    #expect(lateness.packets == 1)
    #expect(lateness.deliveries == 1)
    #expect(lateness.worst > .zero)
    #expect(lateness.mean == lateness.worst)
    #expect(lateness.late == (lateness.worst > Lateness.threshold ? 1 : 0))
    #expect(bench.bridge.lateness(of: .back) == Lateness())
  }

  @Test("A rate spreads packets over time, and several leave at each wake-up")
  func rate() throws {
    // 250 packets of 600 octets at 48 Mbit/s: one each 100 µs, two in each pause of the bridge.
    let bench = try Bench(forth: Impairment(rate: 48_000_000, delay: .zero))
    for number in 0..<250 { bench.first.bring(Bench.packet(number)) }
    let begin = ContinuousClock.now
    #expect(try bench.turn { bench.second.written.count == 250 })
    #expect(ContinuousClock.now - begin >= .milliseconds(24))
    #expect(bench.second.written.map(Bench.number) == Array(0..<250))
    let lateness = bench.bridge.lateness(of: .forth)
    #expect(lateness.packets == 250)
    #expect(lateness.deliveries <= 130)
    // On average a packet waits for 125 others, less where the bench was slow to read them.
    let meanWait = bench.bridge.statistics(of: .forth).waited / 250
    #expect(meanWait > .zero && meanWait < .milliseconds(13))
  }

  @Test("A full link is waited for, and what waits leaves in order")
  func full() throws {
    let bench = try Bench()
    bench.second.setFull(true)
    for number in 0..<5 { bench.first.bring(Bench.packet(number)) }
    for _ in 0..<3 { try bench.bridge.turn(within: .milliseconds(10)) }
    #expect(bench.second.written == [])
    bench.second.setFull(false)
    #expect(try bench.turn { bench.second.written.count == 5 })
    #expect(bench.second.written.map(Bench.number) == Array(0..<5))
  }

  @Test("The links are closed with the bridge")
  func closing() throws {
    var bench: Bench? = try Bench()
    let (first, second) = (try #require(bench).first, try #require(bench).second)
    #expect(!first.isClosed && !second.isClosed)
    bench = nil
    #expect(first.isClosed && second.isClosed)
  }
}
