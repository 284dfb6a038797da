/// Who binds, and how: the body of bind_transmitter, bind_receiver and bind_transceiver (SMPP 3.4 section 4.1).
public struct SMPPBind: Hashable, Sendable, CodedFields {
  /// 15 characters at most.
  public var systemID = ""
  /// 8 characters at most.
  public var password = ""
  /// 12 characters at most.
  public var systemType = ""
  /// 0x34 for SMPP 3.4.
  public var interfaceVersion: UInt8 = 0x34
  public var addressTON: UInt8 = 0
  public var addressNPI: UInt8 = 0
  /// Whose messages the program wants; 40 characters at most.
  public var addressRange = ""

  public init() {}

  public init(_ systemID: String, password: String, systemType: String = "") {
    self.systemID = systemID
    self.password = password
    self.systemType = systemType
  }

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&systemID, limit: 16, .systemID)
    try fields.text(&password, limit: 9, .password)
    try fields.text(&systemType, limit: 13, .systemType)
    try fields.octet(&interfaceVersion, .interfaceVersion)
    try fields.octet(&addressTON, .addressTON)
    try fields.octet(&addressNPI, .addressNPI)
    try fields.text(&addressRange, limit: 41, .addressRange)
  }
}

/// Who wants to be bound to: the body of outbind (SMPP 3.4 section 4.1.7).
public struct SMPPOutbind: Hashable, Sendable, CodedFields {
  public var systemID = ""
  public var password = ""

  public init() {}

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&systemID, limit: 16, .systemID)
    try fields.text(&password, limit: 9, .password)
  }
}

/// Which message is asked about: the body of query_sm (SMPP 3.4 section 4.8.1).
public struct SMPPQuery: Hashable, Sendable, CodedFields {
  public var messageID = ""
  public var source = SMPPAddress()

  public init() {}

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&messageID, limit: 65, .messageID)
    try fields.source(&source)
  }
}

/// Which messages are not to be delivered: the body of cancel_sm (SMPP 3.4 section 4.9.1).
public struct SMPPCancel: Hashable, Sendable, CodedFields {
  public var serviceType = ""
  /// Empty: all that match the rest.
  public var messageID = ""
  public var source = SMPPAddress()
  public var destination = SMPPAddress()

  public init() {}

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&serviceType, limit: 6, .serviceType)
    try fields.text(&messageID, limit: 65, .messageID)
    try fields.source(&source)
    try fields.destination(&destination)
  }
}

/// What becomes of a message that is not delivered: the body of replace_sm (SMPP 3.4 section 4.10.1).
public struct SMPPReplacement: Hashable, Sendable, CodedFields {
  public var messageID = ""
  public var source = SMPPAddress()
  public var scheduleDelivery = ""
  public var validityPeriod = ""
  public var registeredDelivery: UInt8 = 0
  public var defaultMessage: UInt8 = 0
  /// 254 octets at most.
  public var text: [UInt8] = []

  public init() {}

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&messageID, limit: 65, .messageID)
    try fields.source(&source)
    try fields.time(&scheduleDelivery, .scheduleDelivery)
    try fields.time(&validityPeriod, .validityPeriod)
    try fields.octet(&registeredDelivery, .registeredDelivery)
    try fields.octet(&defaultMessage, .defaultMessage)
    try fields.message(&text)
  }
}

/// A mobile station can be reached again: the body of alert_notification (SMPP 3.4 section 4.12.1).
public struct SMPPAlert: Hashable, Sendable, CodedFields {
  /// The mobile station.
  public var source = SMPPAddress()
  /// The program that wanted to be told.
  public var esme = SMPPAddress()
  public var parameters: [SMPPParameter] = []

  public init() {}

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.source(&source, limit: 65)
    try fields.octet(&esme.ton, .esmeTON)
    try fields.octet(&esme.npi, .esmeNPI)
    try fields.text(&esme.digits, limit: 65, .esme)
    try fields.parameters(&parameters)
  }
}
