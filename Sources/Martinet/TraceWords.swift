import MartinetTCP
import MartinetWire

extension TransmissionReason {
  /// Why the segment left, in words.
  public var words: String {
    switch self {
    case .handshake: "opening handshake"
    case .newData: "new data"
    case .limitedTransmit: "new data on an early duplicate acknowledgement"
    case .fastRetransmission: "retransmission: duplicate acknowledgements show a loss"
    case .partialAcknowledgement: "retransmission: a partial acknowledgement shows the next loss"
    case .timeout: "retransmission: the timer expired"
    case .timeoutRecovery: "retransmission: more of the loss after the timeout"
    case .refusedInSYN: "retransmission: the peer did not take the text of the SYN"
    case .tailLossProbe: "probe: is the end of the flight lost?"
    case .packetTooBig: "retransmission: the path takes only smaller packets"
    case .pathProbe: "probe: does the path take larger packets?"
    case .windowProbe: "probe: is the window still closed?"
    case .keepAliveProbe: "probe: is the peer still there?"
    case .acknowledgement: "acknowledgement"
    case .delayedAcknowledgement: "acknowledgement, its delay is over"
    case .duplicateAcknowledgement: "acknowledgement at once: data out of order"
    case .windowUpdate: "the window opened"
    case .challengeAcknowledgement: "challenge: a doubtful segment arrived"
    case .congestionFeedback: "congestion marks arrived"
    case .userTimeout: "our user timeout changed"
    case .fin: "end of the stream"
    case .reset: "reset"
    }
  }

  /// A key for machines, also what the columns of a table are called.
  public var key: String {
    switch self {
    case .handshake: "handshake"
    case .newData: "new_data"
    case .limitedTransmit: "limited_transmit"
    case .fastRetransmission: "fast_retransmission"
    case .partialAcknowledgement: "partial_acknowledgement"
    case .timeout: "timeout"
    case .timeoutRecovery: "timeout_recovery"
    case .refusedInSYN: "refused_in_syn"
    case .tailLossProbe: "tail_loss_probe"
    case .packetTooBig: "packet_too_big"
    case .pathProbe: "path_probe"
    case .windowProbe: "window_probe"
    case .keepAliveProbe: "keep_alive_probe"
    case .acknowledgement: "acknowledgement"
    case .delayedAcknowledgement: "delayed_acknowledgement"
    case .duplicateAcknowledgement: "duplicate_acknowledgement"
    case .windowUpdate: "window_update"
    case .challengeAcknowledgement: "challenge_acknowledgement"
    case .congestionFeedback: "congestion_feedback"
    case .userTimeout: "user_timeout"
    case .fin: "fin"
    case .reset: "reset"
    }
  }

  /// Two or three words for a legend.
  public var shortWords: String {
    switch self {
    case .fastRetransmission: "fast retransmission"
    case .partialAcknowledgement: "after a partial acknowledgement"
    case .timeout: "after a timeout"
    case .timeoutRecovery: "repair after a timeout"
    case .tailLossProbe: "tail loss probe"
    case .packetTooBig: "packet too big"
    case .handshake: "handshake repeated"
    case .fin: "end of stream repeated"
    default: key.split(separator: "_").joined(separator: " ")
    }
  }
}

extension DropReason {
  /// Why the segment was dropped, in words.
  public var words: String {
    switch self {
    case .outsideWindow: "outside the window"
    case .pawsOldTimestamp: "its timestamp is old"
    case .timestampMissing: "its timestamp is missing"
    case .resetOutsideWindow: "a reset outside the window"
    case .resetNotAtLeftEdge: "a reset not at the left edge of the window"
    case .synInSynchronizedState: "a SYN on an open connection"
    case .acknowledgementMissing: "no ACK"
    case .acknowledgementOfNothingSent: "acknowledges what was never sent"
    case .acknowledgementTooOld: "its acknowledgement is too old"
    case .duplicateData: "all of it is here already"
    case .dataAfterFin: "data behind the FIN"
    case .dataAfterClose: "nobody reads any more"
    case .noRoom: "no room"
    case .unacceptableInState: "does not fit the state"
    case .resetInTimeWait: "a reset in TIME-WAIT"
    }
  }
}

extension Trigger {
  /// What moved the state machine, in words.
  public var words: String {
    switch self {
    case .activeOpen: "the program opens"
    case .passiveOpen: "the program listens"
    case .synArrives: "SYN arrives"
    case .synAckArrives: "SYN,ACK arrives"
    case .ackOfSynArrives: "our SYN is acknowledged"
    case .finArrives: "FIN arrives"
    case .ackOfFinArrives: "our FIN is acknowledged"
    case .resetOfPassiveOpen, .resetArrives: "RST arrives"
    case .closeCall: "the program closes"
    case .abortCall: "the program aborts"
    case .gaveUp: "given up"
    case .timeWaitExpires: "2 MSL are over"
    }
  }
}

extension CongestionCause {
  /// What changed the congestion window, in words.
  public var words: String {
    switch self {
    case .initialWindow: "initial window"
    case .slowStart: "slow start"
    case .congestionAvoidance: "congestion avoidance"
    case .enteredFastRecovery: "fast recovery begins"
    case .inflatedByDuplicate: "inflated by a duplicate acknowledgement"
    case .partialAcknowledgement: "partial acknowledgement"
    case .proportionalRate: "proportional rate reduction"
    case .tailLossRepaired: "a probe repaired the tail"
    case .leftFastRecovery: "fast recovery ends"
    case .retransmissionTimeout: "retransmission timeout"
    case .idleRestart: "restart after idle"
    case .windowUnused: "the window was not used"
    case .explicitNotification: "explicit notification"
    case .spuriousUndone: "undone: the loss was none"
    case .startup: "startup: looking for the bandwidth"
    case .drain: "drain: emptying the queue"
    case .probingDown: "probing: less than the path takes"
    case .cruising: "cruising: as much as the path takes"
    case .refilling: "refilling the path"
    case .probingUp: "probing: more than the path took"
    case .probingRoundTrip: "probing the bare round trip"
    }
  }
}

extension Phase {
  /// The name of the state, as RFC 9293 has it.
  public var words: String { name.description }
}

extension TCPFlags {
  /// The names of the bits that are set, in the order in which people say them.
  public var names: [String] {
    let all: [(TCPFlags, String)] = [
      (.syn, "SYN"), (.fin, "FIN"), (.rst, "RST"), (.psh, "PSH"), (.ack, "ACK"), (.urg, "URG"), (.ece, "ECE"),
      (.cwr, "CWR"), (.ae, "AE"),
    ]
    return all.filter { contains($0.0) }.map(\.1)
  }
}
