import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

// Reading and writing without a copy: the program works in the pages of the stack.
extension SocketCore {
  func read(
    upTo limit: Int, within time: Duration?, lending body: (RawSpan) -> Void
  ) throws(SocketError) -> Int? {
    guard let call = try beginLending(limit, within: time) else { return nil }
    if limit == 0 { return 0 }
    let waiter = try stack.admit(.read, remote)
    while true {
      if let count = try call.lend(upTo: limit, to: body) { return count }
      try stack.core.block(waiter, InputWait(call: call))
    }
  }

  func read(upTo limit: Int, lending body: (RawSpan) -> Void) async throws(SocketError) -> Int? {
    guard let call = try beginLending(limit, within: nil) else { return nil }
    if limit == 0 { return 0 }
    try stack.admit(.read, remote)
    while true {
      if let count = try call.lend(upTo: limit, to: body) { return count }
      try await stack.core.suspend(InputWait(call: call))
    }
  }

  private func beginLending(_ limit: Int, within time: Duration?) throws(SocketError) -> ReadCall? {
    guard limit >= 0 else { throw SocketError(.read, nil, .invalidArgument("a limit is not negative")) }
    return try beginReading(within: time)
  }

  func write(
    upTo limit: Int, lending body: (inout OutputRawSpan) -> Void
  ) throws(SocketError) -> Int {
    guard limit >= 0 else { throw SocketError(.write, nil, .invalidArgument("a limit is not negative")) }
    let call = try beginWriting()
    if limit == 0 { return 0 }
    let waiter = try stack.admit(.write, remote)
    try call.checkEntry(stack.core.enter(writers, waiter))
    defer { writers.leave() }
    while true {
      if let count = try call.lend(upTo: limit, to: body) { return count }
      try stack.core.block(waiter, RoomWait(call: call))
    }
  }

  func write(
    upTo limit: Int, lending body: (inout OutputRawSpan) -> Void
  ) async throws(SocketError) -> Int {
    guard limit >= 0 else { throw SocketError(.write, nil, .invalidArgument("a limit is not negative")) }
    let call = try beginWriting()
    if limit == 0 { return 0 }
    try stack.admit(.write, remote)
    try call.checkEntry(await stack.core.enter(writers))
    defer { writers.leave() }
    while true {
      if let count = try call.lend(upTo: limit, to: body) { return count }
      try await stack.core.suspend(RoomWait(call: call))
    }
  }
}

extension ReadCall {
  /// Lends what is there; brings the number of octets, or nil at the end of the stream; nothing if there is nothing yet.
  fileprivate func lend(upTo limit: Int, to body: (RawSpan) -> Void) throws(SocketError) -> Int?? {
    do throws(HostError) {
      let limit = min(limit, SocketCore.largestTurn)
      return count(in: try core.stack.core.receive(upTo: limit, from: handle, lending: body))
    } catch {
      return count(in: try afterFailure(error))
    }
  }
}

extension WriteCall {
  /// Sends what `body` puts into the send buffer; nil if there is no room.
  fileprivate func lend(
    upTo limit: Int, to body: (inout OutputRawSpan) -> Void
  ) throws(SocketError) -> Int? {
    do throws(HostError) {
      return try core.stack.core.send(upTo: min(limit, SocketCore.largestTurn), on: handle, lending: body)
    } catch {
      throw self.error(error)
    }
  }
}

/// One wait for something to read: octets, the end of the stream, or an error, which the read finds.
private struct InputWait: WaitingCall {
  let call: ReadCall

  var deadline: Instant { call.deadline }
  var awaited: AwaitedPlace { .connection(call.handle) }

  @inline(never)
  func attempt(_ waiter: Waiter?) -> Void? {
    call.core.stack.core.hasInput(call.handle, otherwise: waiter) ? () : nil
  }

  @inline(never)
  func cancel(_ waiter: Waiter) -> Bool { call.cancel(waiter) }
  @inline(never)
  func failure(_ outcome: WaitOutcome) -> SocketError { call.failure(outcome) }
}

/// One wait for room in the send buffer, or an error, which the write finds.
private struct RoomWait: WaitingCall {
  let call: WriteCall

  var deadline: Instant { .never }
  var awaited: AwaitedPlace { .connection(call.handle) }

  @inline(never)
  func attempt(_ waiter: Waiter?) -> Void? {
    call.core.stack.core.hasRoom(call.handle, otherwise: waiter) ? () : nil
  }

  @inline(never)
  func cancel(_ waiter: Waiter) -> Bool { call.cancel(waiter) }
  @inline(never)
  func failure(_ outcome: WaitOutcome) -> SocketError { call.failure(outcome) }
}
