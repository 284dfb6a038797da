import Glibc
import Synchronization

/// The files of a run that are not whole yet: each has a hidden name, and all of them can be removed at once when the run
/// ends in another way than it should.
package final class PartialFiles: Sendable {
  private struct Entry {
    let directory: Int32
    let name: String
  }

  private struct State {
    var entries: [Int: Entry] = [:]
    var lastTicket = 0
    var isAbandoned = false
  }

  private let state = Mutex(State())

  package init() {}

  /// Creates a hidden file for what is to become `name` in the open directory `directory`. It never opens a file that is there
  /// already.
  func create(_ name: String, in directory: Int32) throws(Failure) -> (ticket: Int, descriptor: Int32) {
    for attempt in 0..<1000 {
      let hidden = attempt == 0 ? ".\(name).part" : ".\(name).\(attempt).part"
      let descriptor = openat(directory, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor < 0 && errno == EEXIST { continue }
      guard descriptor >= 0 else { throw Failure.system(name) }
      guard let ticket = register(Entry(directory: directory, name: hidden)) else {
        unlinkat(directory, hidden, 0)
        close(descriptor)
        throw Failure("\(name): the program is ending")
      }
      return (ticket, descriptor)
    }
    throw Failure("\(name): too many unfinished files of that name")
  }

  private func register(_ entry: Entry) -> Int? {
    state.withLock { state in
      guard !state.isAbandoned else { return nil }
      state.lastTicket += 1
      state.entries[state.lastTicket] = entry
      return state.lastTicket
    }
  }

  /// Gives the file its final name, which must be free unless it `replaces`; false if the name is taken.
  func publish(_ ticket: Int, as name: String, replacing: Bool) throws(Failure) -> Bool {
    let code: Int32 = state.withLock { state in
      guard let entry = state.entries[ticket] else { return ECANCELED }
      let code = PartialFiles.rename(entry.name, to: name, in: entry.directory, replacing: replacing)
      if code == 0 { state.entries[ticket] = nil }
      return code
    }
    if code == EEXIST { return false }
    guard code == 0 else { throw Failure.system(name, code) }
    return true
  }

  /// The error number of giving `old` the name `new`. A link takes a name only if it is free. File systems without links
  /// get an empty file first, which nobody else can have made, and which the rename replaces.
  private static func rename(_ old: String, to new: String, in directory: Int32, replacing: Bool) -> Int32 {
    if !replacing {
      if linkat(directory, old, directory, new, 0) == 0 {
        unlinkat(directory, old, 0)
        return 0
      }
      guard errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS else { return errno }
      let reserved = openat(directory, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard reserved >= 0 else { return errno }
      close(reserved)
    }
    return renameat(directory, old, directory, new) == 0 ? 0 : errno
  }

  /// Removes a file that will not be finished.
  func discard(_ ticket: Int) {
    state.withLock { state in
      guard let entry = state.entries.removeValue(forKey: ticket) else { return }
      unlinkat(entry.directory, entry.name, 0)
    }
  }

  /// Removes everything unfinished, and lets nothing be created or finished from here on.
  package func abandon() {
    state.withLock { state in
      state.isAbandoned = true
      for entry in state.entries.values { unlinkat(entry.directory, entry.name, 0) }
      state.entries = [:]
    }
  }
}

/// A directory that is held open, so that it stays the same one whatever happens to its name.
package final class Directory: Sendable {
  let descriptor: Int32
  package let path: String

  /// Opens `path`; it must be a directory in which files can be created.
  package init(writable path: String) throws(Failure) {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? Failure("\(path): no such directory") : Failure.system(path)
    }
    self.descriptor = descriptor
    // Permission bits do not tell everything (read-only file systems, the superuser); a file that has no name does.
    let nameless: Int32 = 0o2000_0000 | O_DIRECTORY
    let probe = openat(descriptor, ".", O_WRONLY | nameless | O_CLOEXEC, 0o600)
    if probe >= 0 {
      close(probe)
    } else if errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT {
      guard faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 else { throw Directory.unwritable(path) }
    } else {
      throw Directory.unwritable(path)
    }
  }

  private static func unwritable(_ path: String) -> Failure {
    Failure("\(path): cannot create files there: \(Failure.reason(errno))")
  }

  deinit { close(descriptor) }
}
