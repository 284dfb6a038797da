import MartinetSimulation
import MartinetTCP
import MartinetWire
import Testing

@Suite("Chance")
struct ChanceTests {
  @Test(
    "A percentage is read exactly",
    arguments: [
      ("5", 50_000_000), ("0", 0), ("100", 1_000_000_000), ("0.1", 1_000_000), ("12.5", 125_000_000), (".5", 5_000_000),
      ("3.", 30_000_000), ("0.0000001", 1), ("99.9999999", 999_999_999), ("1.50000000000", 15_000_000),
    ])
  func percentages(text: String, parts: UInt32) {
    #expect(Probability(percentText: text.utf8)?.partsPerBillion == parts)
  }

  @Test(
    "What is no percentage is refused",
    arguments: ["", ".", "-1", "101", "100.1", "5%", "1e2", "0.00000001", "1.2.3", " 5", "99999999999999999999999"])
  func noPercentages(text: String) {
    #expect(Probability(percentText: text.utf8) == nil)
  }

  @Test("A stream is the same in every process")
  func golden() {
    var stream = RandomStream(seed: 1, purpose: .channel, index: 0)
    #expect([stream.next(), stream.next(), stream.next()] == ChanceTests.goldenStream)
  }

  static let goldenStream: [UInt64] = [
    5_846_576_601_217_647_885, 6_392_467_978_396_881_765, 12_481_793_324_056_953_447,
  ]

  @Test("The generator is SplitMix64")
  func splitMix() {
    let numbers = (1...3).map { RandomStream.mixed(1_234_567 &+ UInt64($0) &* RandomStream.increment) }
    #expect(numbers == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
  }

  @Test("Streams of neighbouring seeds, purposes and numbers have nothing in common")
  func streamsDiffer() {
    var firsts: Set<UInt64> = []
    for seed: UInt64 in 0..<20 {
      for index: UInt64 in 0..<20 {
        for purpose in [RandomStream.Purpose.channel, .hostSecret, .payload] {
          var stream = RandomStream(seed: seed, purpose: purpose, index: index)
          firsts.insert(stream.next())
        }
      }
    }
    #expect(firsts.count == 1200)
  }

  @Test("Numbers below a bound are below it and reach all of it")
  func bounded() {
    var stream = RandomStream(seed: 3, purpose: .program, index: 0)
    var seen: [Int] = Array(repeating: 0, count: 10)
    for _ in 0..<10_000 { seen[Int(stream.next(below: 10))] += 1 }
    #expect(seen.allSatisfy { abs($0 - 1000) < 150 })
    #expect(stream.next(below: 0) == 0)
  }

  @Test("Any part of a pattern can be made and checked by itself")
  func pattern() {
    let pattern = Pattern(seed: 9)
    var whole = [UInt8](repeating: 0, count: 100)
    whole.withMutableOctets(0..<100) { pattern.fill(&$0, from: 0) }
    for start in 0..<20 {
      var part = [UInt8](repeating: 0, count: 37)
      part.withMutableOctets(0..<37) { pattern.fill(&$0, from: UInt64(start)) }
      #expect(part == Array(whole[start..<start + 37]))
      #expect(part.withOctets(0..<37) { pattern.matchingPrefix(of: $0, from: UInt64(start)) } == 37)
      part[30] ^= 1
      #expect(part.withOctets(0..<37) { pattern.matchingPrefix(of: $0, from: UInt64(start)) } == 30)
    }
    #expect(whole[13] == pattern.octet(at: 13))
  }
}
