import MartinetRuntime
import MartinetSimulation
import MartinetTCP

/// A wire that is to be laid.
package struct ImpairPlan: Sendable {
  package var first: NamespacedDevice
  package var second: NamespacedDevice
  package var forth: Impairment
  package var back: Impairment
  package var seed: UInt64

  package init(
    first: NamespacedDevice, second: NamespacedDevice, forth: Impairment, back: Impairment, seed: UInt64
  ) {
    self.first = first
    self.second = second
    self.forth = forth
    self.back = back
    self.seed = seed
  }
}

/// A wire in words.
package enum WireWords {
  /// "100.0 Mbit/s, 244.1 KiB of queue, 10.0 ms, 5 % loss"; "nothing" for a perfect wire.
  package static func of(_ wire: Impairment) -> String {
    var words: [String] = []
    if wire.rate > 0 {
      words += [Figures.rate(Double(wire.rate)), "\(Figures.octets(wire.queueCapacity)) of queue"]
    }
    if wire.markingThreshold > 0 { words.append("marks above \(Figures.octets(wire.markingThreshold))") }
    if wire.delay > .zero { words.append(Figures.span(wire.delay)) }
    if wire.jitter > .zero { words.append("jitter up to \(Figures.span(wire.jitter))") }
    if let burst = wire.burstLoss {
      let length = (Double(Probability.always.partsPerBillion) / Double(burst.turnsGood.partsPerBillion)).rounded()
      let share = Double(burst.turnsBad.partsPerBillion)
      let loss = share / (share + Double(burst.turnsGood.partsPerBillion))
      words.append("\(Plot.short((loss * 1e9).rounded() / 1e7)) % loss in bursts of \(Plot.short(length))")
    }
    for (chance, what) in [
      (wire.loss, "loss"), (wire.reordering, "held back by \(Figures.span(wire.reorderingDelay))"),
      (wire.duplication, "twice"), (wire.corruption, "corrupted"),
    ] where !chance.isNever {
      words.append("\(Plot.short(Double(chance.partsPerBillion) / 1e7)) % \(what)")
    }
    return words.isEmpty ? "nothing" : words.joined(separator: ", ")
  }
}
