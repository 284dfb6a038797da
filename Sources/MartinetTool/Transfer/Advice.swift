import Martinet

extension SocketError {
  /// What silence on connecting probably means, to be put behind the error; empty for other errors.
  var advice: String {
    guard operation == .connect, case .timedOut = reason else { return "" }
    return "; does somebody listen there, and on this link?"
  }
}
