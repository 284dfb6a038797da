import CMartinetLinux
import Synchronization

/// One atomic word that threads can sleep on.
struct FutexWord: ~Copyable, @unchecked Sendable {
  private let storage: UnsafeMutablePointer<Atomic<UInt32>>

  init(_ value: UInt32) {
    storage = .allocate(capacity: 1)
    storage.initialize(to: Atomic(value))
  }

  deinit {
    storage.deinitialize(count: 1)
    storage.deallocate()
  }

  func load() -> UInt32 {
    storage.pointee.load(ordering: .acquiring)
  }

  func exchange(_ value: UInt32) -> UInt32 {
    storage.pointee.exchange(value, ordering: .acquiringAndReleasing)
  }

  /// Puts `desired` where `expected` stands; says whether it stood there.
  func replace(_ expected: UInt32, with desired: UInt32) -> Bool {
    storage.pointee.compareExchange(
      expected: expected, desired: desired, successOrdering: .acquiringAndReleasing, failureOrdering: .acquiring
    ).exchanged
  }

  /// Sleeps while the word is `expected`, at most until `deadline` of the monotonic clock. False: the deadline has come.
  /// A true result promises nothing about the word.
  func sleep(while expected: UInt32, until deadline: Int64) -> Bool {
    martinet_futex_wait(storage, expected, deadline) != ETIMEDOUT
  }

  func wake(_ count: Int32) {
    martinet_futex_wake(storage, count)
  }
}
