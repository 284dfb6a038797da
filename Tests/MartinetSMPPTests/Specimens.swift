import MartinetSMPP

/// One PDU of each command, with every field other than its default.
enum Specimens {
  static let bind: SMPPBind = {
    var bind = SMPPBind("abcdefghijklmno", password: "12345678", systemType: "abcdefghijkl")
    (bind.addressTON, bind.addressNPI) = (1, 2)
    bind.addressRange = String(repeating: "7", count: 40)
    return bind
  }()

  static let parameters = [
    SMPPParameter(.userMessageReference, [1, 2]), SMPPParameter(SMPPTag(rawValue: 0x1999), []),
    SMPPParameter(.messagePayload, [UInt8](repeating: 9, count: 300)),
  ]

  static let message: SMPPMessage = {
    var message = SMPPMessage(
      from: SMPPAddress("caf\u{E9}", ton: 5), to: SMPPAddress(String(repeating: "3", count: 20), ton: 1, npi: 1),
      [UInt8](repeating: 0, count: 254), dataCoding: 8)
    message.serviceType = "CMT"
    (message.esmClass, message.protocolID, message.priority) = (0x40, 1, 2)
    (message.registeredDelivery, message.replaceIfPresent, message.defaultMessage) = (1, 1, 3)
    message.scheduleDelivery = "261128120000000+"
    message.validityPeriod = "000001000000000R"
    message.parameters = parameters
    return message
  }()

  static let multi = SMPPMultiMessage(
    {
      var all = message
      all.destination = SMPPAddress()
      return all
    }(),
    to: [.address(SMPPAddress("1", ton: 1)), .distributionList("everybody")])

  static let multiResponse: SMPPMultiResponse = {
    var response = SMPPMultiResponse()
    var failure = SMPPFailure()
    failure.address = SMPPAddress("2")
    failure.status = .invalidDestination
    (response.messageID, response.failures) = ("m1", [failure])
    return response
  }()

  static let data: SMPPData = {
    var data = SMPPData()
    data.source = SMPPAddress(String(repeating: "4", count: 64))
    data.destination = SMPPAddress("5")
    data.parameters = parameters
    return data
  }()

  static let query: SMPPQuery = {
    var query = SMPPQuery()
    (query.messageID, query.source) = (String(repeating: "m", count: 64), SMPPAddress("6"))
    return query
  }()

  static let queryResponse: SMPPQueryResponse = {
    var response = SMPPQueryResponse()
    (response.messageID, response.finalDate, response.state) = ("m2", "261128120000000+", 2)
    return response
  }()

  static let cancel: SMPPCancel = {
    var cancel = SMPPCancel()
    (cancel.serviceType, cancel.messageID, cancel.destination) = ("CMT", "m3", SMPPAddress("7"))
    return cancel
  }()

  static let replacement: SMPPReplacement = {
    var replacement = SMPPReplacement()
    (replacement.messageID, replacement.text, replacement.registeredDelivery) = ("m4", [1, 2, 3], 1)
    return replacement
  }()

  static let outbind: SMPPOutbind = {
    var outbind = SMPPOutbind()
    (outbind.systemID, outbind.password) = ("centre", "secret")
    return outbind
  }()

  static let alert: SMPPAlert = {
    var alert = SMPPAlert()
    (alert.source, alert.esme) = (SMPPAddress("8"), SMPPAddress("9"))
    alert.parameters = [SMPPParameter(.availability, octet: 0)]
    return alert
  }()

  static let bindResponse: SMPPBindResponse = {
    var response = SMPPBindResponse("centre")
    response.parameters = [SMPPParameter(.interfaceVersion, octet: 0x34)]
    return response
  }()

  static let bodies: [SMPPBody] = [
    .bindReceiver(bind), .bindTransmitter(bind), .bindTransceiver(bind), .bindReceiverResponse(bindResponse),
    .bindTransmitterResponse(bindResponse), .bindTransceiverResponse(bindResponse), .outbind(outbind), .submit(message),
    .submitResponse(SMPPMessageResponse("m5")), .submitMulti(multi), .submitMultiResponse(multiResponse),
    .deliver(message), .deliverResponse(SMPPMessageResponse()), .data(data), .dataResponse(SMPPMessageResponse("m6")),
    .query(query), .queryResponse(queryResponse), .cancel(cancel), .replace(replacement), .alertNotification(alert),
    .empty(.unbind), .empty(.unbindResponse), .empty(.enquireLink), .empty(.enquireLinkResponse),
    .empty(.cancelResponse), .empty(.replaceResponse), .empty(.genericNack),
  ]
}
