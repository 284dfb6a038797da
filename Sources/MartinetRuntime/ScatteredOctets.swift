import MartinetStack
import MartinetTCP
import MartinetWire

/// Octets that lie in several places, to be sent one behind the other.
package protocol ScatteredOctets {
  var pieceCount: Int { get }
  func withPiece<Result, Failure: Error>(
    _ index: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

/// How far scattered octets have been sent.
package struct ScatterPosition: Sendable {
  /// The number of a piece, and how much of it is sent.
  package var piece = 0
  package var offset = 0
  /// All octets before it.
  package var count = 0

  package init() {}
}

extension StackCore {
  /// Writes what lies behind `position`, as much of it as the send buffer takes and `limit` octets at most, as if it lay in one piece. Returns where the
  /// next write begins: nothing was written if the buffer is full.
  package func send(
    _ octets: some ScatteredOctets, from position: ScatterPosition, upTo limit: Int, on handle: ConnectionHandle,
    otherwise waiter: Waiter?
  ) throws(HostError) -> ScatterPosition {
    try turn(of: handle) { host, notices, now throws(HostError) in
      var next = position
      var isFull = false
      while next.piece < octets.pieceCount && !isFull && next.count - position.count < limit {
        let isLast = next.piece + 1 == octets.pieceCount
        try octets.withPiece(next.piece) { piece throws(HostError) in
          let left = limit - (next.count - position.count)
          let rest = UnsafeRawBufferPointer(rebasing: piece[next.offset...].prefix(left))
          let accepted = try host.send(
            rest.bytes, moreFollows: !isLast && rest.count < left, on: handle, at: now)
          next.count += accepted
          next.offset += accepted
          isFull = accepted < rest.count
          if next.offset == piece.count { (next.piece, next.offset) = (next.piece + 1, 0) }
        }
      }
      if isFull && next.count == position.count, let waiter {
        notices.connections.add(waiter, to: .output, slot: handle.slot, generation: handle.generation)
      }
      return next
    }
  }
}
