import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

// Reading and writing that block the calling thread.
extension SocketCore {
  func read(into target: UnsafeMutableRawBufferPointer, within limit: Duration? = nil) throws(SocketError) -> Int? {
    guard let call = try beginReading(within: limit) else { return nil }
    if target.isEmpty { return 0 }
    let waiter = try stack.admit(.read, remote)
    return try stack.core.block(waiter, BufferRead(call: call, target: target))
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(SocketError) {
    let call = try beginWriting()
    if bytes.isEmpty { return }
    let waiter = try stack.admit(.write, remote)
    try call.checkEntry(stack.core.enter(writers, waiter))
    defer { writers.leave() }
    stack.core.beginTransfer(of: bytes.count, on: call.handle, waiter)
    defer { stack.core.endTransfer(on: call.handle, waiter) }
    var position = 0
    do throws(SocketError) {
      while position < bytes.count {
        let piece = UnsafeRawBufferPointer(rebasing: bytes[position...])
        position += try stack.core.block(waiter, PieceWrite(call: call, piece: piece))
        if position < bytes.count { stack.core.continueTransfer(on: call.handle, waiter) }
      }
    } catch {
      throw error.afterTransfer(of: position)
    }
  }

  func sendUrgentData(_ octet: UInt8) throws(SocketError) {
    let call = try beginWriting()
    let waiter = try stack.admit(.write, remote)
    try call.checkEntry(stack.core.enter(writers, waiter))
    defer { writers.leave() }
    try call.sendUrgent(octet)
  }

  func nextWarning(within limit: Duration?) throws(SocketError) -> ConnectionWarning? {
    guard let call = try beginWatching(within: limit) else { return nil }
    let waiter = try stack.admit(.wait, call.remote)
    return try stack.core.block(waiter, call)
  }
}
