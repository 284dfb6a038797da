import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

// Writing what lies in several places as if it lay in one.
extension SocketCore {
  func write(_ octets: some ScatteredOctets) throws(SocketError) {
    let call = try beginWriting()
    let waiter = try stack.admit(.write, remote)
    try call.checkEntry(stack.core.enter(writers, waiter))
    defer { writers.leave() }
    var position = ScatterPosition()
    do throws(SocketError) {
      while position.piece < octets.pieceCount {
        position = try stack.core.block(waiter, ScatteredWrite(call: call, octets: octets, position: position))
      }
    } catch {
      throw error.afterTransfer(of: position.count)
    }
  }

  func write(_ octets: some ScatteredOctets & Sendable) async throws(SocketError) {
    let call = try beginWriting()
    try stack.admit(.write, remote)
    try call.checkEntry(await stack.core.enter(writers))
    defer { writers.leave() }
    var position = ScatterPosition()
    do throws(SocketError) {
      while position.piece < octets.pieceCount {
        position = try await stack.core.suspend(ScatteredWrite(call: call, octets: octets, position: position))
      }
    } catch {
      throw error.afterTransfer(of: position.count)
    }
  }
}

/// The write of what lies behind a position; brings the next one, unless nothing could be written.
private struct ScatteredWrite<Octets: ScatteredOctets>: WaitingCall {
  let call: WriteCall
  let octets: Octets
  let position: ScatterPosition

  var deadline: Instant { .never }
  var awaited: AwaitedPlace { .connection(call.handle) }

  @inline(never)
  func attempt(_ waiter: Waiter?) throws(SocketError) -> ScatterPosition? {
    do throws(HostError) {
      let next = try call.core.stack.core.send(
        octets, from: position, upTo: SocketCore.largestTurn, on: call.handle, otherwise: waiter)
      return next.piece == position.piece && next.count == position.count ? nil : next
    } catch {
      throw call.error(error)
    }
  }

  @inline(never)
  func cancel(_ waiter: Waiter) -> Bool { call.cancel(waiter) }
  @inline(never)
  func failure(_ outcome: WaitOutcome) -> SocketError { call.failure(outcome) }
}

/// Memory that stays where it is while the call lasts.
struct ScatteredMemory: ScatteredOctets {
  let buffers: [UnsafeRawBufferPointer]

  var pieceCount: Int { buffers.count }

  func withPiece<Result, Failure: Error>(
    _ index: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(buffers[index])
  }
}

/// Arrays, which are held while the call lasts.
struct ScatteredArrays: ScatteredOctets, Sendable {
  let arrays: [[UInt8]]

  var pieceCount: Int { arrays.count }

  func withPiece<Result, Failure: Error>(
    _ index: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let array = arrays[index]
    return try array.span.bytes.withUnsafeBytes { piece throws(Failure) in try body(piece) }
  }
}
