import Martinet

// What a session hears.
extension SMPPSession {
  /// Octets have come.
  public mutating func receive(_ octets: [UInt8], at now: Duration) {
    guard end == nil else { return }
    framer.append(octets)
    do throws(SMPPFormatError) {
      while end == nil, let frame = try framer.next() {
        heartbeat?.heard(at: now)
        receive(frame, at: now)
      }
    } catch {
      // A wrong length leaves no way to find the next PDU (SMPP 3.4 section 4.3.1).
      statistics.malformed += 1
      writeHeader(.genericNack, status: error.status, sequence: framer.sequence ?? 0)
      finish(.malformed(error))
    }
  }

  private mutating func receive(_ frame: SMPPFrame, at now: Duration) {
    do throws(SMPPFormatError) {
      let pdu = try frame.decoded()
      if pdu.command.isResponse { receive(response: pdu, at: now) } else { receive(request: pdu, at: now) }
    } catch {
      statistics.malformed += 1
      refuse(frame, error)
    }
  }

  /// Answers what can't be read: a request by its response or, if it has none, by generic_nack; a response not at all.
  private mutating func refuse(_ frame: SMPPFrame, _ error: SMPPFormatError) {
    guard let command = SMPPCommand(rawValue: frame.command) else {
      let isResponse = frame.command & 0x8000_0000 != 0
      if !isResponse { writeHeader(.genericNack, status: error.status, sequence: frame.sequence) }
      return
    }
    if command.isResponse {
      guard let request = takeOutstanding(frame.sequence) else { return }
      settle(request, .failure(Unsettled(reason: .malformedResponse(error))))
      if SMPPSessionState(after: request.command) != nil || request.command == .unbind { finish(.malformed(error)) }
    } else {
      writeHeader(command.response ?? .genericNack, status: error.status, sequence: frame.sequence)
    }
  }

  private mutating func takeOutstanding(_ sequence: UInt32) -> Outstanding? {
    outstanding.firstIndex { $0.sequence == sequence }.map { outstanding.remove(at: $0) }
  }

  // MARK: Responses

  private mutating func receive(response pdu: SMPPPDU, at now: Duration) {
    guard let request = takeOutstanding(pdu.sequence) else {
      // The heartbeat's own questions are not kept: whatever is heard answers them.
      if pdu.command != .enquireLinkResponse { statistics.strayResponses += 1 }
      return
    }
    if request.command != .enquireLink { lastTransaction = now }
    if request.command == .unbind {
      settle(request, .success(pdu))
      let limit = isUnbindingForInactivity ? configuration.inactivityTimeout : nil
      return finish(limit.map { .inactive(for: $0) } ?? .unbound(byPeer: false))
    }
    if let reason = objection(to: pdu, answering: request.command) {
      settle(request, .failure(Unsettled(reason: reason)))
      if SMPPSessionState(after: request.command) != nil { finish(.bindRefused(pdu.status)) }
      return
    }
    settle(request, .success(pdu))
    if let state = SMPPSessionState(after: request.command) { enterOrFail(state, at: now) }
  }

  /// Why the response does not agree; nil if it does.
  private func objection(to pdu: SMPPPDU, answering command: SMPPCommand) -> SMPPError.Reason? {
    if pdu.command == .genericNack { return .rejected(pdu.status) }
    if pdu.command != command.response { return .unexpectedResponse(pdu.command) }
    return pdu.status == .ok ? nil : .refused(pdu.status)
  }

  // MARK: Requests

  private mutating func receive(request pdu: SMPPPDU, at now: Duration) {
    let command = pdu.command
    guard role.other.maySend(command, in: state), !isBinding(command) else {
      statistics.misplaced += 1
      let isBind = SMPPSessionState(after: command) != nil
      let status = isBind && role == .messageCentre ? SMPPStatus.alreadyBound : .wrongBindState
      writeHeader(command.response ?? .genericNack, status: status, sequence: pdu.sequence)
      return
    }
    switch command {
    case .enquireLink:
      statistics.enquireLinksReceived += 1
      writeHeader(.enquireLinkResponse, sequence: pdu.sequence)
      return
    case .unbind:
      writeHeader(.unbindResponse, sequence: pdu.sequence)
      return finish(.unbound(byPeer: true))
    default: break
    }
    statistics.requestsReceived += 1
    lastTransaction = now
    guard let response = command.response else {
      events.append(.request(pdu))
      return
    }
    guard waiting.count < configuration.largestBacklog else {
      statistics.throttled += 1
      writeHeader(response, status: .throttled, sequence: pdu.sequence)
      return
    }
    waiting.append(Waiting(sequence: pdu.sequence, command: command))
    events.append(.request(pdu))
  }

  /// Whether `command` is a bind and another one waits to be answered.
  private func isBinding(_ command: SMPPCommand) -> Bool {
    SMPPSessionState(after: command) != nil && waiting.contains { SMPPSessionState(after: $0.command) != nil }
  }
}
