import MartinetWire

// Handshakes of which nothing is kept between the SYN,ACK and its ACK (RFC 4987 section 3.6).

extension Connection {
  /// Writes the SYN,ACK that answers `syn` into `departure`, of a connection that is forgotten at once and that no trace shows.
  public static func answerToSYN(
    _ syn: TCPHeader, _ parameters: OpenParameters, _ ecn: ECNCodepoint, into departure: inout Departure,
    in environment: inout Environment,
    at now: Instant
  ) -> SegmentEnvelope? {
    let isTraced = environment.trace.isEnabled
    environment.trace.isEnabled = false
    defer { environment.trace.isEnabled = isTraced }
    var connection = Connection(listening: parameters, in: &environment, at: now)
    connection.receive(syn, payload: PageChain(), facts: ArrivalFacts(ecn: ecn), in: &environment, at: now)
    return connection.pollTransmit(into: &departure, maximumTrain: 0, in: &environment, at: now)
  }

  /// A record in SYN-RECEIVED whose `syn` and SYN,ACK are remembered and not sent again; to be given the ACK at once.
  public init(
    recalling syn: TCPHeader, _ parameters: OpenParameters, in environment: inout Environment, at now: Instant
  ) {
    self.init(listening: parameters, in: &environment, at: now)
    acceptSYN(syn, .notECT, in: &environment, at: now)
    flags.remove(.synDue)
    snd.nxt = snd.iss + 1
    // When the SYN,ACK left is known by its echo only.
    flags.insert(.synRepeated)
  }
}
