/// What a PDU is, with its fields.
public enum SMPPBody: Hashable, Sendable {
  case bindReceiver(SMPPBind)
  case bindTransmitter(SMPPBind)
  case bindTransceiver(SMPPBind)
  case bindReceiverResponse(SMPPBindResponse)
  case bindTransmitterResponse(SMPPBindResponse)
  case bindTransceiverResponse(SMPPBindResponse)
  case outbind(SMPPOutbind)
  case submit(SMPPMessage)
  case submitResponse(SMPPMessageResponse)
  case submitMulti(SMPPMultiMessage)
  case submitMultiResponse(SMPPMultiResponse)
  case deliver(SMPPMessage)
  case deliverResponse(SMPPMessageResponse)
  case data(SMPPData)
  case dataResponse(SMPPMessageResponse)
  case query(SMPPQuery)
  case queryResponse(SMPPQueryResponse)
  case cancel(SMPPCancel)
  case replace(SMPPReplacement)
  case alertNotification(SMPPAlert)
  /// A PDU that is a header alone: unbind, enquire_link, generic_nack, most responses of those, and every response that refuses.
  case empty(SMPPCommand)

  public var command: SMPPCommand {
    switch self {
    case .bindReceiver: .bindReceiver
    case .bindTransmitter: .bindTransmitter
    case .bindTransceiver: .bindTransceiver
    case .bindReceiverResponse: .bindReceiverResponse
    case .bindTransmitterResponse: .bindTransmitterResponse
    case .bindTransceiverResponse: .bindTransceiverResponse
    case .outbind: .outbind
    case .submit: .submit
    case .submitResponse: .submitResponse
    case .submitMulti: .submitMulti
    case .submitMultiResponse: .submitMultiResponse
    case .deliver: .deliver
    case .deliverResponse: .deliverResponse
    case .data: .data
    case .dataResponse: .dataResponse
    case .query: .query
    case .queryResponse: .queryResponse
    case .cancel: .cancel
    case .replace: .replace
    case .alertNotification: .alertNotification
    case .empty(let command): command
    }
  }

  /// The fields as octets.
  func encode(to fields: inout FieldWriter) throws(SMPPFormatError) {
    switch self {
    case .bindReceiver(var body), .bindTransmitter(var body), .bindTransceiver(var body): try body.code(&fields)
    case .bindReceiverResponse(var body), .bindTransmitterResponse(var body), .bindTransceiverResponse(var body):
      try body.code(&fields)
    case .outbind(var body): try body.code(&fields)
    case .submit(var body), .deliver(var body): try body.code(&fields)
    case .submitResponse(var body), .deliverResponse(var body), .dataResponse(var body): try body.code(&fields)
    case .submitMulti(var body): try body.code(&fields)
    case .submitMultiResponse(var body): try body.code(&fields)
    case .data(var body): try body.code(&fields)
    case .query(var body): try body.code(&fields)
    case .queryResponse(var body): try body.code(&fields)
    case .cancel(var body): try body.code(&fields)
    case .replace(var body): try body.code(&fields)
    case .alertNotification(var body): try body.code(&fields)
    case .empty: break
    }
  }

  /// Reads the fields of `command`.
  init(_ command: SMPPCommand, status: SMPPStatus, _ octets: ArraySlice<UInt8>) throws(SMPPFormatError) {
    // A response that refuses has no body (section 4.4.2); what some send all the same means nothing. The message_id of deliver_sm_resp is unused (section
    // 4.6.2), and programs are known that leave it out.
    if command.isResponse && (status != .ok || command == .deliverResponse && octets.isEmpty) {
      self = .empty(command)
      return
    }
    var fields = FieldReader(octets)
    self = try SMPPBody.read(command, &fields)
    if fields.count > 0 { throw .trailing(fields.count) }
  }

  private static func read(_ command: SMPPCommand, _ fields: inout FieldReader) throws(SMPPFormatError) -> SMPPBody {
    switch command {
    case .bindReceiver: .bindReceiver(try body(&fields))
    case .bindTransmitter: .bindTransmitter(try body(&fields))
    case .bindTransceiver: .bindTransceiver(try body(&fields))
    case .bindReceiverResponse: .bindReceiverResponse(try body(&fields))
    case .bindTransmitterResponse: .bindTransmitterResponse(try body(&fields))
    case .bindTransceiverResponse: .bindTransceiverResponse(try body(&fields))
    case .outbind: .outbind(try body(&fields))
    case .submit: .submit(try body(&fields))
    case .submitResponse: .submitResponse(try body(&fields))
    case .submitMulti: .submitMulti(try body(&fields))
    case .submitMultiResponse: .submitMultiResponse(try body(&fields))
    case .deliver: .deliver(try body(&fields))
    case .deliverResponse: .deliverResponse(try body(&fields))
    case .data: .data(try body(&fields))
    case .dataResponse: .dataResponse(try body(&fields))
    case .query: .query(try body(&fields))
    case .queryResponse: .queryResponse(try body(&fields))
    case .cancel: .cancel(try body(&fields))
    case .replace: .replace(try body(&fields))
    case .alertNotification: .alertNotification(try body(&fields))
    case .genericNack, .unbind, .unbindResponse, .enquireLink, .enquireLinkResponse, .cancelResponse, .replaceResponse:
      .empty(command)
    }
  }

  private static func body<Body: CodedFields>(_ fields: inout FieldReader) throws(SMPPFormatError) -> Body {
    var body = Body()
    try body.code(&fields)
    return body
  }
}
