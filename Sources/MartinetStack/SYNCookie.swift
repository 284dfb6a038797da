import MartinetTCP
import MartinetWire

/// A SYN,ACK whose sequence number says all that a host must know to go on when its ACK comes, so that nothing is stored until
/// then (RFC 4987 section 3.6).
///
/// The number is 3 bits for the peer's MSS, one bit for the period it was made in, and 28 bits of a keyed hash over these, both ends, the peer's
/// ISN and what the timestamp says. Unlike RFC 9293 section 3.4.1 such a number follows no clock.
struct SYNCookie: Equatable {
  /// How long a cookie is good for: the period it was made in and the next.
  static let period = Interval.seconds(64)

  /// The segment sizes that three bits tell apart: the least that is taken, the defaults of the two families, what tunnels and access lines leave of
  /// Ethernet, Ethernet with and without timestamps in mind, and jumbo frames.
  private static let segmentSizes: InlineArray<8, UInt16> = [88, 536, 1220, 1360, 1400, 1440, 1460, 8960]

  /// The index of the largest size that is no larger than the peer's MSS.
  var sizeIndex: UInt32
  /// What the lower bits of the timestamp say; nil without timestamps, and then the connection has no option but the MSS.
  var hints: TimestampHints?

  /// The lower bits of a TSval: window scale and SACK-permitted of the peer's SYN, and whether it asked for classic ECN.
  struct TimestampHints: Equatable {
    static let bits = 6
    private static let noScale: UInt32 = 15
    let rawValue: UInt32

    init(truncating value: UInt32) { rawValue = value & 63 }

    init(_ options: TCPOptions, hasClassicECN: Bool) {
      let scale = options.has(.windowScale) ? UInt32(options.windowScale.shift) : TimestampHints.noScale
      rawValue = scale | (options.has(.sackPermitted) ? 16 : 0) | (hasClassicECN ? 32 : 0)
    }

    var hasClassicECN: Bool { rawValue & 32 != 0 }

    /// Puts into `options` what the peer's SYN had.
    func write(to options: inout TCPOptions) {
      if rawValue & 15 != TimestampHints.noScale {
        options.present.insert(.windowScale)
        options.windowScale = WindowScale(clamping: UInt8(rawValue & 15))
      }
      if rawValue & 16 != 0 { options.present.insert(.sackPermitted) }
    }
  }

  /// What is to be remembered of a SYN. A peer without an MSS option takes the default (RFC 9293 section 3.7.1).
  init(of syn: TCPHeader, isIPv4: Bool, hasClassicECN: Bool = false) {
    let offered = syn.options.has(.maximumSegmentSize) ? syn.options.maximumSegmentSize : isIPv4 ? 536 : 1220
    var index = SYNCookie.segmentSizes.count - 1
    while index > 0 && SYNCookie.segmentSizes[index] > offered { index -= 1 }
    sizeIndex = UInt32(index)
    hints = syn.options.has(.timestamps) ? TimestampHints(syn.options, hasClassicECN: hasClassicECN) : nil
  }

  private init(sizeIndex: UInt32, hints: TimestampHints?) {
    self.sizeIndex = sizeIndex
    self.hints = hints
  }

  /// The sequence number of the SYN,ACK.
  func number(for flow: FlowKey, peer: SequenceNumber, secrets: Secrets, at now: Instant) -> SequenceNumber {
    SequenceNumber(encoded(flow, peer, secrets, period: now.nanoseconds / SYNCookie.period.nanoseconds))
  }

  private func encoded(_ flow: FlowKey, _ peer: SequenceNumber, _ secrets: Secrets, period: Int64) -> UInt32 {
    let hints = hints.map { UInt64($0.rawValue) } ?? 64
    let mac = secrets.cookie(of: flow, UInt64(peer.rawValue) << 32 | hints << 8 | UInt64(sizeIndex), period: period)
    return sizeIndex << 29 | UInt32(truncatingIfNeeded: period & 1) << 28 | mac >> 4
  }

  /// What the ACK of a SYN,ACK brings back; nil if its number is none that this host made for this flow in this period or the one before.
  init?(acknowledgedBy header: TCPHeader, of flow: FlowKey, secrets: Secrets, at now: Instant) {
    let number = (header.acknowledgement - 1).rawValue
    let current = now.nanoseconds / SYNCookie.period.nanoseconds
    let period = UInt32(truncatingIfNeeded: current & 1) == number >> 28 & 1 ? current : current - 1
    let hints = header.options.has(.timestamps) ? TimestampHints(truncating: header.options.timestamps.echo) : nil
    self.init(sizeIndex: number >> 29, hints: hints)
    guard encoded(flow, header.sequence - 1, secrets, period: period) == number else { return nil }
  }

  /// The peer's SYN as far as it is remembered, made again from its ACK.
  func syn(before header: TCPHeader) -> TCPHeader {
    var syn = TCPHeader(
      sourcePort: header.sourcePort, destinationPort: header.destinationPort, sequence: header.sequence - 1,
      acknowledgement: SequenceNumber(0), flags: .syn, window: header.window)
    syn.options.present.insert(.maximumSegmentSize)
    syn.options.maximumSegmentSize = SYNCookie.segmentSizes[Int(sizeIndex)]
    // Who has accurate ECN says so in every segment, and nobody else does (RFC 9768 section 5.1).
    if !header.flags.isDisjoint(with: [.ae, .cwr]) {
      syn.flags.formUnion([.ae, .cwr, .ece])
    } else if hints?.hasClassicECN == true {
      syn.flags.formUnion([.cwr, .ece])
    }
    if let hints {
      hints.write(to: &syn.options)
      syn.options.present.insert(.timestamps)
      syn.options.timestamps = TCPTimestamps(value: header.options.timestamps.value, echo: 0)
    }
    return syn
  }
}
