import Glibc

/// A file that grows under a hidden name and gets its own when it is whole.
package final class PartialFile {
  private let files: PartialFiles
  private let directory: Directory
  private let ticket: Int
  private var descriptor: Int32
  private let name: String
  package private(set) var count = 0

  init(_ name: String, in directory: Directory, of files: PartialFiles) throws(Failure) {
    (ticket, descriptor) = try files.create(name, in: directory.descriptor)
    self.name = name
    self.directory = directory
    self.files = files
  }

  /// Appends all of `bytes`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw Failure.system(name) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
      count += written
    }
  }

  package func write(_ bytes: some Sequence<UInt8>) throws(Failure) {
    let array = Array(bytes)
    var failure: Failure?
    array.withUnsafeBytes { buffer in
      do throws(Failure) { try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Closes the file and gives it the first free name of `name`, `name.1`, `name.2` and so on. Returns that name.
  package func finish() throws(Failure) -> String {
    try closeDescriptor()
    for attempt in 0..<100_000 {
      let final = attempt == 0 ? name : "\(name).\(attempt)"
      if try files.publish(ticket, as: final, replacing: false) { return final }
    }
    discard()
    throw Failure("\(name): no free name")
  }

  /// Closes the file and gives it its name, in place of what has it.
  package func finishReplacing() throws(Failure) {
    try closeDescriptor()
    _ = try files.publish(ticket, as: name, replacing: true)
  }

  /// What could not be written earlier may be reported only here.
  private func closeDescriptor() throws(Failure) {
    let result = close(descriptor)
    let code = errno
    descriptor = -1
    guard result == 0 else {
      discard()
      throw Failure.system(name, code)
    }
  }

  /// Removes the file. Does nothing to a file that is finished.
  package func discard() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    files.discard(ticket)
  }

  deinit { discard() }
}

/// Saves streams into a directory, each under the address and port it came from; nothing is ever overwritten.
package final class FileSaver: Sendable {
  package let directory: Directory
  private let files: PartialFiles

  /// A saver into `path`, which must be a directory in which files can be created.
  package init(into path: String, files: PartialFiles) throws(Failure) {
    directory = try Directory(writable: path)
    self.files = files
  }

  /// A hidden file for what comes from `address` and `port`.
  package func begin(address: String, port: UInt16) throws(Failure) -> PartialFile {
    try PartialFile("\(address)_\(port)", in: directory, of: files)
  }
}
