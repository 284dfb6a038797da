import CMartinetLinux
import Glibc
import Synchronization

/// Another program that runs beside ours. The kernel kills it when the thread that started it ends, whatever ends that.
package final class ChildProgram: Sendable {
  private let name: String
  /// nil once its end is known.
  private let process: Mutex<Int32?>

  /// Where a program is; a missing one is a failure that says which Debian package has it.
  package static func path(of name: String, package: String) throws(Failure) -> String {
    let search = getenv("PATH").map { String(cString: $0) } ?? ""
    for folder in (search + ":/usr/sbin:/sbin").split(separator: ":") {
      let path = "\(folder)/\(name)"
      if access(path, X_OK) == 0 { return path }
    }
    throw Failure("\(name) is missing: apt-get install \(package)")
  }

  /// Starts the program at `path` with `input`, at most 4096 octets, to read from its standard input.
  init(_ path: String, _ arguments: [String] = [], input: String = "") throws(Failure) {
    name = path.split(separator: "/").last.map { String($0) } ?? path
    var pointers = ([path] + arguments).map { strdup($0) }
    pointers.append(nil)
    let started = martinet_child_start(pointers, input)
    for pointer in pointers { free(pointer) }
    guard started > 0 else { throw Failure.system("start \(name)", -started) }
    process = Mutex(started)
  }

  deinit { end() }

  /// Kills it, if it has not ended.
  func end() {
    process.withLock { process in
      if let number = process { martinet_child_kill(number) }
      process = nil
    }
  }

  /// Stops it where it is (SIGSTOP).
  func stop() {
    process.withLock { process in
      if let number = process { kill(number, SIGSTOP) }
    }
  }

  /// Its exit status, or 128 and the signal that ended it; nil while it runs.
  private func takeStatus() -> Int32? {
    process.withLock { process in
      var status: Int32 = 0
      guard let number = process, martinet_child_has_ended(number, &status) == 1 else { return nil }
      process = nil
      return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
  }

  /// Throws if it has ended: it was to go on.
  func demandRunning() throws(Failure) {
    if let status = takeStatus() { throw Failure("\(name) ended with status \(status)") }
  }

  /// Waits for its end, ten seconds at most; throws unless it succeeds.
  func demandSuccess() throws(Failure) {
    for _ in 0..<1000 {
      if let status = takeStatus() {
        if status == 0 { return }
        throw Failure("\(name) ended with status \(status)")
      }
      usleep(10_000)
    }
    throw Failure("\(name) does not end")
  }
}
