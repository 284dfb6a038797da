import MartinetTCP
import MartinetWire

extension TraceEvent: CustomStringConvertible {
  /// One line: what happened, and why.
  public var description: String { "\(kind)" }
}

extension TraceKind: CustomStringConvertible {
  public var description: String {
    switch self {
    case .opened(let local, let remote, let passive): "\(passive ? "passive" : "active") open, \(local) to \(remote)"
    case .sent(let segment, let reason): "sent \(segment): \(reason.words)"
    case .received(let segment): "received \(segment)"
    case .dropped(let segment, let reason): "dropped \(segment): \(reason.words)"
    case .phaseChanged(let from, let to, let trigger): "\(from.words) to \(to.words): \(trigger.words)"
    case .timerExpired(let timer): "the \(timer.words) timer expired"
    case .congestion(let window, let threshold, let inFlight, let cause):
      "congestion window \(window), threshold \(threshold), in flight \(inFlight): \(cause.words)"
    case .roundTrip(let sample, let smoothed, let variation, let timeout):
      "round trip \(sample.text), smoothed \(smoothed.text), variation \(variation.text), timeout \(timeout.text)"
    case .deliveryRate(let rate, let isApplicationLimited):
      "delivers \(rate) octets per second\(isApplicationLimited ? ", as far as there was anything to send" : "")"
    case .lossDetected(let range, let reason): "lost \(range.text): \(reason.words)"
    case .sendWindow(let octets): "the peer's window is \(octets)"
    case .receiveBuffer(let octets): "the receive buffer grows to \(octets)"
    case .pathMTU(let octets): "the path takes packets of \(octets)"
    case .blackHole(let octets): "packets of \(octets) vanish on the path, it seems"
    case .userTimeout(let peer, .zero): "the peer's user timeout is \(peer.text): not adopted"
    case .userTimeout(let peer, let adopted): "the peer's user timeout is \(peer.text): \(adopted.text) adopted"
    case .softError(let cause): "the network reported: \(cause.text)"
    case .warning(let warning): "warning: \(warning)"
    case .ended(let reason): "ended: \(reason.text)"
    }
  }
}

extension SegmentSummary: CustomStringConvertible {
  /// The segment in one line.
  public var description: String {
    let number = flags.contains(.ack) ? " ack \(acknowledgement.rawValue)" : ""
    let text = options.present.isEmpty ? "" : " <\(options)>"
    return "\(flags) seq \(sequence.rawValue)\(number) win \(window) len \(payload)\(text)\(ecn.words)"
  }
}

extension ECNCodepoint {
  /// What the IP header says of congestion, with a space before it; nothing for a packet that is not ECN-capable.
  var words: String {
    switch self {
    case .notECT: ""
    case .ect0: " ECT(0)"
    case .ect1: " ECT(1)"
    case .congestionExperienced: " CE"
    }
  }
}

extension TimerKind {
  /// The name of the timer.
  public var words: String {
    switch self {
    case .reordering: "reordering"
    case .tailLossProbe: "tail loss probe"
    case .retransmission: "retransmission"
    case .persist: "persist"
    case .delayedAcknowledgement: "delayed acknowledgement"
    case .sillyWindowOverride: "silly window override"
    case .keepAlive: "keep-alive"
    case .userTimeout: "user timeout"
    case .deadPeer: "dead peer"
    case .timeWait: "TIME-WAIT"
    case .finWait2: "FIN-WAIT-2"
    case .pacing: "pacing"
    case .rest: "rest"
    case .congestionHold: "congestion hold"
    }
  }
}
