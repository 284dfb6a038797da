import MartinetStack
import MartinetTCP
import Synchronization

/// Runs tasks one after the other on a thread that reads the links of a stack, or of one of its shards, while it has nothing else to do: what comes for a task is followed by the task itself, without
/// a switch of threads.
///
/// For tasks that serve connections: `Task(executorPreference: stack.executor) { ... }`. A task that blocks, or that computes for long, keeps the other tasks of the executor waiting. It does not keep the
/// stack: after a millisecond the links are read elsewhere, until the executor's thread comes back to them. After the end of the stack tasks go on where tasks without an executor do.
public final class LinkExecutor: TaskExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    /// The thread, while it has nothing to run.
    var idle: ThreadWaiter?
    /// The stack has ended: what still comes is run elsewhere.
    var isOver = false
  }

  /// The jobs that are run before the links are read again.
  private static let jobsPerTurn = 64

  private let driver: RealDriver
  private let state = Mutex(State())

  /// - Throws: ``DriverError/noThread`` if the system has none left.
  init(on driver: RealDriver) throws(DriverError) {
    self.driver = driver
    guard OSThread.start(name: "martinet-tasks", { [self] in run() }) else { throw .noThread }
    driver.tellEnd(to: CallbackWaiter { [weak self] in self?.end() })
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let (isTaken, idle) = state.withLock { state -> (Bool, ThreadWaiter?) in
      guard !state.isOver else { return (false, nil) }
      state.jobs.append(job)
      defer { state.idle = nil }
      return (true, state.idle)
    }
    idle?.fire()
    if !isTaken { globalConcurrentExecutor.enqueue(job) }
  }

  private func run() {
    let waiter = ThreadWaiter.current
    waiter.role = .executor
    waiter.keepsAttending = true
    var jobs: [UnownedJob] = []
    var hasGathered = false
    while true {
      switch takeJobs(into: &jobs, waiter) {
      case .some:
        hasGathered = run(&jobs, waiter)
      case .none:
        // What was read has woken others than tasks of this executor.
        if hasGathered { driver.endGathering() }
        hasGathered = false
        if driver.wait(waiter, until: .never, mayAttend: true) == .stopped { end() }
      case .over:
        (waiter.role, waiter.keepsAttending) = (.caller, false)
        if waiter.attends { driver.endAttending(waiter) }
        return
      }
    }
  }

  /// Runs `jobs`, and reads what has come; returns whether that has woken anybody, for whom the host's output waits.
  private func run(_ jobs: inout [UnownedJob], _ waiter: ThreadWaiter) -> Bool {
    var hasWoken = false
    var position = 0
    while position < jobs.count {
      let end = min(position + LinkExecutor.jobsPerTurn, jobs.count)
      // Who computes for long must not hold up the links.
      driver.lease(from: waiter, gathers: true)
      for index in position..<end {
        waiter.role = index + 1 == end ? .lastTask : .task
        jobs[index].runSynchronously(on: asUnownedTaskExecutor())
      }
      waiter.role = .executor
      // A call that blocked, in a task, had plans of its own for the links.
      waiter.keepsAttending = true
      // What was written is often answered by now: no need to sleep first.
      hasWoken = driver.readMeanwhile(waiter)
      position = end
    }
    jobs.removeAll(keepingCapacity: true)
    return hasWoken
  }

  private enum Turn {
    case some
    /// The next job fires the waiter.
    case none
    case over
  }

  /// What is to be run.
  private func takeJobs(into jobs: inout [UnownedJob], _ waiter: ThreadWaiter) -> Turn {
    state.withLock { state in
      swap(&jobs, &state.jobs)
      if !jobs.isEmpty { return .some }
      if state.isOver { return .over }
      state.idle = waiter
      return .none
    }
  }

  /// The stack has ended.
  private func end() {
    let idle = state.withLock { state -> ThreadWaiter? in
      state.isOver = true
      defer { state.idle = nil }
      return state.idle
    }
    idle?.fire()
  }
}

extension StackCore {
  /// A task is about to hand over at most `count` octets to be sent on `handle`. On the thread of a ``LinkExecutor`` one that writes many reads the acknowledgements between its pieces, which leave at once; what the
  /// last of the tasks that are to run writes leaves at once, too, with what the others have brought.
  package func beginPiece(of count: Int, on handle: ConnectionHandle) {
    let waiter = ThreadWaiter.current
    guard waiter.role == .task || waiter.role == .lastTask, let driver = driver(of: handle) else { return }
    if count >= RealDriver.leastTransfer {
      driver.readMeanwhile(waiter)
      driver.lease(from: waiter)
    } else if waiter.role == .lastTask {
      driver.lock.withLock { driver.output.gatherer = nil }
    }
  }
}
