/// Runs `body`, whose calls block on `socket`, so that cancelling the task ends them: the socket is closed, and the call that is blocked fails with
/// ``SocketError/Reason/interrupted``, as an interrupted thread's does in java.net.
///
/// A blocking call that is made in a task which is cancelled already fails so without this. One that is blocked when the task is cancelled hears of
/// it only here: a call that is not async can't be told. It holds its thread meanwhile, as all blocking calls do.
public func withInterruption<Result>(of socket: Socket, _ body: () throws -> Result) async throws -> Result {
  try await withTaskCancellationHandler {
    try body()
  } onCancel: {
    socket.core.interrupt()
  }
}
