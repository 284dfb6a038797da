/// The address of a mobile station or of a program. Text in SMPP is octets: a character stands for the octet of its number, from 1 to 255.
public struct SMPPAddress: Hashable, Sendable {
  /// The type of number (SMPP 3.4 section 5.2.5): 0 unknown, 1 international, 2 national, 5 alphanumeric.
  public var ton: UInt8
  /// The numbering plan (SMPP 3.4 section 5.2.6): 0 unknown, 1 E.164.
  public var npi: UInt8
  /// The address itself: 20 characters at most, 64 in data_sm and alert_notification.
  public var digits: String

  public init(_ digits: String = "", ton: UInt8 = 0, npi: UInt8 = 0) {
    self.digits = digits
    self.ton = ton
    self.npi = npi
  }
}

/// A short message: the body of submit_sm and deliver_sm (SMPP 3.4 sections 4.4.1 and 4.6.1).
public struct SMPPMessage: Hashable, Sendable, CodedFields {
  /// The most octets of ``text``; longer ones go into the parameter ``SMPPTag/messagePayload``.
  public static let longest = 254

  /// 5 characters at most.
  public var serviceType = ""
  public var source = SMPPAddress()
  public var destination = SMPPAddress()
  public var esmClass: UInt8 = 0
  public var protocolID: UInt8 = 0
  public var priority: UInt8 = 0
  /// When to deliver, in the format of section 7.1.1; empty: at once.
  public var scheduleDelivery = ""
  /// Until when to try, in the format of section 7.1.1; empty: as long as the message centre does.
  public var validityPeriod = ""
  /// Which receipts are asked for (section 5.2.17); 1: of the final outcome.
  public var registeredDelivery: UInt8 = 0
  public var replaceIfPresent: UInt8 = 0
  /// How ``text`` is encoded (section 5.2.19): 0 the message centre's default, 3 Latin-1, 4 octets, 8 UCS-2.
  public var dataCoding: UInt8 = 0
  public var defaultMessage: UInt8 = 0
  /// The message, encoded as ``dataCoding`` says; 254 octets at most.
  public var text: [UInt8] = []
  /// In the order of the PDU.
  public var parameters: [SMPPParameter] = []

  public init() {}

  /// A message of octets.
  public init(from source: SMPPAddress, to destination: SMPPAddress, _ text: [UInt8], dataCoding: UInt8 = 0) {
    self.source = source
    self.destination = destination
    self.text = text
    self.dataCoding = dataCoding
  }

  /// The message wherever it stands: in the parameter ``SMPPTag/messagePayload`` or in ``text``.
  public var payload: [UInt8] { parameters[.messagePayload]?.value ?? text }

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&serviceType, limit: 6, .serviceType)
    try fields.source(&source)
    try fields.destination(&destination)
    try codeContent(&fields)
  }

  /// The fields behind the addresses, which submit_multi shares.
  fileprivate mutating func codeContent(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.octet(&esmClass, .esmClass)
    try fields.octet(&protocolID, .protocolID)
    try fields.octet(&priority, .priority)
    try fields.time(&scheduleDelivery, .scheduleDelivery)
    try fields.time(&validityPeriod, .validityPeriod)
    try fields.octet(&registeredDelivery, .registeredDelivery)
    try fields.octet(&replaceIfPresent, .replaceIfPresent)
    try fields.octet(&dataCoding, .dataCoding)
    try fields.octet(&defaultMessage, .defaultMessage)
    try fields.message(&text)
    try fields.parameters(&parameters)
  }
}

/// A short message to several: the body of submit_multi (SMPP 3.4 section 4.5.1).
public struct SMPPMultiMessage: Hashable, Sendable, CodedFields {
  /// Who gets it: 1 to 254.
  public var destinations: [SMPPDestination] = []
  /// Everything else; its destination does not count.
  public var message = SMPPMessage()

  public init() {}

  public init(_ message: SMPPMessage, to destinations: [SMPPDestination]) {
    self.message = message
    self.destinations = destinations
  }

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&message.serviceType, limit: 6, .serviceType)
    try fields.source(&message.source)
    try fields.list(&destinations, from: 1, to: 254, .destinationCount)
    try message.codeContent(&fields)
  }
}

/// One of those whom a submit_multi is for (SMPP 3.4 section 4.5.1.1).
public enum SMPPDestination: Hashable, Sendable, CodedFields {
  case address(SMPPAddress)
  /// A list that the message centre has; 20 characters at most.
  case distributionList(String)

  init() { self = .address(SMPPAddress()) }

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    var flag: UInt8 = if case .address = self { 1 } else { 2 }
    try fields.octet(&flag, .destinationFlag)
    switch flag {
    case 1:
      var address = if case .address(let address) = self { address } else { SMPPAddress() }
      try fields.destination(&address)
      self = .address(address)
    case 2:
      var name = if case .distributionList(let name) = self { name } else { "" }
      try fields.text(&name, limit: 21, .distributionList)
      self = .distributionList(name)
    default: throw .value(.destinationFlag, UInt32(flag))
    }
  }
}

/// A message of parameters alone: the body of data_sm (SMPP 3.4 section 4.7.1).
public struct SMPPData: Hashable, Sendable, CodedFields {
  public var serviceType = ""
  public var source = SMPPAddress()
  public var destination = SMPPAddress()
  public var esmClass: UInt8 = 0
  public var registeredDelivery: UInt8 = 0
  public var dataCoding: UInt8 = 0
  /// In the order of the PDU; the message is ``SMPPTag/messagePayload``.
  public var parameters: [SMPPParameter] = []

  public init() {}

  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError) {
    try fields.text(&serviceType, limit: 6, .serviceType)
    try fields.source(&source, limit: 65)
    try fields.destination(&destination, limit: 65)
    try fields.octet(&esmClass, .esmClass)
    try fields.octet(&registeredDelivery, .registeredDelivery)
    try fields.octet(&dataCoding, .dataCoding)
    try fields.parameters(&parameters)
  }
}
