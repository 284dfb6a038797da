import MartinetRuntime
import MartinetStack
import Synchronization

extension NetworkStack {
  /// What runs tasks on the thread that reads the links of the stack, of the first shard where there are several: see ``LinkExecutor``. Nil in a ``Simulation``, whose tasks
  /// run in virtual time, and if the system has no thread left. As an executor preference nil stands for none.
  ///
  /// The thread is there from the first use on, and ends with the stack.
  public var executor: LinkExecutor? { core.executor(of: 0) }
}

extension TCPStream {
  /// What runs tasks on the thread that reads the links of the shard to which the connection belongs; the stack's before the stream is connected and after it is closed.
  public var executor: LinkExecutor? {
    core.state.withLock { $0.stage }.handle.map { stack.core.executor(of: $0) } ?? stack.executor
  }
}
