import MartinetWire

/// The text forms of addresses: what is read, written and read again is the same.
enum TextInput {
  static func run(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    var wasRead = false
    if let address = IPAddress(parsing: text) {
      claim(IPAddress(parsing: address.description) == address, "an address survives its text: \(address.description)")
      wasRead = true
    }
    if let endpoint = Endpoint(parsing: text) {
      claim(Endpoint(parsing: endpoint.description) == endpoint, "an endpoint survives its text")
      wasRead = true
    }
    if let prefix = IPPrefix(parsing: text) {
      claim(IPPrefix(parsing: prefix.description) == prefix, "a prefix survives its text")
      wasRead = true
    }
    if let address = MACAddress(parsing: text) {
      claim(MACAddress(parsing: address.description) == address, "a hardware address survives its text")
      wasRead = true
    }
    return wasRead
  }
}

/// The checksum in one pass, in pieces, by the definition of RFC 1071, and by the update of RFC 1624.
enum ChecksumInput {
  static func run(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 4 else { return false }
    let cut = Int(bytes[0]) % bytes.count
    var pieces = Checksum()
    let (head, tail) = (Array(bytes.prefix(cut)), Array(bytes.dropFirst(cut)))
    pieces.add(head.span.bytes)
    pieces.add(tail.span.bytes)
    let whole = Checksum.of(bytes.span.bytes)
    claim(pieces.finish() == whole, "a sum of pieces is the sum of the whole")
    claim(whole == definition(bytes), "the sum is what RFC 1071 says")
    var changed = bytes
    let old = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
    store(old &+ 0x1357, at: 2, in: &changed)
    let updated = Checksum.update(whole, replacing: old, with: old &+ 0x1357)
    claim(updated == definition(changed), "an update gives the sum of what was changed")
    return true
  }

  private static func definition(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt64 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      let low: UInt8 = index + 1 < bytes.count ? bytes[index + 1] : 0
      sum += UInt64(bytes[index]) << 8 | UInt64(low)
    }
    while sum > 0xFFFF { sum = (sum >> 16) + (sum & 0xFFFF) }
    return ~UInt16(sum)
  }
}
