import MartinetWire

/// What is known of a connection beside the packet that is taken apart.
package struct UnfoldContext: Sendable {
  /// The sequence number of the SYN that the packet's sender sent; nil if nobody saw it.
  package var origin: UInt32?
  /// The same of the side that the packet goes to.
  package var peerOrigin: UInt32?
  /// By how many bits the window field counts for more than it says; nil where it is not known.
  package var windowShift: Int?
  package init(origin: UInt32? = nil, peerOrigin: UInt32? = nil, windowShift: Int? = nil) {
    self.origin = origin
    self.peerOrigin = peerOrigin
    self.windowShift = windowShift
  }
}

/// Takes a packet apart into what nests in what. It reads any octets: what is missing ends the layer with a remark.
package struct Dissection {
  let context: UnfoldContext

  /// A packet that begins with its IP header.
  package static func packet(_ octets: [UInt8], in context: UnfoldContext = UnfoldContext()) -> Layer {
    Dissection(context: context).internet(octets[...])
  }

  /// A frame that begins with its Ethernet header.
  package static func frame(_ octets: [UInt8], in context: UnfoldContext = UnfoldContext()) -> Layer {
    Dissection(context: context).ethernet(octets[...])
  }

  // MARK: Frame

  private func ethernet(_ octets: ArraySlice<UInt8>) -> Layer {
    var reader = FieldReader(octets)
    reader.takeOctets("destination", 6) { Dissection.mac($0) }
    reader.takeOctets("source", 6) { Dissection.mac($0) }
    var type = reader.take("type", 16, .hexadecimal, Dissection.etherType)
    while type == 0x8100 && !reader.isCutShort {
      reader.take("VLAN priority", 3)
      reader.take("drop eligible", 1, .flag)
      reader.take("VLAN", 12)
      type = reader.take("type", 16, .hexadecimal, Dissection.etherType)
    }
    var layer = finished("frame (trame): Ethernet II", reader)
    guard !reader.isCutShort else { return layer }
    switch type {
    case 0x0800, 0x86DD: layer.inner = [internet(reader.rest)]
    default: layer.inner = data("payload", reader.rest)
    }
    return layer
  }

  private static func etherType(_ type: UInt64) -> String {
    switch type {
    case 0x0800: "IPv4"
    case 0x0806: "ARP"
    case 0x8100: "VLAN tag"
    case 0x86DD: "IPv6"
    default: ""
    }
  }

  private static func mac(_ octets: ArraySlice<UInt8>) -> String {
    octets.map { FieldReader.hexadecimal(UInt64($0), digits: 2) }.joined(separator: ":")
  }

  // MARK: Shared

  /// A layer of the fields that were read, with a remark if octets were missing.
  func finished(_ title: String, _ reader: FieldReader) -> Layer {
    let size = Figures.counted(reader.octets.count, "octet")
    return Layer(
      title: title + ", " + size + (reader.isCutShort ? ", cut short" : ""), fields: reader.fields)
  }

  /// Octets without fields; nothing if there are none.
  func data(_ title: String, _ octets: ArraySlice<UInt8>) -> [Layer] {
    guard !octets.isEmpty else { return [] }
    let size = Figures.counted(octets.count, "octet")
    return [Layer(title: title + ", " + size, octets: Array(octets.prefix(64)), octetCount: octets.count)]
  }

  /// What a checksum field says about the octets that it covers.
  static func verdict(_ sum: Checksum) -> String {
    sum.finish() == 0 ? "correct" : "wrong"
  }
}

extension Checksum {
  /// Adds octets of an array.
  mutating func add(_ octets: ArraySlice<UInt8>) {
    octets.withUnsafeBytes { add($0.bytes) }
  }
}
