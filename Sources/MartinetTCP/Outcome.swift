import MartinetWire

/// An ICMP error as it concerns a connection.
public struct UnreachableCause: Equatable, Sendable {
  public var isIPv6: Bool
  /// The ICMP type.
  public var type: UInt8
  /// The ICMP code.
  public var code: UInt8

  public init(isIPv6: Bool, type: UInt8, code: UInt8) {
    self.isIPv6 = isIPv6
    self.type = type
    self.code = code
  }
}

/// What a connection knew when it gave its peer up.
public struct SilenceEvidence: Equatable, Sendable {
  /// The sequence numbers nobody acknowledged: those of octets, and of a SYN or FIN.
  public var unacknowledged: SequenceRange
  /// The octets among them, by their position in the stream, which begins at 0.
  public var octets: Range<UInt64>
  /// How long nothing was acknowledged, or nothing was heard.
  public var silence: Interval
  /// Retransmissions or probes that went unanswered.
  public var attempts: Int
  /// The last soft error that the network reported meanwhile.
  public var softError: UnreachableCause?
  /// Segments of the peer that were dropped since they came without the timestamps that both SYNs agreed on (RFC 7323 section 3.2): something on the way takes
  /// the option out of them.
  public var withoutTimestamps: Int

  public init(
    unacknowledged: SequenceRange, octets: Range<UInt64>, silence: Interval, attempts: Int,
    softError: UnreachableCause? = nil, withoutTimestamps: Int = 0
  ) {
    self.unacknowledged = unacknowledged
    self.octets = octets
    self.silence = silence
    self.attempts = attempts
    self.softError = softError
    self.withoutTimestamps = withoutTimestamps
  }
}

/// What a program hears of a connection before it is too late.
public enum ConnectionWarning: Equatable, Sendable {
  /// R1 is reached: retransmissions, or probes of a closed window, go unanswered (RFC 9293 section 3.8.3).
  case retransmitting(SilenceEvidence)
  /// A keep-alive probe went unanswered (RFC 9293 section 3.8.4).
  case peerSilent(SilenceEvidence)
  /// The network reported an error that may pass (RFC 9293 section 3.9.2.2).
  case unreachable(UnreachableCause)
}

/// Why a connection is over.
public enum EndReason: Equatable, Sendable {
  /// Both sides closed.
  case closed
  /// The peer answered the SYN with RST.
  case refused
  /// The peer reset the connection while it was in `phase`.
  case reset(in: Phase)
  /// The SYN stayed unanswered until R2 (RFC 9293 section 3.8.3).
  case connectTimedOut(SilenceEvidence)
  /// Data stayed unacknowledged until R2 (RFC 9293 section 3.8.3).
  case retransmissionTimedOut(SilenceEvidence)
  /// Data stayed unacknowledged for the user timeout (RFC 9293 section 3.10.8).
  case userTimedOut(SilenceEvidence)
  /// Keep-alive probes stayed unanswered (RFC 9293 section 3.8.4).
  case keepAliveTimedOut(SilenceEvidence)
  /// The network says the peer can't be reached.
  case unreachable(UnreachableCause)
  /// The local side aborted.
  case aborted

  /// Whether octets that arrived before the end may still be read.
  var keepsUnreadData: Bool {
    switch self {
    case .reset, .refused, .aborted: false
    default: true
    }
  }
}

/// Why a call on a connection failed (RFC 9293 section 3.10).
public enum CallError: Error, Equatable, Sendable {
  /// "connection does not exist"
  case doesNotExist
  /// "connection already exists"
  case alreadyExists
  /// "connection closing": the local side has closed its half.
  case closing
  /// The connection is over.
  case ended(EndReason)
}

/// What a receive call brought.
public enum Received: Equatable, Sendable {
  /// So many octets were copied.
  case bytes(Int)
  /// Nothing is there yet.
  case nothingYet
  /// The peer has closed its half and everything before was read.
  case endOfStream
}

/// What happened to a connection since it was last asked.
@frozen
public struct ConnectionEvents: OptionSet, Equatable, Sendable {
  public let rawValue: UInt16
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// The handshake is complete.
  @inlinable public static var connected: ConnectionEvents { ConnectionEvents(rawValue: 1) }
  /// There is something to read: octets, or the end of the stream.
  @inlinable public static var readable: ConnectionEvents { ConnectionEvents(rawValue: 2) }
  /// There is room to write again.
  @inlinable public static var writable: ConnectionEvents { ConnectionEvents(rawValue: 4) }
  /// The peer sent its FIN.
  @inlinable public static var peerClosed: ConnectionEvents { ConnectionEvents(rawValue: 8) }
  /// The urgent pointer came or advanced (RFC 9293 section 3.8.5).
  @inlinable public static var urgent: ConnectionEvents { ConnectionEvents(rawValue: 16) }
  /// There is a ``ConnectionWarning`` to poll (RFC 9293 section 3.9.1.8).
  @inlinable public static var warning: ConnectionEvents { ConnectionEvents(rawValue: 32) }
  /// Everything sent, the FIN included, has been acknowledged.
  @inlinable public static var allAcknowledged: ConnectionEvents { ConnectionEvents(rawValue: 64) }
  /// The connection is over; its end reason says why.
  @inlinable public static var ended: ConnectionEvents { ConnectionEvents(rawValue: 128) }
}
