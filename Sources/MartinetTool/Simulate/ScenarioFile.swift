import FoundationEssentials
import MartinetSimulation
import MartinetTCP

/// A scenario file: JSON, whose fields docs/SCENARIOS.md explains.
package enum ScenarioFile {
  /// A scenario that is longer than this is none.
  package static let largestFile = 1 << 20

  package static func octets(of path: String) throws(Failure) -> [UInt8] {
    let file = try SourceFile(path: path)
    var text: [UInt8] = []
    let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 1)
    defer { part.deallocate() }
    while text.count <= largestFile {
      let count = try file.read(into: part)
      if count == 0 { return text }
      text += part[..<count]
    }
    throw Failure("\(path) is longer than a scenario can be, \(Figures.octets(largestFile))")
  }

  private static let experimentFields = [
    "title", "seed", "duration_s", "measured_from_s", "samples", "silent_routers", "links", "flows",
  ]
  private static let impairmentFields = [
    "rate_mbit", "delay_ms", "jitter_ms", "queue_bytes", "loss_percent", "burst_packets", "reorder_percent",
    "reorder_ms",
    "duplicate_percent", "corrupt_percent", "mark_bytes", "largest_packet",
  ]
  private static let linkFields = ["mtu", "back", "outages", "changes"]
  private static let flowFields = [
    "algorithm", "count", "start_s", "spacing_s", "bytes", "from", "to", "access_delay_ms", "access_mbit", "pacing",
    "ecn",
    "buffer_bytes", "lose",
  ]

  /// The fields of an experiment, of a link and of a flow.
  package static let fields = experimentFields + impairmentFields + linkFields + flowFields

  /// Reads a scenario that is called `name` unless it has a title.
  package static func read(_ text: [UInt8], name: String) throws(Failure) -> NamedExperiment {
    let value: ScenarioJSON
    do {
      value = try JSONDecoder().decode(ScenarioJSON.self, from: Data(text))
    } catch {
      throw Failure("\(name) is no JSON\(ScenarioJSON.place(of: error))")
    }
    do {
      return try scenario(value, name: name)
    } catch {
      throw Failure("\(name): \(error.message)")
    }
  }

  private static func scenario(_ value: ScenarioJSON, name: String) throws(Failure) -> NamedExperiment {
    let object = try ScenarioObject(
      value, at: "", fields: experimentFields)
    var links: [ExperimentLink] = []
    for (path, value) in try object.list("links") { links.append(try link(value, at: path)) }
    guard !links.isEmpty else { throw Failure("links must be a list of 1 to \(Experiment.maximumLinks) links") }
    var flows: [ExperimentFlow] = []
    for (path, value) in try object.list("flows") { flows += try Self.flows(value, at: path, links: links.count) }
    guard !flows.isEmpty else { throw Failure("flows must describe 1 to \(Experiment.maximumFlows) flows") }
    var experiment = Experiment(links: links, flows: flows)
    experiment.seed = UInt64(try object.integer("seed", 0...(1 << 53), default: 1))
    experiment.duration = seconds(try object.number("duration_s", 0.001...3600, default: 10))
    experiment.measuredFrom = seconds(try object.number("measured_from_s", 0...3600, default: 0))
    guard experiment.measuredFrom < experiment.duration else {
      throw Failure("measured_from_s must be less than duration_s, which is \(experiment.duration)")
    }
    experiment.samples = try object.integer("samples", 10...10_000, default: 400)
    experiment.hasSilentRouters = try object.flag("silent_routers")
    if let fault = experiment.fault { throw Failure(fault) }
    return NamedExperiment(name, try object.text("title") ?? "", experiment)
  }

  // MARK: Links

  private static func link(_ value: ScenarioJSON, at path: String) throws(Failure) -> ExperimentLink {
    let object = try ScenarioObject(value, at: path, fields: impairmentFields + linkFields)
    var link = ExperimentLink(try impairment(object, from: Impairment()))
    if let back = object.value("back") {
      link.toLeft = try impairment(
        ScenarioObject(back, at: object.field("back"), fields: impairmentFields), from: link.toLeft)
    }
    link.mtu = try object.integer("mtu", 576...65_535, default: 1500)
    for (path, value) in try object.list("outages") {
      let outage = try ScenarioObject(value, at: path, fields: ["from_s", "to_s"])
      let from = try outage.number("from_s", 0...3600)
      let to = try outage.number("to_s", from...3600)
      link.changes.append(LinkChange(at: seconds(from), .condition(.cut)))
      link.changes.append(LinkChange(at: seconds(to), .condition(.whole)))
    }
    for (path, value) in try object.list("changes") {
      let change = try ScenarioObject(value, at: path, fields: impairmentFields + ["at_s"])
      let later = try impairment(change, from: link.toRight)
      link.changes.append(LinkChange(at: seconds(try change.number("at_s", 0...3600)), .impairment(later, .toRight)))
    }
    return link
  }

  /// What `before` is, but for the fields that are there.
  private static func impairment(_ object: ScenarioObject, from before: Impairment) throws(Failure) -> Impairment {
    var impairment = before
    if object.has("rate_mbit") {
      impairment.rate = UInt64((try object.number("rate_mbit", 0...1_000_000) * 1e6).rounded())
    }
    if object.has("delay_ms") { impairment.delay = milliseconds(try object.number("delay_ms", 0...60_000)) }
    if object.has("jitter_ms") { impairment.jitter = milliseconds(try object.number("jitter_ms", 0...60_000)) }
    if object.has("reorder_ms") {
      impairment.reorderingDelay = milliseconds(try object.number("reorder_ms", 0...60_000))
    }
    impairment.reordering = try probability(object, "reorder_percent", default: before.reordering)
    impairment.duplication = try probability(object, "duplicate_percent", default: before.duplication)
    impairment.corruption = try probability(object, "corrupt_percent", default: before.corruption)
    impairment.queueCapacity = try object.integer("queue_bytes", 0...(1 << 40), default: before.queueCapacity)
    impairment.markingThreshold = try object.integer("mark_bytes", 0...(1 << 40), default: before.markingThreshold)
    impairment.mtu = try object.integer("largest_packet", 0...65_535, default: before.mtu)
    try setLoss(of: &impairment, object)
    return impairment
  }

  private static func setLoss(of impairment: inout Impairment, _ object: ScenarioObject) throws(Failure) {
    guard object.has("loss_percent") else {
      if object.has("burst_packets") { throw Failure("\(object.field("burst_packets")) needs loss_percent beside it") }
      return
    }
    impairment.loss = try probability(object, "loss_percent", default: .never)
    impairment.burstLoss = nil
    guard object.has("burst_packets"), !impairment.loss.isNever else { return }
    let length = try object.integer("burst_packets", 1...1_000_000)
    guard let burst = BurstLoss(losing: impairment.loss, inBurstsOf: UInt32(length)) else {
      throw Failure(
        "\(object.field("burst_packets")) must be more: so much loss leaves no room between bursts of \(length)")
    }
    impairment.burstLoss = burst
    impairment.loss = .never
  }

  // MARK: Flows

  private static func flows(_ value: ScenarioJSON, at path: String, links: Int) throws(Failure) -> [ExperimentFlow] {
    let object = try ScenarioObject(
      value, at: path,
      fields: flowFields)
    let name = try object.text("algorithm") ?? ConnectionOptions().congestion.name
    guard let algorithm = CongestionAlgorithm.named(name) else {
      throw Failure("\(object.field("algorithm")) must be one of \(CongestionAlgorithm.names)")
    }
    var flow = ExperimentFlow(algorithm)
    flow.octets = UInt64(try object.integer("bytes", 0...(1 << 42), default: 0))
    flow.from = try object.integer("from", 0...links, default: 0)
    flow.to = try object.integer("to", 0...links, default: links)
    guard flow.from != flow.to else { throw Failure("\(object.field("to")) must differ from \(object.field("from"))") }
    flow.accessDelay = milliseconds(try object.number("access_delay_ms", 0...60_000, default: 0))
    flow.accessRate = UInt64((try object.number("access_mbit", 0...1_000_000, default: 0) * 1e6).rounded())
    flow.pacing = try object.flag("pacing")
    if object.has("buffer_bytes") { flow.bufferSize = try object.integer("buffer_bytes", 4096...(1 << 28)) }
    if let name = try object.text("ecn") {
      guard let ecn = ECNPreference.named(name) else {
        throw Failure("\(object.field("ecn")) must be one of \(ECNPreference.names)")
      }
      flow.ecn = ecn
    }
    for (path, value) in try object.list("lose") {
      let loss = try ScenarioObject(value, at: path, fields: ["octet", "times"])
      flow.plannedLosses.append(
        PlannedLoss(
          octet: UInt64(try loss.integer("octet", 0...(1 << 42))),
          times: try loss.integer("times", 1...1000, default: 1)))
    }
    let start = try object.number("start_s", 0...3600, default: 0)
    let spacing = try object.number("spacing_s", 0...3600, default: 0)
    return (0..<(try object.integer("count", 1...Experiment.maximumFlows, default: 1))).map { number in
      var one = flow
      one.start = seconds(start + spacing * Double(number))
      return one
    }
  }

  // MARK: Units

  private static func probability(
    _ object: ScenarioObject, _ name: String, default value: Probability
  ) throws(Failure) -> Probability {
    guard object.has(name) else { return value }
    return Probability(partsPerBillion: UInt32((try object.number(name, 0...100) * 1e7).rounded()))
  }

  private static func seconds(_ value: Double) -> Interval { Interval(nanoseconds: Int64((value * 1e9).rounded())) }
  private static func milliseconds(_ value: Double) -> Interval {
    Interval(nanoseconds: Int64((value * 1e6).rounded()))
  }
}

extension CongestionAlgorithm {
  package static func named(_ name: String) -> CongestionAlgorithm? { allCases.first { $0.name == name } }

  static var names: String { allCases.map(\.name).joined(separator: ", ") }
}
