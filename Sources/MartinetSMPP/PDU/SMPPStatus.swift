/// What a response says about its request: the command_status of SMPP 3.4 (section 5.1.3). Statuses of vendors are kept as they are.
public struct SMPPStatus: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let ok = SMPPStatus(rawValue: 0x00)
  public static let invalidMessageLength = SMPPStatus(rawValue: 0x01)
  public static let invalidCommandLength = SMPPStatus(rawValue: 0x02)
  public static let invalidCommand = SMPPStatus(rawValue: 0x03)
  public static let wrongBindState = SMPPStatus(rawValue: 0x04)
  public static let alreadyBound = SMPPStatus(rawValue: 0x05)
  public static let invalidPriority = SMPPStatus(rawValue: 0x06)
  public static let invalidRegisteredDelivery = SMPPStatus(rawValue: 0x07)
  public static let systemError = SMPPStatus(rawValue: 0x08)
  public static let invalidSource = SMPPStatus(rawValue: 0x0A)
  public static let invalidDestination = SMPPStatus(rawValue: 0x0B)
  public static let invalidMessageID = SMPPStatus(rawValue: 0x0C)
  public static let bindFailed = SMPPStatus(rawValue: 0x0D)
  public static let invalidPassword = SMPPStatus(rawValue: 0x0E)
  public static let invalidSystemID = SMPPStatus(rawValue: 0x0F)
  public static let cancelFailed = SMPPStatus(rawValue: 0x11)
  public static let replaceFailed = SMPPStatus(rawValue: 0x13)
  public static let queueFull = SMPPStatus(rawValue: 0x14)
  public static let invalidServiceType = SMPPStatus(rawValue: 0x15)
  public static let invalidDestinationCount = SMPPStatus(rawValue: 0x33)
  public static let invalidDistributionList = SMPPStatus(rawValue: 0x34)
  public static let invalidDestinationFlag = SMPPStatus(rawValue: 0x40)
  public static let invalidSubmitWithReplace = SMPPStatus(rawValue: 0x42)
  public static let invalidESMClass = SMPPStatus(rawValue: 0x43)
  public static let cannotSubmitToList = SMPPStatus(rawValue: 0x44)
  public static let submitFailed = SMPPStatus(rawValue: 0x45)
  public static let invalidSourceTON = SMPPStatus(rawValue: 0x48)
  public static let invalidSourceNPI = SMPPStatus(rawValue: 0x49)
  public static let invalidDestinationTON = SMPPStatus(rawValue: 0x50)
  public static let invalidDestinationNPI = SMPPStatus(rawValue: 0x51)
  public static let invalidSystemType = SMPPStatus(rawValue: 0x53)
  public static let invalidReplaceFlag = SMPPStatus(rawValue: 0x54)
  public static let invalidMessageCount = SMPPStatus(rawValue: 0x55)
  public static let throttled = SMPPStatus(rawValue: 0x58)
  public static let invalidSchedule = SMPPStatus(rawValue: 0x61)
  public static let invalidExpiry = SMPPStatus(rawValue: 0x62)
  public static let invalidDefaultMessage = SMPPStatus(rawValue: 0x63)
  public static let temporaryReceiverError = SMPPStatus(rawValue: 0x64)
  public static let permanentReceiverError = SMPPStatus(rawValue: 0x65)
  public static let rejectedByReceiver = SMPPStatus(rawValue: 0x66)
  public static let queryFailed = SMPPStatus(rawValue: 0x67)
  public static let invalidParameterStream = SMPPStatus(rawValue: 0xC0)
  public static let parameterNotAllowed = SMPPStatus(rawValue: 0xC1)
  public static let invalidParameterLength = SMPPStatus(rawValue: 0xC2)
  public static let missingParameter = SMPPStatus(rawValue: 0xC3)
  public static let invalidParameterValue = SMPPStatus(rawValue: 0xC4)
  public static let deliveryFailure = SMPPStatus(rawValue: 0xFE)
  public static let unknownError = SMPPStatus(rawValue: 0xFF)

  private static let texts: [(status: SMPPStatus, name: String, text: String)] = [
    (.ok, "ESME_ROK", "no error"),
    (.invalidMessageLength, "ESME_RINVMSGLEN", "message length is invalid"),
    (.invalidCommandLength, "ESME_RINVCMDLEN", "command length is invalid"),
    (.invalidCommand, "ESME_RINVCMDID", "invalid command id"),
    (.wrongBindState, "ESME_RINVBNDSTS", "incorrect bind status for the command"),
    (.alreadyBound, "ESME_RALYBND", "already in bound state"),
    (.invalidPriority, "ESME_RINVPRTFLG", "invalid priority flag"),
    (.invalidRegisteredDelivery, "ESME_RINVREGDLVFLG", "invalid registered delivery flag"),
    (.systemError, "ESME_RSYSERR", "system error"),
    (.invalidSource, "ESME_RINVSRCADR", "invalid source address"),
    (.invalidDestination, "ESME_RINVDSTADR", "invalid destination address"),
    (.invalidMessageID, "ESME_RINVMSGID", "message id is invalid"),
    (.bindFailed, "ESME_RBINDFAIL", "bind failed"),
    (.invalidPassword, "ESME_RINVPASWD", "invalid password"),
    (.invalidSystemID, "ESME_RINVSYSID", "invalid system id"),
    (.cancelFailed, "ESME_RCANCELFAIL", "cancel_sm failed"),
    (.replaceFailed, "ESME_RREPLACEFAIL", "replace_sm failed"),
    (.queueFull, "ESME_RMSGQFUL", "message queue full"),
    (.invalidServiceType, "ESME_RINVSERTYP", "invalid service type"),
    (.invalidDestinationCount, "ESME_RINVNUMDESTS", "invalid number of destinations"),
    (.invalidDistributionList, "ESME_RINVDLNAME", "invalid distribution list name"),
    (.invalidDestinationFlag, "ESME_RINVDESTFLAG", "destination flag is invalid"),
    (.invalidSubmitWithReplace, "ESME_RINVSUBREP", "submit with replace is not to be had"),
    (.invalidESMClass, "ESME_RINVESMCLASS", "invalid esm_class"),
    (.cannotSubmitToList, "ESME_RCNTSUBDL", "cannot submit to the distribution list"),
    (.submitFailed, "ESME_RSUBMITFAIL", "submit_sm or submit_multi failed"),
    (.invalidSourceTON, "ESME_RINVSRCTON", "invalid source address type of number"),
    (.invalidSourceNPI, "ESME_RINVSRCNPI", "invalid source address numbering plan"),
    (.invalidDestinationTON, "ESME_RINVDSTTON", "invalid destination address type of number"),
    (.invalidDestinationNPI, "ESME_RINVDSTNPI", "invalid destination address numbering plan"),
    (.invalidSystemType, "ESME_RINVSYSTYP", "invalid system type"),
    (.invalidReplaceFlag, "ESME_RINVREPFLAG", "invalid replace_if_present flag"),
    (.invalidMessageCount, "ESME_RINVNUMMSGS", "invalid number of messages"),
    (.throttled, "ESME_RTHROTTLED", "allowed message limits exceeded"),
    (.invalidSchedule, "ESME_RINVSCHED", "invalid scheduled delivery time"),
    (.invalidExpiry, "ESME_RINVEXPIRY", "invalid validity period"),
    (.invalidDefaultMessage, "ESME_RINVDFTMSGID", "predefined message invalid or not found"),
    (.temporaryReceiverError, "ESME_RX_T_APPN", "receiver's temporary application error"),
    (.permanentReceiverError, "ESME_RX_P_APPN", "receiver's permanent application error"),
    (.rejectedByReceiver, "ESME_RX_R_APPN", "receiver rejects the message"),
    (.queryFailed, "ESME_RQUERYFAIL", "query_sm failed"),
    (.invalidParameterStream, "ESME_RINVOPTPARSTREAM", "error in the optional part of the body"),
    (.parameterNotAllowed, "ESME_ROPTPARNOTALLWD", "optional parameter not allowed"),
    (.invalidParameterLength, "ESME_RINVPARLEN", "invalid parameter length"),
    (.missingParameter, "ESME_RMISSINGOPTPARAM", "expected optional parameter missing"),
    (.invalidParameterValue, "ESME_RINVOPTPARAMVAL", "invalid optional parameter value"),
    (.deliveryFailure, "ESME_RDELIVERYFAILURE", "delivery failure"),
    (.unknownError, "ESME_RUNKNOWNERR", "unknown error"),
  ]

  /// The name in the specification; nil for a status that it does not have.
  public var name: String? { SMPPStatus.texts.first { $0.status == self }?.name }
}

extension SMPPStatus: CustomStringConvertible {
  /// The status in words, with the specification's name or its number.
  public var description: String {
    if let known = SMPPStatus.texts.first(where: { $0.status == self }) { return "\(known.text) (\(known.name))" }
    return "status 0x\(String(rawValue, radix: 16, uppercase: true))"
  }
}
