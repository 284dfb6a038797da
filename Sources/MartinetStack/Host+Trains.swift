import MartinetTCP
import MartinetWire

/// A train on its way out over a link that takes single packets only.
struct OutgoingTrain: ~Copyable {
  /// The whole: IP and TCP header, and the payload pinned.
  var whole = Departure()
  var cursor = TrainCursor()
  var source = IPAddress.v4(.any)
  var destination = IPAddress.v4(.any)
  /// The sum of the pseudo-header but for the length.
  var pseudoHeader = Checksum()
  var etherType: UInt16 = 0
  var hardwareAddress = MACAddress.none
  /// Whether packets of it are still to leave.
  var isLeaving = false
}

// Trains for links that take none: connections make them, and they are cut here.
extension Host {
  /// Whether the host cuts the train in `departure`, because the link by which it leaves does not.
  func isCutHere(_ departure: borrowing Departure, by interface: UInt16) -> Bool {
    interface != loopbackInterface && departure.payloadCount > departure.segmentSize
      && interfaces.all[Int(interface)].link.maximumTrain == 0
  }

  /// Lets a segment of a connection leave by its link, or the first packet of a train that the link does not take.
  mutating func leave(
    _ departure: inout Departure, _ slot: UInt32, by interface: UInt16, etherType: UInt16, to address: MACAddress
  ) {
    guard departure.segmentSize > 0, isCutHere(departure, by: interface) else {
      depart(&departure, by: interface, etherType: etherType, to: address)
      return
    }
    departure.interface = interface
    swap(&departure, &train.whole)
    train.whole.prepareForCutting()
    train.cursor = TrainCursor()
    train.source = connections[slot].flow.local.address
    train.destination = connections[slot].flow.remote.address
    train.pseudoHeader = Checksum()
    train.pseudoHeader.addPseudoHeader(
      source: train.source, destination: train.destination, protocolNumber: IPProtocol.tcp, length: 0)
    train.etherType = etherType
    train.hardwareAddress = address
    train.isLeaving = true
    departNext(into: &departure)
  }

  /// Makes `departure` the next packet of the train.
  mutating func departNext(into departure: inout Departure) {
    departure.cut(from: train.whole, &train.cursor, in: &environment.pool)
    let interface = train.whole.interface
    if interfaces.all[Int(interface)].link.completesChecksums {
      departure.deferTransportChecksum(
        source: train.source, destination: train.destination, protocolNumber: IPProtocol.tcp)
    } else {
      departure.completeSegmentChecksum(behind: train.pseudoHeader)
    }
    depart(&departure, by: interface, etherType: train.etherType, to: train.hardwareAddress)
    if train.cursor.offset == train.whole.payloadCount {
      train.isLeaving = false
      train.whole.release(to: &environment.pool)
    }
  }
}
