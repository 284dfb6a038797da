import Crypto

/// A SHA-256 sum over octets that come in pieces.
package struct Digest {
  private var hash = SHA256()

  package init() {}

  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    hash.update(bufferPointer: bytes)
  }

  /// The sum of everything so far, in hexadecimal.
  package var text: String {
    hash.finalize().map { FieldReader.hexadecimal(UInt64($0), digits: 2) }.joined()
  }
}
