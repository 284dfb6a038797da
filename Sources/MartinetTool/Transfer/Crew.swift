import Glibc

/// Threads that do the same kind of work, at most so many at once, and somebody who waits for them.
final class Crew: @unchecked Sendable {
  private let limit: Int
  /// Guarded by the mutex.
  private var running = 0
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  init(limit: Int) {
    self.limit = limit
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` on a thread; waits for a place if there is none. False if the system has no thread left.
  func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    change {
      $0 < limit
    } by: {
      $0 + 1
    }
    let isStarted = Threads.start {
      body()
      self.change { _ in
        true
      } by: {
        $0 - 1
      }
    }
    if !isStarted {
      change { _ in
        true
      } by: {
        $0 - 1
      }
    }
    return isStarted
  }

  /// Waits until nobody works any more.
  func waitForAll() {
    change {
      $0 == 0
    } by: {
      $0
    }
  }

  private func change(when isReady: (Int) -> Bool, by next: (Int) -> Int) {
    pthread_mutex_lock(mutex)
    while !isReady(running) { pthread_cond_wait(condition, mutex) }
    running = next(running)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }
}
