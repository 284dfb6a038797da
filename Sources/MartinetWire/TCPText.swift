extension TCPHeader {
  /// The header in one line, without its payload.
  ///
  /// For example `49152 > 80 SYN seq 1000 win 65535 <mss 1460, sack permitted, ts 7 0, scale 7>`.
  public var line: String { line(payload: nil) }

  /// The header in one line with the octets of its payload.
  public func line(payload: Int) -> String { line(payload: Optional(payload)) }

  private func line(payload: Int?) -> String {
    var writer = TextWriter()
    writer.write(decimal: UInt32(sourcePort))
    writer.write(" > ")
    writer.write(decimal: UInt32(destinationPort))
    writer.write(" ")
    writer.write(flags)
    writer.write(" seq ")
    writer.write(decimal: sequence.rawValue)
    if isACK {
      writer.write(" ack ")
      writer.write(decimal: acknowledgement.rawValue)
    }
    writer.write(" win ")
    writer.write(decimal: UInt32(window))
    if flags.contains(.urg) {
      writer.write(" urg ")
      writer.write(decimal: UInt32(urgentPointer))
    }
    if !options.present.isEmpty {
      writer.write(" <")
      writer.write(options)
      writer.write(">")
    }
    if let payload {
      writer.write(" len ")
      writer.write(decimal: UInt32(clamping: payload))
    }
    return writer.text
  }
}

extension TCPFlags: CustomStringConvertible {
  /// The names of the bits with commas between them, in the order in which one reads them aloud; `none` if there are none.
  public var description: String {
    var writer = TextWriter()
    writer.write(self)
    return writer.text
  }
}

extension TCPOptions: CustomStringConvertible {
  public var description: String {
    var writer = TextWriter()
    writer.write(self)
    return writer.text
  }
}

extension TextWriter {
  mutating func write(_ flags: TCPFlags) {
    if flags.isEmpty {
      write("none")
      return
    }
    var isFirst = true
    write(flags, .syn, "SYN", &isFirst)
    write(flags, .fin, "FIN", &isFirst)
    write(flags, .rst, "RST", &isFirst)
    write(flags, .psh, "PSH", &isFirst)
    write(flags, .ack, "ACK", &isFirst)
    write(flags, .urg, "URG", &isFirst)
    write(flags, .ece, "ECE", &isFirst)
    write(flags, .cwr, "CWR", &isFirst)
    write(flags, .ae, "AE", &isFirst)
  }

  private mutating func write(_ flags: TCPFlags, _ flag: TCPFlags, _ name: String, _ isFirst: inout Bool) {
    guard flags.contains(flag) else { return }
    if !isFirst { write(",") }
    write(name)
    isFirst = false
  }

  /// The options with commas between them.
  mutating func write(_ options: TCPOptions) {
    var isFirst = true
    if begin(options, .maximumSegmentSize, "mss ", &isFirst) { write(decimal: UInt32(options.maximumSegmentSize)) }
    _ = begin(options, .sackPermitted, "sack permitted", &isFirst)
    if begin(options, .timestamps, "ts ", &isFirst) {
      write(decimal: options.timestamps.value)
      write(" ")
      write(decimal: options.timestamps.echo)
    }
    if begin(options, .windowScale, "scale ", &isFirst) { write(decimal: UInt32(options.windowScale.shift)) }
    if begin(options, .sack, "sack", &isFirst) { writeBlocks(options) }
    if begin(options, .userTimeout, "user timeout ", &isFirst) {
      write(decimal: UInt32(options.userTimeout.value))
      write(options.userTimeout.inMinutes ? " min" : " s")
    }
    if begin(options, .fastOpen, "fast open ", &isFirst) {
      if options.fastOpenCookie.count == 0 { write("request") }
      for index in 0..<Int(min(options.fastOpenCookie.count, 16)) {
        write(hexadecimal: UInt32(options.fastOpenCookie.bytes[index]), digits: 2)
      }
    }
    if begin(options, .accurateECN, "accecn", &isFirst) { write(options.accurateECN) }
  }

  /// Writes what stands before the value of an option; false if the option is not there.
  private mutating func begin(
    _ options: TCPOptions, _ option: TCPOptions.Presence, _ name: String, _ isFirst: inout Bool
  ) -> Bool {
    guard options.has(option) else { return false }
    if !isFirst { write(", ") }
    write(name)
    isFirst = false
    return true
  }

  private mutating func writeBlocks(_ options: TCPOptions) {
    for index in 0..<Int(min(options.sackCount, 4)) {
      write(" ")
      write(decimal: options.sackBlocks[index].lower.rawValue)
      write(":")
      write(decimal: options.sackBlocks[index].upper.rawValue)
    }
  }

  private mutating func write(_ counters: AccurateECNCounters) {
    if let bytes = counters.ect0Bytes {
      write(" e0b ")
      write(decimal: bytes)
    }
    if let bytes = counters.ceBytes {
      write(" ceb ")
      write(decimal: bytes)
    }
    if let bytes = counters.ect1Bytes {
      write(" e1b ")
      write(decimal: bytes)
    }
  }
}
