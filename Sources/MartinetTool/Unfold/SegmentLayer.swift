import MartinetWire

/// The segment: TCP (RFC 9293 section 3.1) with each of its options.
extension Dissection {
  func segment(_ octets: ArraySlice<UInt8>, _ addresses: Checksummed) -> Layer {
    var reader = FieldReader(octets)
    reader.take("source port", 16) { _ in "the program that sends" }
    reader.take("destination port", 16) { _ in "the program that is to get it" }
    let sequence = UInt32(reader.take("sequence number", 32) { relative(UInt32($0), to: context.origin) })
    reader.take("acknowledgement", 32) { "next awaited: " + relative(UInt32($0), to: context.peerOrigin) }
    let words = reader.take("data offset", 4) { "words of 32 bits: \($0 * 4) octets of header" }
    let headerLength = Int(words) * 4
    reader.take("reserved", 3, .decimal) { $0 == 0 ? "" : "must be zero" }
    let flags = takeFlags(&reader)
    reader.take("window", 16) { window($0, isSYN: flags.contains(.syn)) }
    reader.take("checksum", 16, .hexadecimal) { _ in addresses.verdict(octets, IPProtocol.tcp) }
    reader.take("urgent pointer", 16) {
      flags.contains(.urg) ? "urgent data ends before octet \($0) from here" : "without meaning, URG is not set"
    }
    var layer = finished("segment: TCP, RFC 9293", reader)
    guard !reader.isCutShort, headerLength >= 20, headerLength <= octets.count else { return layer }
    let payload = octets.dropFirst(headerLength)
    layer.inner = options(reader.rest.prefix(headerLength - 20)) + data(dataTitle(sequence), payload)
    return layer
  }

  private func takeFlags(_ reader: inout FieldReader) -> TCPFlags {
    let meanings: [(name: String, flag: TCPFlags, meaning: String)] = [
      ("AE", .ae, "accurate ECN"), ("CWR", .cwr, "the congestion window was reduced"),
      ("ECE", .ece, "congestion was experienced"), ("URG", .urg, "the urgent pointer counts"),
      ("ACK", .ack, "the acknowledgement counts"), ("PSH", .psh, "hand the data to the program"),
      ("RST", .rst, "the connection is over at once"), ("SYN", .syn, "numbers begin here: open"),
      ("FIN", .fin, "no data will follow: close"),
    ]
    var flags: TCPFlags = []
    for (name, flag, meaning) in meanings {
      if reader.take(name, 1, .flag, { $0 == 1 ? meaning : "" }) == 1 { flags.insert(flag) }
    }
    return flags
  }

  private func relative(_ number: UInt32, to origin: UInt32?) -> String {
    guard let origin else { return "octet of the stream" }
    let distance = number &- origin
    return distance == 0 ? "the SYN: octet 0 of the stream" : "octet \(distance) of the stream"
  }

  private func window(_ value: UInt64, isSYN: Bool) -> String {
    if isSYN { return "\(value) octets may be sent (never scaled in a SYN)" }
    guard let shift = context.windowShift else { return "octets that may be sent, not yet scaled" }
    return "scaled by \(shift) bits: \(value << UInt64(shift)) octets may be sent"
  }

  private func dataTitle(_ sequence: UInt32) -> String {
    guard let origin = context.origin else { return "data" }
    return "data from octet \(sequence &- origin) of the stream"
  }

  // MARK: Options

  private func options(_ octets: ArraySlice<UInt8>) -> [Layer] {
    var layers: [Layer] = []
    var rest = octets
    while let kind = rest.first {
      var reader = FieldReader(rest)
      reader.take("kind", 8)
      if kind == TCPOptionKind.endOfList || kind == TCPOptionKind.noOperation {
        let title = kind == TCPOptionKind.endOfList ? "option: end of the list" : "option: no operation, fills up"
        layers.append(Layer(title: title, fields: reader.fields))
        if kind == TCPOptionKind.endOfList { break }
        rest = rest.dropFirst()
        continue
      }
      let length = Int(rest.dropFirst().first ?? 0)
      guard length >= 2, length <= rest.count else {
        layers += data("option that is cut short", rest)
        break
      }
      reader = FieldReader(rest.prefix(length))
      reader.take("kind", 8)
      reader.take("length", 8) { _ in "octets of this option" }
      layers.append(option(kind, &reader))
      rest = rest.dropFirst(length)
    }
    return layers
  }

  private func option(_ kind: UInt8, _ reader: inout FieldReader) -> Layer {
    var title: String
    switch kind {
    case TCPOptionKind.maximumSegmentSize:
      title = "maximum segment size"
      reader.take("size", 16) { _ in "octets of data that a segment may bring" }
    case TCPOptionKind.windowScale:
      title = "window scale"
      reader.take("shift", 8) { "windows count for \(1 << min($0, 14)) times as much" }
    case TCPOptionKind.sackPermitted:
      title = "selective acknowledgement permitted"
    case TCPOptionKind.sack:
      title = "selective acknowledgement"
      while reader.rest.count >= 8 {
        reader.take("left edge", 32) { "held from " + relative(UInt32($0), to: context.peerOrigin) }
        reader.take("right edge", 32) { "held up to " + relative(UInt32($0), to: context.peerOrigin) }
      }
    case TCPOptionKind.timestamps:
      title = "timestamps"
      reader.take("value", 32) { _ in "the sender's clock" }
      reader.take("echo", 32) { _ in "the clock value that it answers" }
    case TCPOptionKind.userTimeout:
      title = "user timeout"
      let unit = reader.take("granularity", 1) { $0 == 1 ? "minutes" : "seconds" }
      reader.take("timeout", 15) { _ in unit == 1 ? "minutes" : "seconds" }
    default:
      title = "kind \(kind)"
    }
    if !reader.rest.isEmpty { reader.takeOctets("value", reader.rest.count) { "\($0.count) octets" } }
    return Layer(title: "option: " + title, fields: reader.fields)
  }
}
