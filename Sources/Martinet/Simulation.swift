import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP

/// A simulated network that blocking code runs on, in virtual time.
///
/// Exactly one of the registered threads runs at a time. A call that blocks lets the next one run; when all of them wait, virtual time jumps
/// to the next thing that happens. So the same program with the same seed runs the same way each time, however long its waits are. When all
/// wait and nothing is left to happen, every waiting call fails with ``SocketError/Reason/deadlock``.
///
/// Only Martinet's calls pass the turn on: a registered thread that waits for another one by other means waits for ever.
public final class Simulation: Sendable {
  let driver: VirtualDriver

  /// Takes over `network`; reach it again with ``withNetwork(_:)``.
  public init(_ network: consuming sending Network) {
    driver = VirtualDriver(network)
  }

  /// The stack of a host of the network, to open sockets on.
  ///
  /// - Parameters:
  ///   - configuration: the host's own, for what its sockets begin with.
  ///   - resolver: who finds the addresses of names.
  public func stack(
    of host: HostID, configuration: HostConfiguration = HostConfiguration(), resolver: any Resolver = SystemResolver()
  ) -> NetworkStack {
    NetworkStack(driver.core(of: host), configuration: configuration, resolver: resolver)
  }

  /// Registers the calling thread, runs `body`, and returns when the threads that were spawned meanwhile have ended, too.
  public func run<Result>(_ body: () throws -> Result) throws -> Result {
    switch try driver.run(body) {
    case .success(let result): return result
    case .failure(let error): throw SocketError(.open, nil, from: error)
    }
  }

  /// Starts a registered thread, which runs when its turn comes. To be called from a registered thread.
  @discardableResult
  public func spawn(
    _ name: String, _ body: @escaping @Sendable () -> Void
  ) throws(SocketError) -> SimulatedThread {
    do throws(DriverError) {
      return SimulatedThread(try driver.spawn(name: name, body))
    } catch {
      throw SocketError(.open, nil, from: error)
    }
  }

  /// The virtual time since the beginning.
  public var now: Duration { .nanoseconds(driver.now.nanoseconds) }

  /// Lets virtual time pass for the calling thread, which must be registered.
  public func sleep(for time: Duration) throws(SocketError) {
    let outcome: WaitOutcome
    do throws(DriverError) {
      outcome = try driver.sleep(until: .deadline(after: time, from: driver.now))
    } catch {
      throw SocketError(.sleep, nil, from: error)
    }
    try SocketError.check(outcome)
  }

  /// Uses the network: to cut a wire, to change what it does to packets, to look at what happened.
  public func withNetwork<Result, Failure: Error>(
    _ body: (inout Network) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try driver.withNetwork(body)
  }
}

/// A thread that runs in virtual time.
public final class SimulatedThread: Sendable {
  private let thread: VirtualThread

  init(_ thread: VirtualThread) {
    self.thread = thread
  }

  /// Waits until the thread has ended. To be called from a registered thread.
  public func join() throws(SocketError) {
    let hasEnded: Bool
    do throws(DriverError) {
      hasEnded = try thread.join()
    } catch {
      throw SocketError(.join, nil, from: error)
    }
    if !hasEnded { throw SocketError(.join, nil, .deadlock) }
  }
}
