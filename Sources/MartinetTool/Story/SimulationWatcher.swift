import Martinet
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire

/// Follows two hosts of a simulation: makes a story of what both tell, and a capture of what the left one sees.
///
/// It belongs to the threads of a simulation, of which exactly one runs at a time; that is what makes it safe to share.
final class SimulationWatcher: @unchecked Sendable {
  private let left: HostID
  private let right: HostID
  /// What the left host is called.
  private let name: String
  private var recorder: StoryRecorder
  private let capture: OutputFile?
  private var isCaptureOpen = false
  private var captureFailure: Failure?
  private let wanted: Int?
  /// Why segments of ours left that the tap has not shown yet.
  private var reasons: [(time: Instant, reason: TransmissionReason)] = []
  private var origins: [Bool: UInt32] = [:]
  private var shifts: [Bool: Int] = [:]
  private(set) var packets = 0
  private(set) var unfolded: (layer: Layer, title: String)?

  /// Watches `left` and `right`, which must be traced; with a capture or a wanted packet `left` must be tapped.
  ///
  /// - Parameters:
  ///   - transit: the longest time that a packet can be on its way.
  ///   - wanted: the packet of the left host to take apart, counted from 1.
  init(
    _ left: (host: HostID, name: String), _ right: (host: HostID, name: String), transit: Interval,
    wanted: Int? = nil, capture: OutputFile?
  ) {
    self.left = left.host
    self.right = right.host
    self.capture = capture
    self.wanted = wanted
    name = left.name
    recorder = StoryRecorder(
      left: Party(name: left.name, endpoint: ""), right: Party(name: right.name, endpoint: ""),
      wire: .watched(transit: transit))
  }

  /// Notes what the program of one side says of itself.
  func record(_ remark: Remark) {
    recorder.record(remark)
  }

  /// Lets the last acknowledgements arrive. TIME-WAIT is not waited for: it is a final state that one can show.
  func finishClosing(_ network: inout Network) {
    let hosts = [left, right]
    network.run(until: network.now + .seconds(120)) { network in
      network.packetsInFlight > 0
        || hosts.contains { network.withHost($0) { host, _ in host.hasUnfinishedBusiness } }
    }
    observe(&network)
  }

  /// Takes what the hosts and the tap have recorded.
  func observe(_ network: inout Network) {
    let ours = events(of: left, in: &network)
    merge(ours, events(of: right, in: &network))
    guard capture != nil || wanted != nil else { return }
    for event in ours {
      if case .sent(_, let reason) = event.kind { reasons.append((event.time, reason)) }
    }
    var blocks: [UInt8] = []
    if !isCaptureOpen {
      Pcapng.appendSectionHeader(to: &blocks)
      Pcapng.appendInterface(.ip, to: &blocks)
      isCaptureOpen = true
    }
    var next = 0
    while network.takeCaptured(of: left, { note($0, $1, &next, &blocks) }) {}
    reasons.removeFirst(next)
    write(blocks)
  }

  private func events(of host: HostID, in network: inout Network) -> [TraceEvent] {
    var events: [TraceEvent] = []
    while let event = network.pollTrace(of: host) { events.append(event) }
    return events
  }

  /// By time; a segment leaves before it arrives, also where both happen at once.
  private func merge(_ ours: [TraceEvent], _ theirs: [TraceEvent]) {
    var (one, other) = (0, 0)
    while one < ours.count || other < theirs.count {
      let takesOurs: Bool
      if one == ours.count || other == theirs.count {
        takesOurs = one < ours.count
      } else if ours[one].time == theirs[other].time {
        if case .received = ours[one].kind { takesOurs = false } else { takesOurs = true }
      } else {
        takesOurs = ours[one].time < theirs[other].time
      }
      if takesOurs {
        recorder.record(ours[one], at: .left)
        one += 1
      } else {
        recorder.record(theirs[other], at: .right)
        other += 1
      }
    }
  }

  // MARK: Packets

  private func note(_ packet: CapturedPacket, _ bytes: RawSpan, _ next: inout Int, _ blocks: inout [UInt8]) {
    packets += 1
    let isSent = packet.direction == .sent
    let number = wanted
    if let number, number >= packets { learn(bytes, isSent: isSent) }
    if number == packets { unfolded = unfold(packet, bytes, isSent: isSent) }
    guard capture != nil else { return }
    let note = Pcapng.PacketNote(
      time: UInt64(max(0, packet.time.nanoseconds)), direction: isSent ? .outbound : .inbound,
      comment: isSent ? comment(packet.time, &next) : "")
    Pcapng.append(bytes, note, to: &blocks)
  }

  /// Why a packet of ours left, where that is not the usual.
  private func comment(_ time: Instant, _ next: inout Int) -> String {
    while next < reasons.count, reasons[next].time < time { next += 1 }
    guard next < reasons.count, reasons[next].time == time else { return "" }
    let reason = reasons[next].reason
    next += 1
    switch reason {
    case .newData, .acknowledgement, .delayedAcknowledgement: return ""
    default: return reason.words
    }
  }

  /// Remembers where the numbers of a direction begin, which only its SYN tells.
  private func learn(_ bytes: RawSpan, isSent: Bool) {
    guard let header = SimulationWatcher.segment(in: bytes), header.isSYN else { return }
    origins[isSent] = header.sequence.rawValue
    shifts[isSent] = header.options.has(.windowScale) ? Int(header.options.windowScale.shift) : nil
  }

  private static func segment(in bytes: RawSpan) -> TCPHeader? {
    guard let packet = try? IPv4Header.parse(bytes), packet.protocolNumber == IPProtocol.tcp, !packet.isFragment else {
      return nil
    }
    return try? TCPHeader.parse(bytes.extracting(packet.headerLength..<packet.totalLength)).header
  }

  private func unfold(_ packet: CapturedPacket, _ bytes: RawSpan, isSent: Bool) -> (Layer, String) {
    // Windows are scaled only if both sides offered it (RFC 7323 section 2.2).
    let shift = shifts[!isSent] == nil ? (shifts[isSent] == nil ? nil : 0) : shifts[isSent] ?? 0
    let context = UnfoldContext(origin: origins[isSent], peerOrigin: origins[!isSent], windowShift: shift)
    let octets = bytes.withUnsafeBytes { Array($0) }
    let title =
      "packet \(packets), \(isSent ? "sent" : "received") by the \(name)'s host at \(Figures.clock(packet.time)) s"
    return (Dissection.packet(octets, in: context), title)
  }

  private func write(_ blocks: [UInt8]) {
    guard let capture, captureFailure == nil else { return }
    do throws(Failure) {
      try capture.write(blocks)
    } catch {
      captureFailure = error
    }
  }

  // MARK: The end

  /// Everything that was told, and the capture file under its name.
  func finish(at instant: Instant) throws(Failure) -> Story {
    if let captureFailure { throw captureFailure }
    try capture?.finish()
    return recorder.finish(at: instant)
  }
}
