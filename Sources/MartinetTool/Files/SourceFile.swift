import Glibc

/// Where the octets of a transfer come from: a file, or a seed.
package final class SourceFile {
  private enum Origin {
    case descriptor(Int32)
    case seed(SeededOctets, remaining: Int)
  }

  private var origin: Origin
  package let name: String
  /// The octets that it has; nil for what has no size, such as a pipe.
  package let size: Int?

  /// Opens the file at `path` for reading.
  package init(path: String) throws(Failure) {
    name = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? Failure("\(path): no such file") : Failure.system(path)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw Failure("\(path): is a directory")
    }
    size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    origin = .descriptor(descriptor)
  }

  /// Octets that follow from `seed` alone.
  package init(seed: UInt64, size: Int) {
    name = "seed \(seed)"
    self.size = size
    origin = .seed(SeededOctets(seed: seed), remaining: size)
  }

  /// Reads the next octets into `buffer`; 0 at the end.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    switch origin {
    case .descriptor(let descriptor):
      while true {
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count >= 0 { return count }
        guard errno == EINTR else { throw Failure.system(name) }
      }
    case .seed(var octets, let remaining):
      let count = min(remaining, buffer.count)
      octets.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
      origin = .seed(octets, remaining: remaining - count)
      return count
    }
  }

  deinit {
    if case .descriptor(let descriptor) = origin { close(descriptor) }
  }
}

/// An endless text that follows from a seed, the same in every process (SplitMix64): lines of 63 letters and digits. It is text so
/// that a reader of packets sees where data begin, and that no analyser takes them for the messages of some protocol.
package struct SeededOctets {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-".utf8)
  private static let lineLength = 64

  private var state: UInt64
  private var word: UInt64 = 0
  private var left = 0
  private var column = 0

  package init(seed: UInt64) {
    state = seed
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  /// Fills `buffer` with the next octets; how they are cut into buffers does not change them.
  package mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    SeededOctets.alphabet.withUnsafeBufferPointer { alphabet in
      for index in buffer.indices {
        column += 1
        if column == SeededOctets.lineLength {
          column = 0
          buffer[index] = UInt8(ascii: "\n")
          continue
        }
        if left == 0 {
          word = next()
          left = 10
        }
        buffer[index] = alphabet[Int(word & 63)]
        word >>= 6
        left -= 1
      }
    }
  }
}
