import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

// Reading and writing that suspend the calling task.
extension SocketCore {
  func read(into target: UnsafeMutableRawBufferPointer) async throws(SocketError) -> Int? {
    guard let call = try beginReading() else { return nil }
    if target.isEmpty { return 0 }
    try stack.admit(.read, remote)
    return try await stack.core.suspend(BufferRead(call: call, target: target))
  }

  func read(upTo limit: Int) async throws(SocketError) -> [UInt8]? {
    guard limit >= 0 else { throw SocketError(.read, nil, .invalidArgument("a limit is not negative")) }
    guard let call = try beginReading() else { return nil }
    if limit == 0 { return [] }
    try stack.admit(.read, remote)
    return try await stack.core.suspend(ArrayRead(call: call, size: limit))
  }

  func write(_ bytes: RawSpan) async throws(SocketError) {
    let call = try beginWriting()
    if bytes.isEmpty { return }
    try stack.admit(.write, remote)
    // Mostly nobody else writes, and there is nothing to suspend for.
    if !writers.tryEnter(otherwise: nil) { try call.checkEntry(await stack.core.enter(writers)) }
    defer { writers.leave() }
    var position = 0
    do throws(SocketError) {
      while position < bytes.byteCount {
        stack.core.beginPiece(of: bytes.byteCount - position, on: call.handle)
        // The octets stay where they are until the call returns: that is what a span says.
        let piece = bytes.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[position...]) }
        position += try await stack.core.suspend(PieceWrite(call: call, piece: piece))
      }
    } catch {
      throw error.afterTransfer(of: position)
    }
  }

  func sendUrgentData(_ octet: UInt8) async throws(SocketError) {
    let call = try beginWriting()
    try stack.admit(.write, remote)
    try call.checkEntry(await stack.core.enter(writers))
    defer { writers.leave() }
    try call.sendUrgent(octet)
  }

  func nextWarning(within limit: Duration?) async throws(SocketError) -> ConnectionWarning? {
    guard let call = try beginWatching(within: limit) else { return nil }
    try stack.admit(.wait, call.remote)
    return try await stack.core.suspend(call)
  }
}
