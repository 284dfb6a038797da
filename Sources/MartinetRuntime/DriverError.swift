/// Why a driver refuses a call.
package enum DriverError: Error, Hashable, Sendable {
  /// Virtual time: the calling thread is not registered, so nobody could say when it runs.
  case unregisteredThread
  /// Virtual time: the calling thread is registered already.
  case alreadyRegistered
  /// The stack was shut down.
  case stopped
  /// The operating system has no thread left.
  case noThread
}
