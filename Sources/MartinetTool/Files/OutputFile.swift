import Glibc

/// A file that a user named on the command line: it replaces an older one when it is whole, and not before.
package final class OutputFile {
  private enum Target {
    case file(PartialFile)
    /// A device or a pipe takes octets as they come.
    case stream(Int32)
  }

  private let path: String
  private let target: Target

  package init(_ path: String, files: PartialFiles) throws(Failure) {
    self.path = path
    var status = stat()
    let exists = stat(path, &status) == 0
    let kind = status.st_mode & S_IFMT
    guard !path.isEmpty, !exists || kind != S_IFDIR else { throw Failure.system(path, path.isEmpty ? ENOENT : EISDIR) }
    if exists && kind != S_IFREG {
      let descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw Failure.system(path) }
      target = .stream(descriptor)
    } else {
      let (directory, name) = OutputFile.split(path)
      target = .file(try PartialFile(name, in: Directory(writable: directory), of: files))
    }
  }

  private static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let directory = slash == path.startIndex ? "/" : String(path[..<slash])
    return (directory, String(path[path.index(after: slash)...]))
  }

  package func write(_ bytes: some Sequence<UInt8>) throws(Failure) {
    switch target {
    case .file(let file): try file.write(bytes)
    case .stream(let descriptor): try OutputFile.write(Array(bytes), to: descriptor, path)
    }
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(Failure) {
    var position = 0
    while position < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + position, bytes.count - position)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Failure.system(path) }
      position += count
    }
  }

  /// The file is whole.
  package func finish() throws(Failure) {
    switch target {
    case .file(let file): try file.finishReplacing()
    case .stream: break
    }
  }

  deinit {
    if case .stream(let descriptor) = target { close(descriptor) }
  }
}
