/// The mandatory fields that can be wrong, by the names of SMPP 3.4 (section 5.2).
public enum SMPPField: String, Hashable, Sendable {
  case systemID = "system_id"
  case password
  case systemType = "system_type"
  case interfaceVersion = "interface_version"
  case addressRange = "address_range"
  case addressTON = "addr_ton"
  case addressNPI = "addr_npi"
  case serviceType = "service_type"
  case sourceTON = "source_addr_ton"
  case sourceNPI = "source_addr_npi"
  case source = "source_addr"
  case destinationTON = "dest_addr_ton"
  case destinationNPI = "dest_addr_npi"
  case destination = "destination_addr"
  case esmeTON = "esme_addr_ton"
  case esmeNPI = "esme_addr_npi"
  case esme = "esme_addr"
  case esmClass = "esm_class"
  case protocolID = "protocol_id"
  case priority = "priority_flag"
  case scheduleDelivery = "schedule_delivery_time"
  case validityPeriod = "validity_period"
  case registeredDelivery = "registered_delivery"
  case replaceIfPresent = "replace_if_present_flag"
  case dataCoding = "data_coding"
  case defaultMessage = "sm_default_msg_id"
  case messageLength = "sm_length"
  case message = "short_message"
  case messageID = "message_id"
  case finalDate = "final_date"
  case messageState = "message_state"
  case errorCode = "error_code"
  case destinationCount = "number_of_dests"
  case destinationFlag = "dest_flag"
  case distributionList = "dl_name"
  case failureCount = "no_unsuccess"
  case failureStatus = "error_status_code"
  case parameters = "optional parameters"

  /// What a response says when the field is wrong.
  var status: SMPPStatus {
    switch self {
    case .systemID: .invalidSystemID
    case .password: .invalidPassword
    case .systemType: .invalidSystemType
    case .serviceType: .invalidServiceType
    case .source: .invalidSource
    case .sourceTON: .invalidSourceTON
    case .sourceNPI: .invalidSourceNPI
    case .destination: .invalidDestination
    case .destinationTON: .invalidDestinationTON
    case .destinationNPI: .invalidDestinationNPI
    case .scheduleDelivery: .invalidSchedule
    case .validityPeriod: .invalidExpiry
    case .messageLength, .message: .invalidMessageLength
    case .messageID: .invalidMessageID
    case .destinationCount: .invalidDestinationCount
    case .destinationFlag: .invalidDestinationFlag
    case .distributionList: .invalidDistributionList
    case .parameters: .invalidParameterStream
    default: .systemError
    }
  }
}

/// Why octets are no PDU, or a PDU cannot be put into octets.
public enum SMPPFormatError: Error, Hashable, Sendable {
  /// The command_length is below the sixteen octets of a header or above the limit: where the next PDU begins is unknown.
  case commandLength(UInt32, limit: Int)
  /// No command of SMPP 3.4 has that command_id.
  case unknownCommand(UInt32)
  /// The PDU ends inside of the field.
  case truncated(SMPPField)
  /// No NUL comes within the octets that the field may have.
  case unterminated(SMPPField, limit: Int)
  /// The value has more octets than the field may have, its NUL included.
  case tooLong(SMPPField, limit: Int)
  /// The text has a character that is no octet, or a NUL.
  case character(SMPPField)
  /// The value is none that the field may have.
  case value(SMPPField, UInt32)
  /// A time has neither no characters nor sixteen (SMPP 3.4 section 7.1.1).
  case time(SMPPField)
  /// So many octets are left behind the last field.
  case trailing(Int)
  /// A parameter claims more octets than the PDU has left, or more than a parameter may have.
  case parameterLength(SMPPTag)

  /// What to tell who sent such a PDU.
  public var status: SMPPStatus {
    switch self {
    case .commandLength, .truncated, .trailing: .invalidCommandLength
    case .unknownCommand: .invalidCommand
    case .unterminated(let field, _), .tooLong(let field, _), .character(let field), .value(let field, _): field.status
    case .time(let field): field.status
    case .parameterLength: .invalidParameterLength
    }
  }
}

extension SMPPFormatError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .commandLength(let length, let limit): "a command_length of \(length), which is not from 16 to \(limit)"
    case .unknownCommand(let id): "the unknown command_id 0x\(String(id, radix: 16))"
    case .truncated(let field): "the PDU ends in \(field.rawValue)"
    case .unterminated(let field, let limit): "\(field.rawValue) has no end within \(limit) octets"
    case .tooLong(let field, let limit): "\(field.rawValue) is longer than \(limit) octets"
    case .character(let field): "\(field.rawValue) has a character that is no octet"
    case .value(let field, let value): "\(field.rawValue) can't be \(value)"
    case .time(let field): "\(field.rawValue) has neither no characters nor sixteen"
    case .trailing(let count): "\(count) octets too many"
    case .parameterLength(let tag): "\(tag) has a wrong length"
    }
  }
}
