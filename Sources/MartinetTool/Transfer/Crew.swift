import Dispatch

/// Threads that do the same kind of work, at most so many at once, and somebody who waits for them.
final class Crew: Sendable {
  private let places: DispatchSemaphore
  private let workers = DispatchGroup()

  init(limit: Int) {
    places = DispatchSemaphore(value: limit)
  }

  /// Runs `body` on a thread; waits for a place if there is none. False if the system has no thread left.
  func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    places.wait()
    workers.enter()
    let isStarted = Threads.start {
      body()
      self.leave()
    }
    if !isStarted { leave() }
    return isStarted
  }

  private func leave() {
    workers.leave()
    places.signal()
  }

  /// Waits until nobody works any more.
  func waitForAll() {
    workers.wait()
  }
}
