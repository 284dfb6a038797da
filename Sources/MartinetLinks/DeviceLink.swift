import CMartinetLinux
import Glibc
import MartinetStack
import MartinetWire
import Synchronization

/// A TUN or TAP device of Linux: the kernel's own stack is at the other end.
public final class DeviceLink: Link {
  public enum Kind: String, Sendable {
    /// Bare IP packets.
    case tun
    /// Ethernet frames.
    case tap
  }

  public let descriptor: Int32
  public let description: LinkDescription
  private let name: String
  private let counters = LinkCounters()
  /// Whether a vnet header stands before each packet.
  let hasOffload: Bool
  /// The octets before an IP header.
  private let frameHeader: Int
  /// nil after ``close()``.
  private let kernel: Mutex<KernelSide?>

  /// Opens device `name`, which is created when there is none; it vanishes with the link unless it was there before.
  /// - Parameters:
  ///   - mtu: the largest IP packet in octets; nil leaves the device's own, which for a new device is 1500.
  ///   - offload: whether kernel and host leave checksums and the cutting of TCP into segments to each other, so that up to 64 KiB cross at
  ///     once; nil: where the kernel offers it.
  /// - Throws: ``LinkError/offloadNotOffered(_:)`` if offload is demanded and the kernel has none, and others.
  public convenience init(
    _ kind: Kind, name: String, mtu: Int? = nil, offload: Bool? = nil
  ) throws(LinkError) {
    try self.init(kind, name: name, mtu: mtu, offload: offload, isOneOfSeveral: false, address: DeviceLink.newAddress())
  }

  /// - Parameters:
  ///   - isOneOfSeveral: whether the link is one queue of several that the device has.
  ///   - address: the host's on a TAP device.
  init(
    _ kind: Kind, name: String, mtu: Int?, offload: Bool?, isOneOfSeveral: Bool, address: MACAddress
  ) throws(LinkError) {
    var agreed: Int32 = offload == false ? 0 : 1
    let opened = martinet_device_open(name, kind == .tap ? 1 : 0, isOneOfSeveral ? 1 : 0, &agreed)
    if opened < 0 { throw DeviceLink.explain(-opened, kind, name, isOneOfSeveral: isOneOfSeveral) }
    hasOffload = agreed != 0
    frameHeader = kind == .tap ? EthernetHeader.minimumLength : 0
    do throws(LinkError) {
      if offload == true && !hasOffload { throw .offloadNotOffered(name) }
      let side = try KernelSide(name: name)
      let settled = try side.settleMTU(mtu)
      var offer = LinkDescription(name: InterfaceName(name), mtu: settled)
      if kind == .tap { offer.kind = .ethernet(address) }
      offer.isPointToPoint = kind == .tun
      offer.vouchesForChecksums = hasOffload
      offer.completesChecksums = hasOffload
      offer.bringsTrains = hasOffload
      // The host leaves room for headers.
      offer.maximumTrain = hasOffload ? 65535 : 0
      description = offer
      kernel = Mutex(side)
    } catch {
      _ = Glibc.close(opened)
      throw error
    }
    descriptor = opened
    self.name = name
  }

  deinit { close() }

  public var statistics: LinkStatistics { counters.snapshot }

  public func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {
    try requireMTU(for: addresses)
    let ours = addresses.map(\.address)
    let failure: LinkError? = kernel.withLock { side in
      do throws(LinkError) {
        try side?.setUp()
        for prefix in addresses { try side?.reach(prefix, ours: ours) }
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  public func read(into batch: ReceiveBatch) throws(LinkError) -> Int {
    if batch.reserved == 0 {
      counters.count(.noMemory, DiscardedReads.drain(descriptor))
      return 0
    }
    var number = 0
    var octets = 0
    while batch.takesMore(number, octets: octets) {
      let slot = batch.slots[number]
      let count = read(into: slot)
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EAGAIN { break }
        throw errno == EBADFD || errno == ENODEV ? .gone(name) : .system("read from \(name)", code: errno)
      }
      if count == 0 { break }
      if !hasOffload {
        slot.arrived(count)
      } else if !slot.arrived(withHeader: count, frameHeader: frameHeader) {
        counters.count(.malformed)
        continue
      }
      octets += slot.received
      number += 1
    }
    batch.finish(number, octets: octets)
    counters.countRead(packets: number, octets: octets)
    return number
  }

  private func read(into slot: ReceiveSlot) -> Int {
    hasOffload
      ? readv(descriptor, slot.vectors, Int32(slot.vectorCount))
      : slot.vectorCount == 2
        ? Glibc.read(descriptor, slot.vectors[1].iov_base, slot.vectors[1].iov_len)
        : readv(descriptor, slot.vectors + 1, Int32(slot.vectorCount - 1))
  }

  public func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite {
    let size = departure.count
    let code = hasOffload ? writeWithHeader(departure) : departure.withPieces { write($0) }
    switch code {
    case 0:
      counters.countWritten(octets: size)
      return .done
    case EAGAIN:
      return .wouldBlock
    case EBADFD, ENODEV:
      throw .gone(name)
    case EINVAL, EMSGSIZE:
      counters.count(.malformed)
      return .dropped(.malformed)
    default:
      counters.count(.system)
      return .dropped(.system)
    }
  }

  private func writeWithHeader(_ departure: borrowing Departure) -> Int32 {
    guard var header = martinet_vnet_header(for: departure, frameHeader: frameHeader) else { return EINVAL }
    return withUnsafeMutableBytes(of: &header) { octets in
      departure.withPieces(behind: octets) { write($0) }
    }
  }

  /// Room to put a small packet together before it is written: that takes less time than the system's look at its pieces.
  private typealias Gathered = InlineArray<2048, UInt8>

  /// Returns 0 or the error's number.
  private func write(_ pieces: UnsafeMutableBufferPointer<iovec>) -> Int32 {
    let size = pieces.reduce(0) { $0 + $1.iov_len }
    guard size <= Gathered.count else {
      return repeating { writev(descriptor, pieces.baseAddress, Int32(pieces.count)) }
    }
    var packet = Gathered(repeating: 0)
    var room = packet.mutableSpan
    return room.withUnsafeMutableBytes { packet in
      var position = 0
      for piece in pieces {
        let octets = UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len)
        UnsafeMutableRawBufferPointer(rebasing: packet[position...]).copyMemory(from: octets)
        position += octets.count
      }
      return repeating { Glibc.write(descriptor, packet.baseAddress, size) }
    }
  }

  /// Calls the system until no signal interrupts it; returns 0 or the error's number.
  private func repeating(_ call: () -> Int) -> Int32 {
    while call() < 0 {
      if errno != EINTR { return errno }
    }
    return 0
  }

  public func endOffload() {
    if hasOffload { martinet_device_end_offload(descriptor) }
  }

  public func close() {
    kernel.withLock { side in
      guard side != nil else { return }
      // Whoever opens a device that stays finds it as it was.
      endOffload()
      side?.takeBack()
      side = nil
      _ = Glibc.close(descriptor)
    }
  }

  private static func explain(_ code: Int32, _ kind: Kind, _ name: String, isOneOfSeveral: Bool) -> LinkError {
    switch code {
    case ENOENT, ENXIO, ENODEV: .noDeviceDriver
    case EPERM, EACCES: .deviceNotPermitted(name)
    case EBUSY: .deviceBusy(name)
    case EINVAL: .deviceOfAnotherKind(name, wanted: kind.rawValue + (isOneOfSeveral ? " with several queues" : ""))
    default: .system("open device \(name)", code: code)
    }
  }

  /// A random Ethernet address of our own making: the locally-administered bit set, no group.
  static func newAddress() -> MACAddress {
    var random: UInt64 = 0
    _ = martinet_random(&random, MemoryLayout<UInt64>.size)
    return MACAddress(random & ~(1 << 40) | 1 << 41)
  }
}
