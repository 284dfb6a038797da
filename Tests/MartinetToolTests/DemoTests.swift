import Foundation
import MartinetSimulation
import MartinetTCP
import MartinetTool
import Testing

@Suite("The demonstration")
struct DemoTests {
  private func plan(seed: UInt64, size: Int = 300_000, percent: UInt32 = 5) -> DemoPlan {
    DemoPlan(size: size, loss: .percent(percent), delay: .milliseconds(50), seed: seed)
  }

  @Test("The file crosses 5 % loss and 50 ms each way", arguments: 1...3 as ClosedRange<UInt64>)
  func crosses(seed: UInt64) throws {
    let outcome = try DemoRun.perform(plan(seed: seed))
    #expect(outcome.failure == nil)
    #expect(outcome.isMatch)
    #expect(outcome.octets == 300_000)
    #expect(outcome.story.counts.retransmitted > 0)
    #expect(outcome.story.counts.finalPhase == [.left: .timeWait, .right: .closed])
  }

  @Test("The segments that the story calls lost are those that the wire swallowed")
  func losses() throws {
    let outcome = try DemoRun.perform(plan(seed: 4))
    #expect(outcome.swallowed > 0)
    #expect(outcome.story.counts.lost == outcome.swallowed)
  }

  @Test("Without loss nothing is repeated, and an empty file crosses too", arguments: [0, 1, 200_000])
  func lossless(size: Int) throws {
    let outcome = try DemoRun.perform(plan(seed: 1, size: size, percent: 0))
    #expect(outcome.isMatch)
    #expect(outcome.octets == size)
    #expect(outcome.story.counts.retransmitted == 0)
    #expect(outcome.swallowed == 0)
  }

  @Test("With ECN a queue that is short beside its room marks instead of overflowing")
  func marks() throws {
    let plan = DemoPlan(size: 4_000_000, rate: 20_000_000, ecn: true)
    let outcome = try DemoRun.perform(plan)
    #expect(outcome.isMatch && outcome.swallowed == 0)
    #expect(outcome.story.counts.retransmitted == 0)
    #expect(outcome.story.charts.congestion.kept.contains { $0.cause == .explicitNotification })
  }

  @Test("BBR does not take the losses of a radio link for congestion, CUBIC does")
  func radio() throws {
    func goodput(_ algorithm: CongestionAlgorithm) throws -> Double {
      let outcome = try DemoRun.perform(DemoPlan(size: 4_000_000, loss: .percent(1), seed: 1, congestion: algorithm))
      #expect(outcome.isMatch)
      return outcome.goodput
    }
    #expect(try goodput(.bbr) > 5 * goodput(.cubic))
  }

  @Test("The same seed gives the same capture and the same report, another seed another one")
  func reproducible() throws {
    let folder = try Folder()
    func run(_ name: String, seed: UInt64) throws -> DemoOutcome {
      try DemoRun.perform(
        plan(seed: seed), capture: OutputFile(folder.path + "/" + name, files: PartialFiles()))
    }
    let one = try run("one", seed: 1)
    let again = try run("again", seed: 1)
    _ = try run("other", seed: 2)
    #expect(folder.octets(of: "one").count > 300_000)
    #expect(folder.octets(of: "one") == folder.octets(of: "again"))
    #expect(folder.octets(of: "one") != folder.octets(of: "other"))
    #expect(DemoSummary.json(one).text == DemoSummary.json(again).text)
    #expect(
      DemoSummary.facts(one, withRealTime: false) == DemoSummary.facts(again, withRealTime: false))
  }

  @Test("The JSON object has what programs count on")
  func json() throws {
    let outcome = try DemoRun.perform(plan(seed: 2))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(DemoSummary.json(outcome).text.utf8)) as? [String: Any])
    #expect(object["bytes"] as? Int == 300_000)
    #expect(object["sha256_match"] as? Bool == true)
    #expect(try #require(object["seconds"] as? Double) > 0.2)
    #expect(try #require(object["goodput_bps"] as? Double) > 1000)
    #expect(try #require(object["segments"] as? Int) > 300)
    let causes = try #require(object["retransmissions_by_cause"] as? [String: Int])
    #expect(causes.values.reduce(0, +) == object["retransmissions"] as? Int)
  }

  @Test("A wire that loses everything is a failure with its reason, and no match")
  func nothingArrives() throws {
    let outcome = try DemoRun.perform(plan(seed: 1, percent: 100))
    #expect(!outcome.isMatch)
    #expect(try #require(outcome.failure).contains("connect"))
  }

  @Test("A wanted packet is taken apart with numbers of its stream")
  func unfolds() throws {
    var plan = plan(seed: 1, percent: 0)
    plan.unfold = 4
    let outcome = try DemoRun.perform(plan)
    let (layer, title) = try #require(outcome.unfolded)
    #expect(title.contains("packet 4"))
    let segment = try #require(layer.inner.first)
    #expect(segment.fields.first { $0.name == "sequence number" }?.meaning == "octet 1 of the stream")
    #expect(segment.fields.first { $0.name == "checksum" }?.meaning == "correct")
    #expect(layer.fields.first { $0.name == "header checksum" }?.meaning == "correct")
  }

  @Test("A missing file is refused before anything runs")
  func missingFile() {
    #expect(throws: Failure.self) { try DemoRun.perform(DemoPlan(file: "/nonexistent/file")) }
  }
}
