import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

// Reading and writing that block the calling thread.
extension SocketCore {
  func read(into target: UnsafeMutableRawBufferPointer, within limit: Duration? = nil) throws(SocketError) -> Int? {
    guard let call = try beginReading(within: limit) else { return nil }
    if target.isEmpty { return 0 }
    let waiter = try stack.admit(.read, call.remote)
    return try call.conclude(
      stack.core.block(waiter, until: call.deadline, cancel: call.cancel) { waiter throws(SocketError) in
        try call.attempt(into: target, waiter)
      })
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(SocketError) {
    let call = try beginWriting()
    if bytes.isEmpty { return }
    let waiter = try stack.admit(.write, call.remote)
    try call.conclude(stack.core.enter(writers, waiter))
    defer { writers.leave() }
    var position = 0
    do throws(SocketError) {
      while position < bytes.count {
        let piece = UnsafeRawBufferPointer(rebasing: bytes[position...])
        position += try call.conclude(
          stack.core.block(waiter, until: .never, cancel: call.cancel) { waiter throws(SocketError) in
            try call.attempt(piece, waiter)
          })
      }
    } catch {
      throw error.afterTransfer(of: position)
    }
  }

  func sendUrgentData(_ octet: UInt8) throws(SocketError) {
    let call = try beginWriting()
    let waiter = try stack.admit(.write, call.remote)
    try call.conclude(stack.core.enter(writers, waiter))
    defer { writers.leave() }
    try call.sendUrgent(octet)
  }

  func nextWarning(within limit: Duration?) throws(SocketError) -> ConnectionWarning? {
    guard let call = try beginWatching(within: limit) else { return nil }
    let waiter = try stack.admit(.wait, call.remote)
    return try call.conclude(
      stack.core.block(waiter, until: call.deadline, cancel: call.cancel, attempt: call.attempt))
  }
}
