import MartinetStack
import MartinetWire
import Synchronization

/// A link whose packets are recorded in a pcapng file as they pass, with the time of day and the direction of each.
///
/// A checksum that is left to the link is complete in the file. Packets are recorded in the order in which they cross: a write is recorded before
/// anything that answers it.
public final class CapturedLink: Link {
  private let link: any Link
  private let file: Mutex<CaptureFile>

  /// Records the packets of `link` in a file at `path`, which replaces what is there.
  /// - Throws: ``LinkError/captureNotWritable(_:reason:)``.
  public init(_ link: any Link, path: String) throws(LinkError) {
    self.link = link
    let isEthernet = if case .ethernet = link.description.kind { true } else { false }
    let file = try CaptureFile(path: path, type: isEthernet ? .ethernet : .ip, name: link.description.name.text)
    self.file = Mutex(file)
  }

  deinit { close() }

  public var descriptor: Int32 { link.descriptor }
  public var description: LinkDescription { link.description }
  public var statistics: LinkStatistics { link.statistics }
  /// Why the file is incomplete; nil while all is well.
  public var captureFailure: LinkError? { file.withLock { $0.failure } }

  public func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {
    try link.attach(addresses, gateways: gateways)
  }

  public var holdsPackets: Bool { link.holdsPackets }

  public func read(into batch: ReceiveBatch) throws(LinkError) -> Int {
    let number = try link.read(into: batch)
    if number > 0 {
      file.withLock { file in
        let time = CaptureFile.time
        for index in 0..<number { file.record(batch.slots[index], at: time) }
      }
    }
    return number
  }

  public func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite {
    let outcome = file.withLock { file in
      Result { () throws(LinkError) in
        let time = CaptureFile.time
        let outcome = try link.write(departure)
        if outcome != .wouldBlock { file.record(departure, at: time) }
        return outcome
      }
    }
    return try outcome.get()
  }

  public func write(_ batch: DepartureBatch, _ range: Range<Int>) throws(LinkError) -> Int {
    let outcome = file.withLock { file in
      Result { () throws(LinkError) in
        let time = CaptureFile.time
        let number = try link.write(batch, range)
        for index in range.prefix(number) {
          batch.withDeparture(index) { departure in file.record(departure, at: time) }
        }
        return number
      }
    }
    return try outcome.get()
  }

  public func endOffload() { link.endOffload() }

  public func flush() {
    file.withLock { $0.flush() }
    link.flush()
  }

  public func close() {
    flush()
    link.close()
  }
}
