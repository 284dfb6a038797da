import Glibc

/// Why a command failed, in one line for standard error, and the exit status that goes with it.
package struct Failure: Error, CustomStringConvertible {
  package let message: String
  package let status: Int32

  package init(_ message: String, status: Int32 = 1) {
    self.message = message
    self.status = status
  }

  /// What a system call says of `path`: "photo.jpg: no such file or directory".
  package static func system(_ subject: String, _ code: Int32 = errno) -> Failure {
    Failure("\(subject): \(reason(code))")
  }

  /// The system's words for an error number, in lower case as the middle of a sentence.
  package static func reason(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    let words = String(cString: text)
    return words.prefix(1).lowercased() + words.dropFirst()
  }

  package var description: String { message }
}
