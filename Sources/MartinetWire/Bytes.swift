// Numbers in network byte order. The loads are spelled "unsafe" because RawSpan has no other, but each checks its bounds
// and yields a type for which every bit pattern is a value.

extension RawSpan {
  /// The octet at `offset`, which must be inside.
  @inlinable
  public func uint8(at offset: Int) -> UInt8 {
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
  }

  /// The 16-bit number, most significant octet first, at `offset`; its octets must be inside.
  @inlinable
  public func uint16(at offset: Int) -> UInt16 {
    UInt16(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// The 32-bit number, most significant octet first, at `offset`; its octets must be inside.
  @inlinable
  public func uint32(at offset: Int) -> UInt32 {
    UInt32(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The 64-bit number, most significant octet first, at `offset`; its octets must be inside.
  @inlinable
  public func uint64(at offset: Int) -> UInt64 {
    UInt64(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

extension MutableRawSpan {
  /// Writes an octet at `offset`, which must be inside.
  @inlinable
  public mutating func store(_ value: UInt8, at offset: Int) {
    storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
  }

  /// Writes a number at `offset`, most significant octet first; its octets must be inside.
  @inlinable
  public mutating func store(_ value: UInt16, at offset: Int) {
    storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
  }

  /// Writes a number at `offset`, most significant octet first; its octets must be inside.
  @inlinable
  public mutating func store(_ value: UInt32, at offset: Int) {
    storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
  }

  /// Writes a number at `offset`, most significant octet first; its octets must be inside.
  @inlinable
  public mutating func store(_ value: UInt64, at offset: Int) {
    storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
  }
}

extension [UInt8] {
  /// Appends a copy of `bytes`.
  public mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }
}
