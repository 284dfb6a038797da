/// The options of IPv4 headers (RFC 791 section 3.1), which are checked and not used.
enum IPv4Options {
  private static let endOfList: UInt8 = 0
  private static let noOperation: UInt8 = 1
  private static let recordRoute: UInt8 = 7
  private static let timestamp: UInt8 = 68
  private static let looseSourceRoute: UInt8 = 131
  private static let strictSourceRoute: UInt8 = 137

  /// Checks lengths and pointers of the options of a whole header; whether one of them asks for source routing.
  static func check(_ header: RawSpan) throws(WireError) -> Bool {
    var hasSourceRoute = false
    var position = IPv4Header.minimumLength
    while position < header.byteCount {
      let kind = header.uint8(at: position)
      if kind == endOfList { break }
      if kind == noOperation {
        position += 1
        continue
      }
      guard position + 1 < header.byteCount else { throw .option }
      let length = Int(header.uint8(at: position + 1))
      guard length >= 2 && length <= header.byteCount - position else { throw .option }
      switch kind {
      case recordRoute, looseSourceRoute, strictSourceRoute:
        // The pointer counts from the option's first octet as 1; the first address is behind it at 4.
        guard length >= 3, header.uint8(at: position + 2) >= 4 else { throw .option }
        if kind != recordRoute { hasSourceRoute = true }
      case timestamp:
        guard length >= 4, header.uint8(at: position + 2) >= 5 else { throw .option }
      default:
        break
      }
      position += length
    }
    return hasSourceRoute
  }
}
