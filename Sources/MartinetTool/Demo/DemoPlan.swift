import MartinetSimulation
import MartinetTCP
import MartinetWire

/// What a demonstration is to do.
package struct DemoPlan: Sendable {
  /// The octets of the file that is made from the seed.
  package var size: Int
  /// The file to send instead; nil for the one from the seed.
  package var file: String?
  /// In each direction.
  package var loss: Probability
  /// One way, in each direction.
  package var delay: Interval
  /// Bits per second in each direction.
  package var rate: UInt64
  package var seed: UInt64
  /// Whether the sender asks for ECN and the wire marks.
  package var ecn: Bool
  /// The sender's congestion control; nil for the stack's own.
  package var congestion: CongestionAlgorithm?
  /// The packet of the sender's host to take apart, counted from 1.
  package var unfold: Int?

  package init(
    size: Int = 8 << 20, file: String? = nil, loss: Probability = .never, delay: Interval = .milliseconds(10),
    rate: UInt64 = 100_000_000, seed: UInt64 = 1, ecn: Bool = false,
    congestion: CongestionAlgorithm? = nil, unfold: Int? = nil
  ) {
    self.size = size
    self.file = file
    self.loss = loss
    self.delay = delay
    self.rate = rate
    self.seed = seed
    self.ecn = ecn
    self.congestion = congestion
    self.unfold = unfold
  }

  package static let sender = IPPrefix(.v4(IPv4Address(10, 77, 0, 2)), 16)
  package static let receiver = IPPrefix(.v4(IPv4Address(10, 77, 0, 1)), 16)
  package static let port: UInt16 = 9000

  package func open() throws(Failure) -> SourceFile {
    if let file { return try SourceFile(path: file) }
    return SourceFile(seed: seed, size: size)
  }

  /// Where a packet is marked, in octets that wait: a queue that is short beside those that overflow.
  private static let markingThreshold = 32 * 1024

  var impairment: Impairment {
    var impairment = Impairment(rate: rate, delay: delay, loss: loss)
    if ecn { impairment.markingThreshold = DemoPlan.markingThreshold }
    return impairment
  }

  /// The longest time that a packet of 1500 octets can be on its way: behind a full queue.
  var longestTransit: Interval {
    let octets = UInt64(impairment.queueCapacity + 3000)
    let waiting = octets * 8 * 1_000_000 / max(1, rate / 1000)
    return delay + Interval(nanoseconds: Int64(clamping: waiting)) + .milliseconds(1)
  }

  /// The wire in words.
  package var words: String {
    let percent = Plot.short(Double(loss.partsPerBillion) / 1e7)
    let choices = (ecn ? ", ECN" : "") + (congestion.map { ", \($0)" } ?? "")
    return
      "\(Figures.rate(Double(rate))), \(Figures.span(delay)) each way, \(percent) % loss each way\(choices), seed \(seed)"
  }
}

/// What a demonstration brought.
package struct DemoOutcome: Sendable {
  package var plan: DemoPlan
  package var story: Story
  /// The octets that arrived.
  package var octets = 0
  package var sentSum = ""
  package var receivedSum = ""
  /// From the first SYN to the end of the stream at the receiver, in virtual time.
  package var duration = Interval.zero
  /// Until the closing was over as well.
  package var whole = Interval.zero
  package var realTime = Interval.zero
  /// Packets that the wire swallowed.
  package var swallowed = 0
  /// Packets that the sender's host sent or received.
  package var packets = 0
  package var unfolded: (layer: Layer, title: String)?
  /// Why the file did not arrive, in one line.
  package var failure: String?

  package var isMatch: Bool { failure == nil && !sentSum.isEmpty && sentSum == receivedSum }

  /// Bits per second.
  package var goodput: Double {
    duration.nanoseconds == 0 ? 0 : Double(octets) * 8e9 / Double(duration.nanoseconds)
  }
}
