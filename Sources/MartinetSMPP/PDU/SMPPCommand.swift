/// The commands of SMPP 3.4, by their command_id (section 5.1.2.1).
public enum SMPPCommand: UInt32, Hashable, Sendable, CaseIterable {
  case genericNack = 0x8000_0000
  case bindReceiver = 0x0000_0001
  case bindReceiverResponse = 0x8000_0001
  case bindTransmitter = 0x0000_0002
  case bindTransmitterResponse = 0x8000_0002
  case query = 0x0000_0003
  case queryResponse = 0x8000_0003
  case submit = 0x0000_0004
  case submitResponse = 0x8000_0004
  case deliver = 0x0000_0005
  case deliverResponse = 0x8000_0005
  case unbind = 0x0000_0006
  case unbindResponse = 0x8000_0006
  case replace = 0x0000_0007
  case replaceResponse = 0x8000_0007
  case cancel = 0x0000_0008
  case cancelResponse = 0x8000_0008
  case bindTransceiver = 0x0000_0009
  case bindTransceiverResponse = 0x8000_0009
  case outbind = 0x0000_000B
  case enquireLink = 0x0000_0015
  case enquireLinkResponse = 0x8000_0015
  case submitMulti = 0x0000_0021
  case submitMultiResponse = 0x8000_0021
  case alertNotification = 0x0000_0102
  case data = 0x0000_0103
  case dataResponse = 0x8000_0103

  private static let responseBit: UInt32 = 0x8000_0000

  /// Whether it answers another one; generic_nack does.
  public var isResponse: Bool { rawValue & SMPPCommand.responseBit != 0 }

  /// The command that answers this one; nil for a response, for outbind and for alert_notification, which nobody answers.
  public var response: SMPPCommand? {
    isResponse ? nil : SMPPCommand(rawValue: rawValue | SMPPCommand.responseBit)
  }

  /// The name in the specification.
  public var name: String {
    switch self {
    case .genericNack: "generic_nack"
    case .bindReceiver: "bind_receiver"
    case .bindTransmitter: "bind_transmitter"
    case .bindTransceiver: "bind_transceiver"
    case .query: "query_sm"
    case .submit: "submit_sm"
    case .deliver: "deliver_sm"
    case .unbind: "unbind"
    case .replace: "replace_sm"
    case .cancel: "cancel_sm"
    case .outbind: "outbind"
    case .enquireLink: "enquire_link"
    case .submitMulti: "submit_multi"
    case .alertNotification: "alert_notification"
    case .data: "data_sm"
    default: (SMPPCommand(rawValue: rawValue & ~SMPPCommand.responseBit)?.name ?? "") + "_resp"
    }
  }
}
