import Foundation
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetTool
import Testing

@Suite("martinet simulate", .blocksThreads)
struct SimulateTests {
  private func read(_ text: String) throws -> Experiment {
    try ScenarioFile.read(Array(text.utf8), name: "file.json").experiment
  }

  private func complaint(_ text: String) -> String {
    do {
      _ = try read(text)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  // MARK: Scenarios with a name

  @Test("Each scenario has a name of its own, a sentence, and an experiment that can be run")
  func names() {
    let all = NamedExperiment.all
    #expect(Set(all.map(\.name)).count == all.count && all.count >= 18)
    for named in all {
      #expect(named.sentence.hasSuffix(".") || named.sentence.hasSuffix("?"), "\(named.name)")
      #expect(named.experiment.fault == nil, "\(named.name)")
    }
  }

  @Test(
    "Each scenario runs and brings its octets across whole, here for a twentieth of its time",
    arguments: NamedExperiment.all.map(\.name))
  func runs(name: String) throws {
    var named = try #require(NamedExperiment.named(name))
    let full = named.experiment.duration
    let seconds = Double(full.nanoseconds) / 20e9
    try ExperimentOverride("duration=\(Figures.fixed(max(0.1, seconds), places: 3))").apply(to: &named.experiment)
    named.experiment.recordsSegments = true
    let result = try named.experiment.run()
    #expect(result.flows.allSatisfy { $0.isFaithful && $0.failure == nil })
    let text = SimulateTable.text(result, on: Terminal())
    #expect(text.contains("goodput over time"))
    #expect(SimulatePage.html(named, result).hasSuffix("</html>\n"))
  }

  @Test("--list tells them all")
  func list() throws {
    let program = try Program(["simulate", "--list"])
    #expect(program.status() == 0)
    for named in NamedExperiment.all { #expect(program.standardOutput.contains("\(named.name) ")) }
    #expect(program.standardOutput.split(separator: "\n").count == NamedExperiment.all.count)
  }

  // MARK: Files

  @Test("A file has links, flows, impairments and a seed, in the units that the names of its fields say")
  func file() throws {
    let experiment = try read(
      """
      {"title": "two", "seed": 9, "duration_s": 2.5, "measured_from_s": 1, "samples": 50, "silent_routers": true,
       "links": [{"rate_mbit": 0.064, "delay_ms": 12.5, "queue_bytes": 9000, "loss_percent": 1, "burst_packets": 4, "mtu": 1400,
                  "back": {"rate_mbit": 1}, "outages": [{"from_s": 1, "to_s": 1.5}], "changes": [{"at_s": 2, "delay_ms": 30}]},
                 {"mark_bytes": 3000}],
       "flows": [{"algorithm": "bbr", "count": 3, "spacing_s": 0.25, "to": 1, "lose": [{"octet": 5, "times": 2}]},
                 {"bytes": 1000, "from": 2, "to": 0, "ecn": "ask", "buffer_bytes": 65536}]}
      """)
    #expect(
      experiment.seed == 9 && experiment.duration == .milliseconds(2500) && experiment.measuredFrom == .seconds(1))
    #expect(experiment.samples == 50 && experiment.hasSilentRouters && experiment.links.count == 2)
    let link = experiment.links[0]
    #expect(link.toRight.rate == 64_000 && link.toRight.delay == .microseconds(12_500) && link.mtu == 1400)
    #expect(link.toRight.burstLoss == BurstLoss(losing: .percent(1), inBurstsOf: 4) && link.toRight.loss.isNever)
    #expect(link.toLeft.rate == 1_000_000 && link.toLeft.delay == link.toRight.delay)
    #expect(link.changes.map(\.time) == [.seconds(1), .milliseconds(1500), .seconds(2)])
    guard case .impairment(let later, .toRight) = link.changes[2].change else { return #expect(Bool(false)) }
    #expect(later.delay == .milliseconds(30) && later.rate == 64_000)
    #expect(experiment.links[1].toRight.markingThreshold == 3000)
    #expect(experiment.flows.map(\.algorithm) == [.bbr, .bbr, .bbr, .cubic])
    #expect(experiment.flows.map(\.start) == [.zero, .milliseconds(250), .milliseconds(500), .zero])
    #expect(experiment.flows[0].plannedLosses == [PlannedLoss(octet: 5, times: 2)] && experiment.flows[0].to == 1)
    #expect(experiment.flows[3].octets == 1000 && experiment.flows[3].direction == .toLeft)
    #expect(experiment.flows[3].ecn == .ask && experiment.flows[3].bufferSize == 65_536)
  }

  @Test(
    "What is wrong with a file is said with the name of the field",
    arguments: [
      ("{", "file.json is no JSON"), ("[]", "a scenario must be an object"),
      (#"{"flows": [{}]}"#, "links must be a list of 1 to 16 links"),
      (#"{"links": [{}]}"#, "flows must describe 1 to 250 flows"),
      (#"{"links": {}, "flows": [{}]}"#, "links must be a list"),
      (#"{"links": [{}], "flows": [{}], "flow": 1}"#, "flow is no field; there are title, seed"),
      (#"{"links": [{"rate": 5}], "flows": [{}]}"#, "links[0].rate is no field; there are rate_mbit"),
      (#"{"links": [{"rate_mbit": "5"}], "flows": [{}]}"#, "links[0].rate_mbit must be a number from 0 to 1000000"),
      (
        #"{"links": [{"back": {"loss_percent": 101}}], "flows": [{}]}"#,
        "links[0].back.loss_percent must be a number from 0 to 100"
      ),
      (#"{"links": [{"burst_packets": 4}], "flows": [{}]}"#, "links[0].burst_packets needs loss_percent"),
      (#"{"links": [{"loss_percent": 90, "burst_packets": 2}], "flows": [{}]}"#, "links[0].burst_packets must be more"),
      (#"{"links": [{"outages": [{"to_s": 1}]}], "flows": [{}]}"#, "links[0].outages[0].from_s is missing"),
      (#"{"links": [{"queue_bytes": 1.5}], "flows": [{}]}"#, "links[0].queue_bytes must be a whole number"),
      (
        #"{"links": [{}], "flows": [{"algorithm": "vegas"}]}"#,
        "flows[0].algorithm must be one of reno, cubic, bbr, dctcp"
      ),
      (#"{"links": [{}], "flows": [{}, {"ecn": 1}]}"#, "flows[1].ecn must be a text"),
      (#"{"links": [{}], "flows": [{"pacing": 1}]}"#, "flows[0].pacing must be true or false"),
      (#"{"links": [{}], "flows": [{"from": 1}]}"#, "flows[0].to must differ from flows[0].from"),
      (#"{"links": [{}], "flows": [{"to": 2}]}"#, "flows[0].to must be a number from 0 to 1"),
      (
        #"{"links": [{}], "flows": [{"lose": [{"octet": 1, "times": 0}]}]}"#,
        "flows[0].lose[0].times must be a number from 1"
      ),
      (#"{"links": [{}], "flows": [{"count": 200}, {"count": 51}]}"#, "an experiment has 1 to 250 flows"),
      (#"{"links": [{}], "flows": [{}], "measured_from_s": 10}"#, "measured_from_s must be less than duration_s"),
    ])
  func complaints(text: String, part: String) {
    #expect(complaint(text).contains(part), "\(complaint(text))")
  }

  @Test("The sample of docs/SCENARIOS.md is a scenario")
  func documentedSample() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/SCENARIOS.md"), encoding: .utf8)
    let sample = try #require(text.split(separator: "```json\n").dropFirst().first?.split(separator: "```").first)
    #expect(try read(String(sample)).flows.count == 3)
    // Every field that there is has its line in the tables.
    for field in ScenarioFile.fields { #expect(text.contains("| `\(field)` |"), "\(field)") }
  }

  // MARK: Overrides

  @Test("--set changes all links, or all flows, also where a link changes later")
  func overrides() throws {
    var experiment = try #require(NamedExperiment.named("delay-spike")).experiment
    for change in [
      "rate=4", "delay=50", "queue=9KB", "loss=2", "burst=3", "algorithm=bbr", "flows=3", "size=1MB", "ecn=ask",
    ] {
      try ExperimentOverride(change).apply(to: &experiment)
    }
    let link = experiment.links[0]
    #expect(
      link.toRight.rate == 4_000_000 && link.toRight.queueCapacity == 9000 && link.toLeft.delay == .milliseconds(50))
    #expect(link.toRight.burstLoss == BurstLoss(losing: .percent(2), inBurstsOf: 3) && link.toRight.loss.isNever)
    guard case .impairment(let slow, _) = link.changes[0].change else { return #expect(Bool(false)) }
    #expect(slow.delay == .milliseconds(1050) && slow.rate == 4_000_000)
    #expect(experiment.flows.map(\.algorithm) == [.bbr, .bbr, .bbr])
    #expect(experiment.flows.allSatisfy { $0.octets == 1_000_000 && $0.ecn == .ask })
  }

  @Test("More flows come as far apart as the first two, in the order of those that there are")
  func moreFlows() throws {
    var experiment = try #require(NamedExperiment.named("mixed")).experiment
    try ExperimentOverride("flows=6").apply(to: &experiment)
    #expect(experiment.flows.map(\.algorithm) == [.reno, .cubic, .bbr, .reno, .cubic, .bbr])
    #expect(experiment.flows.map(\.start) == (0..<6).map { .milliseconds(200 * $0) })
  }

  @Test("A shorter time keeps the share of it that counts")
  func shorter() throws {
    var experiment = try #require(NamedExperiment.named("fairness")).experiment
    try ExperimentOverride("duration=3").apply(to: &experiment)
    #expect(experiment.duration == .seconds(3) && experiment.measuredFrom == .milliseconds(999))
  }

  @Test(
    "What is wrong with --set is said with the key",
    arguments: [
      ("rate", "rate is not KEY=VALUE"), ("speed=5", "there is no key “speed”; there are rate, delay"),
      ("rate=fast", "must be a rate from 0.001 to 1000000 Mbit/s"), ("loss=101", "loss must be a percentage"),
      ("algorithm=vegas", "algorithm must be one of reno, cubic"),
      ("flows=251", "flows must be a number from 1 to 250"),
      ("duration=0", "duration must be a number of seconds"), ("queue=much", "queue must be a size"),
      ("ecn=yes", "ecn must be one of off"),
      ("burst=0", "burst must be a number of packets"), ("pacing=1", "pacing must be true or false"),
    ])
  func overrideComplaints(text: String, part: String) {
    do {
      _ = try ExperimentOverride(text)
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.message.contains(part), "\(error.message)")
    }
  }

  // MARK: What comes out

  @Test("The program writes table, CSV, JSON and a page that needs nothing else, the same for the same seed")
  func outputs() throws {
    let folder = try Folder()
    func run(_ name: String, seed: String) throws -> String {
      let path = folder.path + "/" + name
      let program = try Program([
        "simulate", "random-loss", "--set", "duration=3", "--seed", seed, "--csv", path + ".csv", "--json",
        path + ".json",
        "--html", path + ".html",
      ])
      #expect(program.status() == 0 && program.standardError == "")
      return program.standardOutput
    }
    let table = try run("one", seed: "3")
    #expect(table.contains("random-loss") && table.contains("cubic") && table.contains("20.0 Mbit/s"))
    _ = try run("again", seed: "3")
    _ = try run("other", seed: "4")
    for kind in [".csv", ".json", ".html"] {
      #expect(folder.octets(of: "one" + kind).count > 500)
      #expect(folder.octets(of: "one" + kind) == folder.octets(of: "again" + kind))
      #expect(folder.octets(of: "one" + kind) != folder.octets(of: "other" + kind))
    }
    // The name of SVG is no address that anybody asks.
    let page = String(decoding: folder.octets(of: "one.html"), as: UTF8.self)
      .replacing("http://www.w3.org/2000/svg", with: "")
    for title in ["Throughput", "Time and sequence", "Congestion window", "Round-trip time", "Queue"] {
      #expect(page.contains("<h3>\(title)</h3>"), "\(title)")
    }
    #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("src="))
  }

  @Test("The README shows a scenario as it is printed")
  func readme() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let named = try #require(NamedExperiment.named("random-loss"))
    let text = SimulateTable.text(try named.experiment.run(), on: Terminal(width: 100))
    #expect(readme.contains("random-loss  \(named.sentence)\n\n\(text)"), "\(text)")
  }

  @Test("The JSON object has what programs count on")
  func json() throws {
    var named = try #require(NamedExperiment.named("mixed"))
    try ExperimentOverride("duration=3").apply(to: &named.experiment)
    let result = try named.experiment.run()
    let text = SimulateData.json(named, result).text
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(object["scenario"] as? String == "mixed" && object["seconds"] as? Double == 3)
    let flows = try #require(object["flows"] as? [[String: Any]])
    #expect(flows.compactMap { $0["algorithm"] as? String } == ["reno", "cubic", "bbr"])
    // Each is rounded down by itself.
    let sum = flows.compactMap { $0["goodput_bps"] as? Int }.reduce(0, +)
    #expect((sum...sum + 3).contains(try #require(object["goodput_bps"] as? Int)))
    let links = try #require(object["links"] as? [[String: Any]])
    let right = try #require(links.first?["to_right"] as? [String: Any])
    #expect(
      try #require(right["p95_queue_delay_seconds"] as? Double)
        >= (try #require(right["mean_queue_delay_seconds"] as? Double)))
  }

  @Test("The CSV has a line for each sample of each flow")
  func csv() throws {
    var named = try #require(NamedExperiment.named("mixed"))
    named.experiment.samples = 100
    try ExperimentOverride("duration=2").apply(to: &named.experiment)
    let result = try named.experiment.run()
    let lines = SimulateData.csv(result).split(separator: "\n")
    #expect(lines.count == 1 + result.flows.reduce(0) { $0 + $1.samples.count })
    let columns = lines[0].split(separator: ",").count
    #expect(lines.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == columns })
  }

  @Test(
    "Bad input is said in one line",
    arguments: [
      (["simulate"], "a scenario is wanted"), (["simulate", "nowhere"], "neither a scenario nor a file"),
      (["simulate", "/dev/zero"], "longer than a scenario"), (["simulate", "/etc"], "is a directory"),
      (["simulate", "fairness", "--set", "loss=x"], "loss must be a percentage"),
      (["simulate", "fairness", "--html", "/nonexistent/x.html"], "no such directory"),
      (["simulate", "fairness", "--seed", "-1"], "seed"),
      (["simulate", "--list", "--seed", "1"], "options need a scenario"),
    ])
  func refusals(arguments: [String], part: String) throws {
    let program = try Program(arguments)
    #expect(try #require(program.status(within: 20)) != 0)
    #expect(
      program.standardError.split(separator: "\n").count == 1 && program.standardError.contains(part),
      "\(program.standardError)")
    #expect(program.standardOutput == "")
  }
}
