import CMartinetLinux
import Glibc
import MartinetTCP
import MartinetWire

/// A pcapng file that is being written, with a buffer in front of it. Used under the lock of its link.
struct CaptureFile: ~Copyable {
  /// What the buffer holds before it is written.
  private static let bufferSize = 1 << 16
  /// How long a packet waits in the buffer at most while others follow.
  private static let patience = Interval.seconds(1)

  private let descriptor: Int32
  private let path: String
  private var buffer: [UInt8] = []
  private var lastWrite = monotonicNow()
  /// Why the file could not be written; nothing more is written then.
  private(set) var failure: LinkError?

  /// Begins the file at `path`, over what was there.
  init(path: String, type: Pcapng.LinkType, name: String) throws(LinkError) {
    self.path = path
    descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw .captureNotWritable(path, reason: LinkError.text(of: errno)) }
    buffer.reserveCapacity(CaptureFile.bufferSize + 4096)
    Pcapng.appendSectionHeader(to: &buffer)
    Pcapng.appendInterface(type, name: name, to: &buffer)
    flush()
    if let failure { throw failure }
  }

  deinit {
    _ = Glibc.close(descriptor)
  }

  /// The time of a packet that comes or goes at this moment, in nanoseconds since 1970.
  static var time: UInt64 { UInt64(max(0, martinet_realtime_nanoseconds())) }

  mutating func record(_ departure: borrowing Departure, at time: UInt64) {
    Pcapng.append(departure, Pcapng.PacketNote(time: time, direction: .outbound), to: &buffer)
    writeWhenDue()
  }

  mutating func record(_ slot: ReceiveSlot, at time: UInt64) {
    let note = Pcapng.PacketNote(time: time, direction: .inbound)
    if slot.received <= slot.beginning.count && slot.duty == .complete {
      Pcapng.append(slot.beginning.bytes, note, to: &buffer)
    } else {
      var octets: [UInt8] = []
      octets.reserveCapacity(slot.received)
      slot.forEachRun { octets.append(contentsOf: $0) }
      if case .partial(let start, let offset) = slot.duty {
        octets.withMutableOctets(0..<octets.count) { Checksum.complete(&$0, start: start, offset: offset) }
      }
      Pcapng.append(octets.span.bytes, note, to: &buffer)
    }
    writeWhenDue()
  }

  private mutating func writeWhenDue() {
    let isFull = buffer.count >= CaptureFile.bufferSize
    if isFull || monotonicNow() - lastWrite >= CaptureFile.patience { flush() }
  }

  /// Writes the buffer out.
  mutating func flush() {
    var position = 0
    while position < buffer.count && failure == nil {
      let count = buffer.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + position, $0.count - position) }
      if count >= 0 {
        position += count
      } else if errno != EINTR {
        failure = .captureNotWritable(path, reason: LinkError.text(of: errno))
      }
    }
    buffer.removeAll(keepingCapacity: true)
    lastWrite = monotonicNow()
  }
}
