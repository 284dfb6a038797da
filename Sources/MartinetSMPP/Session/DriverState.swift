/// What a driver keeps behind its lock.
struct DriverState {
  var session: SMPPSession
  /// What settled requests that somebody waits for, or may.
  var answers: [UInt32: Result<SMPPPDU, SMPPSession.Unsettled>] = [:]
  var awaited: Set<UInt32> = []
  /// What the peer asks for and nobody has taken.
  var requests: [SMPPPDU] = []
  /// Binds that nobody has said anything about.
  var binds: [(pdu: SMPPPDU, fields: SMPPBind)] = []
  /// The alerts that nobody took in time.
  var alertsDropped: UInt64 = 0
  /// Nothing is left to be written.
  var isWritten = false
  /// The socket is closed.
  var isOver = false

  init(session: SMPPSession) { self.session = session }

  /// Puts what has happened where it is waited for.
  mutating func sort() {
    for event in session.takeEvents() {
      switch event {
      case .request(let pdu): take(pdu)
      case .settled(let sequence, let result):
        if awaited.contains(sequence) { answers[sequence] = result }
      case .ended: binds = []
      }
    }
  }

  private mutating func take(_ pdu: SMPPPDU) {
    switch pdu.body {
    case .bindReceiver(let bind), .bindTransmitter(let bind), .bindTransceiver(let bind): binds.append((pdu, bind))
    default:
      // The session bounds the requests that are answered; nothing else bounds those that are not.
      if pdu.command.response == nil && requests.count >= 2 * session.configuration.largestBacklog {
        alertsDropped += 1
      } else {
        requests.append(pdu)
      }
    }
  }
}
