/// The tag of an optional parameter (SMPP 3.4 section 5.3.2). Tags that the specification does not have are kept as they are.
public struct SMPPTag: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let destinationAddressSubunit = SMPPTag(rawValue: 0x0005)
  public static let destinationNetworkType = SMPPTag(rawValue: 0x0006)
  public static let destinationBearerType = SMPPTag(rawValue: 0x0007)
  public static let destinationTelematicsID = SMPPTag(rawValue: 0x0008)
  public static let sourceAddressSubunit = SMPPTag(rawValue: 0x000D)
  public static let sourceNetworkType = SMPPTag(rawValue: 0x000E)
  public static let sourceBearerType = SMPPTag(rawValue: 0x000F)
  public static let sourceTelematicsID = SMPPTag(rawValue: 0x0010)
  public static let qosTimeToLive = SMPPTag(rawValue: 0x0017)
  public static let payloadType = SMPPTag(rawValue: 0x0019)
  public static let additionalStatusText = SMPPTag(rawValue: 0x001D)
  public static let receiptedMessageID = SMPPTag(rawValue: 0x001E)
  public static let waitFacilities = SMPPTag(rawValue: 0x0030)
  public static let privacyIndicator = SMPPTag(rawValue: 0x0201)
  public static let sourceSubaddress = SMPPTag(rawValue: 0x0202)
  public static let destinationSubaddress = SMPPTag(rawValue: 0x0203)
  public static let userMessageReference = SMPPTag(rawValue: 0x0204)
  public static let userResponseCode = SMPPTag(rawValue: 0x0205)
  public static let sourcePort = SMPPTag(rawValue: 0x020A)
  public static let destinationPort = SMPPTag(rawValue: 0x020B)
  public static let segmentReference = SMPPTag(rawValue: 0x020C)
  public static let languageIndicator = SMPPTag(rawValue: 0x020D)
  public static let segmentCount = SMPPTag(rawValue: 0x020E)
  public static let segmentNumber = SMPPTag(rawValue: 0x020F)
  public static let interfaceVersion = SMPPTag(rawValue: 0x0210)
  public static let callbackPresentation = SMPPTag(rawValue: 0x0302)
  public static let callbackName = SMPPTag(rawValue: 0x0303)
  public static let numberOfMessages = SMPPTag(rawValue: 0x0304)
  public static let callbackNumber = SMPPTag(rawValue: 0x0381)
  public static let dpfResult = SMPPTag(rawValue: 0x0420)
  public static let setDPF = SMPPTag(rawValue: 0x0421)
  public static let availability = SMPPTag(rawValue: 0x0422)
  public static let networkErrorCode = SMPPTag(rawValue: 0x0423)
  public static let messagePayload = SMPPTag(rawValue: 0x0424)
  public static let deliveryFailureReason = SMPPTag(rawValue: 0x0425)
  public static let moreMessages = SMPPTag(rawValue: 0x0426)
  public static let messageState = SMPPTag(rawValue: 0x0427)
  public static let ussdServiceOperation = SMPPTag(rawValue: 0x0501)
  public static let displayTime = SMPPTag(rawValue: 0x1201)
  public static let smsSignal = SMPPTag(rawValue: 0x1203)
  public static let validity = SMPPTag(rawValue: 0x1204)
  public static let alertOnDelivery = SMPPTag(rawValue: 0x130C)
  public static let itsReplyType = SMPPTag(rawValue: 0x1380)
  public static let itsSessionInfo = SMPPTag(rawValue: 0x1383)

  private static let names: [(tag: SMPPTag, name: String)] = [
    (.destinationAddressSubunit, "dest_addr_subunit"),
    (.destinationNetworkType, "dest_network_type"),
    (.destinationBearerType, "dest_bearer_type"),
    (.destinationTelematicsID, "dest_telematics_id"),
    (.sourceAddressSubunit, "source_addr_subunit"),
    (.sourceNetworkType, "source_network_type"),
    (.sourceBearerType, "source_bearer_type"),
    (.sourceTelematicsID, "source_telematics_id"),
    (.qosTimeToLive, "qos_time_to_live"),
    (.payloadType, "payload_type"),
    (.additionalStatusText, "additional_status_info_text"),
    (.receiptedMessageID, "receipted_message_id"),
    (.waitFacilities, "ms_msg_wait_facilities"),
    (.privacyIndicator, "privacy_indicator"),
    (.sourceSubaddress, "source_subaddress"),
    (.destinationSubaddress, "dest_subaddress"),
    (.userMessageReference, "user_message_reference"),
    (.userResponseCode, "user_response_code"),
    (.sourcePort, "source_port"),
    (.destinationPort, "destination_port"),
    (.segmentReference, "sar_msg_ref_num"),
    (.languageIndicator, "language_indicator"),
    (.segmentCount, "sar_total_segments"),
    (.segmentNumber, "sar_segment_seqnum"),
    (.interfaceVersion, "sc_interface_version"),
    (.callbackPresentation, "callback_num_pres_ind"),
    (.callbackName, "callback_num_atag"),
    (.numberOfMessages, "number_of_messages"),
    (.callbackNumber, "callback_num"),
    (.dpfResult, "dpf_result"),
    (.setDPF, "set_dpf"),
    (.availability, "ms_availability_status"),
    (.networkErrorCode, "network_error_code"),
    (.messagePayload, "message_payload"),
    (.deliveryFailureReason, "delivery_failure_reason"),
    (.moreMessages, "more_messages_to_send"),
    (.messageState, "message_state"),
    (.ussdServiceOperation, "ussd_service_op"),
    (.displayTime, "display_time"),
    (.smsSignal, "sms_signal"),
    (.validity, "ms_validity"),
    (.alertOnDelivery, "alert_on_message_delivery"),
    (.itsReplyType, "its_reply_type"),
    (.itsSessionInfo, "its_session_info"),
  ]
}

extension SMPPTag: CustomStringConvertible {
  /// The specification's name, or the number.
  public var description: String {
    SMPPTag.names.first { $0.tag == self }?.name ?? "tag 0x\(String(rawValue, radix: 16, uppercase: true))"
  }
}

/// An optional parameter: a tag with its value, which is 65,535 octets at most (SMPP 3.4 section 3.2.4).
public struct SMPPParameter: Hashable, Sendable {
  public var tag: SMPPTag
  public var value: [UInt8]

  public init(_ tag: SMPPTag, _ value: [UInt8]) {
    self.tag = tag
    self.value = value
  }

  /// A parameter of one octet.
  public init(_ tag: SMPPTag, octet: UInt8) {
    self.init(tag, [octet])
  }

  /// A parameter of text, which ends with a NUL as the specification's C-octet strings do.
  public init(_ tag: SMPPTag, text: String) {
    self.init(tag, Array(text.utf8) + [0])
  }

  /// The value as text, without a NUL at its end.
  public var text: String {
    String(decoding: value.last == 0 ? value.dropLast() : value[...], as: UTF8.self)
  }
}

extension [SMPPParameter] {
  /// The value of the first parameter with that tag; nil if there is none.
  public subscript(_ tag: SMPPTag) -> SMPPParameter? { first { $0.tag == tag } }
}
