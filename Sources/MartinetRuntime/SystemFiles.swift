import CMartinetLinux
import Glibc

/// Why a file could not be read.
package enum SystemFileError: Error, Equatable, CustomStringConvertible {
  case tooLarge
  /// The error number of the system.
  case system(Int32)

  package var description: String {
    switch self {
    case .tooLarge: "the file is larger than \(SystemFiles.largestFile) octets"
    case .system(let number): "can't be read (error \(number))"
    }
  }
}

/// The small files in which an operating system keeps what it is set up with.
package enum SystemFiles {
  /// The most octets of a file that is read.
  package static let largestFile = 1 << 20

  /// The octets of a file; nil if there is none of that name.
  package static func contents(of path: String) throws(SystemFileError) -> [UInt8]? {
    var result: Int32 = 0
    let octets = [UInt8](unsafeUninitializedCapacity: largestFile + 1) { room, count in
      result = martinet_file_read(path, room.baseAddress, room.count)
      count = max(0, Int(result))
    }
    if result == -ENOENT { return nil }
    guard result >= 0 else { throw .system(-result) }
    guard octets.count <= largestFile else { throw .tooLarge }
    return octets
  }
}
