import MartinetWire

/// What is left of a connection that has nothing to do but to wait: with what its phase adds enough to make it anew, when something comes for it.
struct ConnectionRemains: ~Copyable {
  let local: Endpoint
  let remote: Endpoint
  private let common: Shared<CommonState>
  private let send: SendVariables
  private let receive: ReceiveVariables
  private let negotiated: Negotiated
  private let flags: ConnectionFlags
  private let timestampOffset: UInt32

  @inline(__always)
  init(_ connection: borrowing Connection) {
    local = connection.local
    remote = connection.remote
    common = connection.common.share()
    send = connection.snd
    receive = connection.rcv
    negotiated = connection.negotiated
    flags = connection.flags
    timestampOffset = connection.timestampOffset
  }

  var hasTimestamps: Bool { negotiated.timestamps }
  /// SND.NXT.
  var next: SequenceNumber { send.nxt }

  /// A snapshot, as far as anything is known.
  func status(id: ConnectionID, in phase: Phase) -> ConnectionStatus {
    var status = ConnectionStatus()
    status.id = id
    status.local = local
    status.remote = remote
    status.phase = phase
    status.sendUnacknowledged = send.una
    status.sendNext = send.nxt
    status.sendWindow = send.wnd
    status.receiveNext = receive.nxt
    status.receiveWindow = receive.wnd
    status.sendWindowScale = send.scale
    status.receiveWindowScale = receive.scale
    status.hasTimestamps = negotiated.timestamps
    status.hasSelectiveAcknowledgement = negotiated.sack
    return status
  }

  /// What the connection is made of once more.
  func parameters(id: ConnectionID, pathMTU: Int, linkMTU: Int) -> OpenParameters {
    OpenParameters(
      id: id, local: local, remote: remote, initialSequence: send.iss, timestampOffset: timestampOffset,
      pathMTU: pathMTU, linkMTU: linkMTU, options: common.value.options)
  }

  /// Makes `connection`, which was made of the ``parameters(id:pathMTU:linkMTU:)``, what it was.
  func restore(_ connection: inout Connection) {
    connection.flags = flags
    connection.snd = send
    connection.rcv = receive
    connection.negotiated = negotiated
    connection.settleSegmentSize()
  }
}
