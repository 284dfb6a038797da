import Glibc

/// What the runtime keeps for each thread: its waiter, made at first use and given back when the thread ends.
enum ThreadLocal {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let result = pthread_key_create(&key) { object in
      if let object { Unmanaged<ThreadWaiter>.fromOpaque(object).release() }
    }
    precondition(result == 0, "the process has no key left for thread-local storage")
    return key
  }()

  static var waiter: ThreadWaiter {
    if let object = pthread_getspecific(key) {
      return Unmanaged<ThreadWaiter>.fromOpaque(object).takeUnretainedValue()
    }
    let waiter = ThreadWaiter()
    pthread_setspecific(key, Unmanaged.passRetained(waiter).toOpaque())
    return waiter
  }
}
