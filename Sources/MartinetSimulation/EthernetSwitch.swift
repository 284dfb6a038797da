import MartinetWire

/// A learning switch: it remembers behind which port an address was last seen, and floods what it does not know.
struct EthernetSwitch {
  /// The channel that each port sends into.
  var channels: [Int] = []
  private var addresses: [(address: MACAddress, port: Int)] = []
  /// The most addresses it remembers; those beyond are flooded.
  let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
  }

  mutating func learn(_ address: MACAddress, on port: Int) {
    guard !address.isGroup else { return }
    for index in addresses.indices where addresses[index].address == address {
      addresses[index].port = port
      return
    }
    if addresses.count < capacity { addresses.append((address, port)) }
  }

  /// The port behind which `address` lives; nil if every port but the one it came from is to get the frame.
  func port(of address: MACAddress) -> Int? {
    guard !address.isGroup else { return nil }
    for entry in addresses where entry.address == address { return entry.port }
    return nil
  }
}
