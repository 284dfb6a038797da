import Martinet

// What a program asks of a session.
extension SMPPSession {
  /// The largest sequence number (SMPP 3.4 section 5.1.4); 1 follows.
  private static let lastSequenceNumber: UInt32 = 0x7FFF_FFFF

  /// Sends a request; an event settles it.
  ///
  /// - Returns: its sequence number.
  /// - Throws: why it can't be sent; then nothing has happened. ``SMPPError/Reason/windowFull(_:)``: not before another one is settled.
  public mutating func request(_ body: SMPPBody, at now: Duration) throws(SMPPError) -> UInt32 {
    let command = body.command
    do throws(Refusal) {
      return try send(body, at: now)
    } catch {
      throw SMPPError(.request(command), peer, error.reason)
    }
  }

  /// Keeps further requests from being sent, so that those in flight can be awaited before unbind is.
  public mutating func beginUnbinding() {
    if state.isBound { isUnbinding = true }
  }

  /// Answers a request of the peer.
  ///
  /// - Parameters:
  ///   - sequence: the request's.
  ///   - body: the fields of the response; nil for none where it refuses, for empty ones where it agrees.
  public mutating func respond(
    to sequence: UInt32, status: SMPPStatus, _ body: SMPPBody? = nil, at now: Duration
  ) throws(SMPPError) {
    guard let place = waiting.firstIndex(where: { $0.sequence == sequence }),
      let answer = waiting[place].command.response
    else { throw SMPPError(.respond(.genericNack), peer, end.map { .ended($0) } ?? .notWaiting) }
    let command = waiting[place].command
    let fields = status == .ok ? body ?? .defaultResponse(answer) : .empty(answer)
    guard fields.command == answer else {
      throw SMPPError(
        .respond(answer), peer, .invalidArgument("\(command.name) is not answered with \(fields.command.name)"))
    }
    do throws(SMPPFormatError) {
      try write(SMPPPDU(fields, status: status, sequence: sequence))
    } catch {
      throw SMPPError(.respond(answer), peer, .invalidPDU(error))
    }
    waiting.remove(at: place)
    lastTransaction = now
    if let state = SMPPSessionState(after: command) {
      if status == .ok { enterOrFail(state, at: now) } else { finish(.bindRefused(status)) }
    }
  }

  /// Time has passed.
  public mutating func expire(at now: Duration) {
    if end != nil { return }
    if let bindDeadline, now >= bindDeadline { return finish(.notBound(within: configuration.sessionInitTimeout)) }
    expireRequests(at: now)
    beat(at: now)
    if let inactivityDeadline, now >= inactivityDeadline {
      isUnbinding = true
      isUnbindingForInactivity = true
      // The header of an unbind is always a PDU.
      _ = try? send(.empty(.unbind), at: now)
    }
  }

  // MARK: Inside

  /// Why a request was not sent.
  private struct Refusal: Error {
    var reason: SMPPError.Reason
    init(_ reason: SMPPError.Reason) { self.reason = reason }
  }

  private mutating func send(_ body: SMPPBody, at now: Duration) throws(Refusal) -> UInt32 {
    let command = body.command
    if let end { throw Refusal(.ended(end)) }
    guard role.maySend(command, in: state) else { throw Refusal(.wrongState(state)) }
    if case .empty = body, command != .unbind, command != .enquireLink {
      throw Refusal(.invalidArgument("\(command.name) has fields"))
    }
    if isUnbinding && command != .unbind { throw Refusal(.unbinding) }
    if SMPPSessionState(after: command) != nil,
      outstanding.contains(where: { SMPPSessionState(after: $0.command) != nil })
    {
      throw Refusal(.windowFull(1))
    }
    // An unbind needs no room: it ends what fills the window.
    if command != .unbind && !hasRoom { throw Refusal(.windowFull(configuration.window)) }
    let sequence = lastSequence == SMPPSession.lastSequenceNumber ? 1 : lastSequence + 1
    do throws(SMPPFormatError) {
      try write(SMPPPDU(body, sequence: sequence))
    } catch {
      throw Refusal(.invalidPDU(error))
    }
    lastSequence = sequence
    statistics.requestsSent += 1
    if command == .unbind { isUnbinding = true }
    if command != .enquireLink { lastTransaction = now }
    let request = Outstanding(sequence: sequence, command: command, deadline: now + configuration.responseTimeout)
    if command.response == nil {
      settle(request, .success(SMPPPDU(body, sequence: sequence)))
    } else {
      outstanding.append(request)
    }
    return sequence
  }

  mutating func write(_ pdu: SMPPPDU) throws(SMPPFormatError) {
    output += try pdu.octets(limit: configuration.largestPDU)
  }

  private mutating func expireRequests(at now: Duration) {
    let limit = configuration.responseTimeout
    while let place = outstanding.firstIndex(where: { $0.deadline <= now }) {
      let request = outstanding[place]
      if request.command == .unbind || SMPPSessionState(after: request.command) != nil {
        // The end settles it with everything else.
        if isUnbindingForInactivity, let limit = configuration.inactivityTimeout {
          return finish(.inactive(for: limit))
        }
        return finish(.unanswered(request.command, within: limit))
      }
      outstanding.remove(at: place)
      settle(request, .failure(Unsettled(reason: .responseTimedOut(limit))))
    }
  }

  /// Asks a silent peer whether it lives, and gives up a dead one.
  private mutating func beat(at now: Duration) {
    switch heartbeat?.check(at: now) {
    case .ask:
      lastSequence = lastSequence == SMPPSession.lastSequenceNumber ? 1 : lastSequence + 1
      statistics.enquireLinksSent += 1
      writeHeader(.enquireLink, sequence: lastSequence)
    case .lost(let evidence): finish(.socket(SocketError(.read, peer, .heartbeatLost(evidence))))
    case .wait, nil: break
    }
  }

  /// Writes a PDU without fields, which always fits.
  mutating func writeHeader(_ command: SMPPCommand, status: SMPPStatus = .ok, sequence: UInt32) {
    do throws(SMPPFormatError) {
      try write(SMPPPDU(.empty(command), status: status, sequence: sequence))
    } catch {
      finish(.malformed(error))
    }
  }

  mutating func enterOrFail(_ state: SMPPSessionState, at now: Duration) {
    do throws(SocketError) {
      try enter(state, at: now)
    } catch {
      finish(.socket(error))
    }
  }
}

extension SMPPBody {
  /// The response `command` with empty fields.
  static func defaultResponse(_ command: SMPPCommand) -> SMPPBody {
    switch command {
    case .bindReceiverResponse: .bindReceiverResponse(SMPPBindResponse())
    case .bindTransmitterResponse: .bindTransmitterResponse(SMPPBindResponse())
    case .bindTransceiverResponse: .bindTransceiverResponse(SMPPBindResponse())
    case .submitResponse: .submitResponse(SMPPMessageResponse())
    case .submitMultiResponse: .submitMultiResponse(SMPPMultiResponse())
    case .deliverResponse: .deliverResponse(SMPPMessageResponse())
    case .dataResponse: .dataResponse(SMPPMessageResponse())
    case .queryResponse: .queryResponse(SMPPQueryResponse())
    default: .empty(command)
    }
  }
}
