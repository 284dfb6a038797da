import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

// Reading and writing that suspend the calling task.
extension SocketCore {
  func read(into target: UnsafeMutableRawBufferPointer) async throws(SocketError) -> Int? {
    guard let call = try beginReading() else { return nil }
    if target.isEmpty { return 0 }
    _ = try stack.admit(.read, call.remote)
    return try call.conclude(
      await stack.core.suspend(until: call.deadline, cancel: call.cancel) { waiter throws(SocketError) in
        try call.attempt(into: target, waiter)
      })
  }

  func read(upTo limit: Int) async throws(SocketError) -> [UInt8]? {
    guard limit >= 0 else { throw SocketError(.read, nil, .invalidArgument("a limit is not negative")) }
    guard let call = try beginReading() else { return nil }
    if limit == 0 { return [] }
    _ = try stack.admit(.read, call.remote)
    return try call.conclude(
      await stack.core.suspend(until: call.deadline, cancel: call.cancel) { waiter throws(SocketError) in
        try call.attempt(upTo: limit, waiter)
      })
  }

  func write(_ bytes: RawSpan) async throws(SocketError) {
    let call = try beginWriting()
    if bytes.isEmpty { return }
    _ = try stack.admit(.write, call.remote)
    try call.conclude(await stack.core.enter(writers))
    defer { writers.leave() }
    var position = 0
    do throws(SocketError) {
      while position < bytes.byteCount {
        position += try call.conclude(
          await stack.core.suspend(until: .never, cancel: call.cancel) { waiter throws(SocketError) in
            try bytes.withUnsafeBytes { bytes throws(SocketError) in
              try call.attempt(UnsafeRawBufferPointer(rebasing: bytes[position...]), waiter)
            }
          })
      }
    } catch {
      throw error.afterTransfer(of: position)
    }
  }

  func sendUrgentData(_ octet: UInt8) async throws(SocketError) {
    let call = try beginWriting()
    _ = try stack.admit(.write, call.remote)
    try call.conclude(await stack.core.enter(writers))
    defer { writers.leave() }
    try call.sendUrgent(octet)
  }

  func nextWarning(within limit: Duration?) async throws(SocketError) -> ConnectionWarning? {
    guard let call = try beginWatching(within: limit) else { return nil }
    _ = try stack.admit(.wait, call.remote)
    return try call.conclude(
      await stack.core.suspend(until: call.deadline, cancel: call.cancel, attempt: call.attempt))
  }
}
