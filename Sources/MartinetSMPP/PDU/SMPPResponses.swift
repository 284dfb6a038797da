/// Who was bound to: the body of the three responses to binds (SMPP 3.4 section 4.1.2).
public struct SMPPBindResponse: Hashable, Sendable, CodedFields {
  /// The message centre; 15 characters at most.
  public var systemID = ""
  public var parameters: [SMPPParameter] = []

  public init() {}

  public init(_ systemID: String) { self.systemID = systemID }

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&systemID, limit: 16, .systemID)
    try fields.parameters(&parameters)
  }
}

/// What a message is called from now on: the body of submit_sm_resp, deliver_sm_resp and data_sm_resp (SMPP 3.4 section 4.4.2).
public struct SMPPMessageResponse: Hashable, Sendable, CodedFields {
  /// 64 characters at most; empty in deliver_sm_resp.
  public var messageID = ""
  public var parameters: [SMPPParameter] = []

  public init() {}

  public init(_ messageID: String) { self.messageID = messageID }

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&messageID, limit: 65, .messageID)
    try fields.parameters(&parameters)
  }
}

/// The body of submit_multi_resp (SMPP 3.4 section 4.5.2).
public struct SMPPMultiResponse: Hashable, Sendable, CodedFields {
  public var messageID = ""
  /// For whom it failed; 254 at most.
  public var failures: [SMPPFailure] = []
  public var parameters: [SMPPParameter] = []

  public init() {}

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&messageID, limit: 65, .messageID)
    try fields.list(&failures, from: 0, to: 254, .failureCount)
    try fields.parameters(&parameters)
  }
}

/// A destination that a submit_multi failed for (SMPP 3.4 section 4.5.2.1).
public struct SMPPFailure: Hashable, Sendable, CodedFields {
  public var address = SMPPAddress()
  public var status = SMPPStatus.ok

  public init() {}

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.destination(&address)
    var code = status.rawValue
    try fields.word(&code, .failureStatus)
    status = SMPPStatus(rawValue: code)
  }
}

/// How a message stands: the body of query_sm_resp (SMPP 3.4 section 4.8.2).
public struct SMPPQueryResponse: Hashable, Sendable, CodedFields {
  public var messageID = ""
  /// When the message reached its final state, in the format of section 7.1.1; empty before.
  public var finalDate = ""
  /// Section 5.2.28: 1 en route, 2 delivered, 3 expired, 4 deleted, 5 undeliverable, 6 accepted, 7 unknown, 8 rejected.
  public var state: UInt8 = 0
  public var errorCode: UInt8 = 0

  public init() {}

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&messageID, limit: 65, .messageID)
    try fields.time(&finalDate, .finalDate)
    try fields.octet(&state, .messageState)
    try fields.octet(&errorCode, .errorCode)
  }
}
