import MartinetWire

/// State that a connection needs at times only: on the heap, made when it is first changed, and given back by ``drop()`` or ``drop(into:)``.
///
/// The end of it is inlinable, since Embedded Swift destroys a record where it stands, in another module.
@safe @frozen @usableFromInline
struct Part<Value: ~Copyable>: ~Copyable {
  @usableFromInline var pointer: UnsafeMutablePointer<Value>?

  init() { unsafe pointer = nil }

  @inlinable
  deinit {
    if let pointer = unsafe pointer {
      unsafe pointer.deinitialize(count: 1)
      unsafe pointer.deallocate()
    }
  }

  var isPresent: Bool { unsafe pointer != nil }

  /// Makes it, where it is absent.
  mutating func make(_ value: consuming Value) {
    precondition(!isPresent, "a part is made twice")
    let place = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    unsafe place.initialize(to: value)
    unsafe pointer = unsafe place
  }

  /// Makes it of `fresh`; or, in a place that another connection has given back, lets `renew` begin anew with what stands there: a large part is then not
  /// copied from place to place, and keeps its memory.
  @inline(__always)
  mutating func make(from spares: inout SpareParts<Value>, _ fresh: () -> Value, renew: (inout Value) -> Void) {
    guard let place = unsafe spares.take() else {
      make(fresh())
      return
    }
    precondition(!isPresent, "a part is made twice")
    unsafe renew(&place.pointee)
    unsafe pointer = unsafe place
  }

  /// Gives it back, so that the next one is made in its place.
  mutating func drop(into spares: inout SpareParts<Value>) {
    guard let place = unsafe pointer else { return }
    if unsafe spares.keep(place) { unsafe pointer = nil } else { drop() }
  }

  mutating func drop() {
    guard let place = unsafe pointer else { return }
    unsafe place.deinitialize(count: 1)
    unsafe place.deallocate()
    unsafe pointer = nil
  }

  /// Where the value is, or where `fallback` has one to read.
  @unsafe @inline(__always)
  func address(or fallback: borrowing Part<Value>) -> UnsafePointer<Value> {
    if let place = unsafe pointer { return unsafe UnsafePointer(place) }
    return unsafe UnsafePointer(fallback.mutableAddress)
  }

  /// Where the value is, which must be there.
  @unsafe @inline(__always)
  var mutableAddress: UnsafeMutablePointer<Value> {
    guard let place = unsafe pointer else { preconditionFailure("a part is used that is not there") }
    return unsafe place
  }
}

/// A value that many hold and nobody changes. Its count of holders belongs to the lock of their host.
@safe @frozen @usableFromInline
struct Shared<Value: ~Copyable>: ~Copyable {
  /// The count of holders, and ``valueOffset`` behind it the value.
  @usableFromInline let pointer: UnsafeMutableRawPointer
  @usableFromInline static var valueOffset: Int { 16 }

  init(_ value: consuming Value) {
    unsafe pointer = .allocate(byteCount: Shared.valueOffset + MemoryLayout<Value>.size, alignment: 16)
    unsafe pointer.initializeMemory(as: Int.self, to: 1)
    unsafe (pointer + Shared.valueOffset).initializeMemory(as: Value.self, to: value)
  }

  private init(of pointer: UnsafeMutableRawPointer) {
    unsafe pointer.assumingMemoryBound(to: Int.self).pointee += 1
    unsafe self.pointer = unsafe pointer
  }

  @inlinable
  deinit {
    let holders = unsafe pointer.assumingMemoryBound(to: Int.self)
    unsafe holders.pointee -= 1
    if unsafe holders.pointee == 0 {
      unsafe (pointer + Shared.valueOffset).assumingMemoryBound(to: Value.self).deinitialize(count: 1)
      unsafe pointer.deallocate()
    }
  }

  /// Another holder of the same value.
  func share() -> Shared<Value> { unsafe Shared(of: pointer) }

  var value: Value {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(address) }
  }

  @unsafe @inline(__always)
  var address: UnsafeMutablePointer<Value> {
    unsafe (pointer + Shared.valueOffset).assumingMemoryBound(to: Value.self)
  }
}

/// What connections with the same options have in common: those, what stands for each part that is absent, and places for those that come.
struct CommonState: ~Copyable {
  let options: ConnectionOptions
  fileprivate var spareTransfers = SpareParts<TransferState>()
  fileprivate var spareTimers = SpareParts<Timers>()
  fileprivate var spareTunings = SpareParts<BufferTuning>()
  fileprivate var transfer = Part<TransferState>()
  fileprivate var timers = Part<Timers>()
  fileprivate var rare = Part<RareState>()
  fileprivate var tuning = Part<BufferTuning>()
  fileprivate var ecn = Part<ECNState>()

  init(_ options: ConnectionOptions, _ configuration: Configuration) {
    self.options = options
    transfer.make(
      TransferState(
        TransferStart(
          next: SequenceNumber(0), roundTrip: RoundTrip(configuration), algorithm: options.congestion)))
    timers.make(Timers())
    rare.make(RareState())
    tuning.make(BufferTuning())
    ecn.make(ECNState())
  }

  func has(_ options: ConnectionOptions) -> Bool { self.options == options }
}

// Parts that are made in places that others have given back, and given back.
//
// They are called where nothing but the change of a field stands: inlined there, each would make room on the stack for all that is made.

extension Connection {
  @inline(never)
  mutating func makeTransfer(_ start: TransferStart) {
    unsafe transferPart.make(from: &common.address.pointee.spareTransfers) {
      TransferState(start)
    } renew: {
      $0.begin(start)
    }
  }

  @inline(never)
  private mutating func makeTimers() {
    unsafe timerPart.make(from: &common.address.pointee.spareTimers) {
      Timers()
    } renew: {
      $0.begin()
    }
  }

  @inline(never)
  private mutating func makeTuning() {
    unsafe tuningPart.make(from: &common.address.pointee.spareTunings) {
      BufferTuning()
    } renew: {
      $0 = BufferTuning()
    }
  }

  @inline(never)
  private mutating func makeECN() { ecnPart.make(ECNState()) }

  @inline(never)
  private mutating func makeRare() { rarePart.make(RareState()) }

  mutating func dropTransfer() { unsafe transferPart.drop(into: &common.address.pointee.spareTransfers) }
  mutating func dropTimers() { unsafe timerPart.drop(into: &common.address.pointee.spareTimers) }
  mutating func dropTuning() { unsafe tuningPart.drop(into: &common.address.pointee.spareTunings) }
}

// Where the parts of a connection are: read, an absent one is what all have in common; changed, it is made.

extension Connection {
  /// What the program may set.
  public var options: ConnectionOptions {
    @inline(__always) _read { yield common.value.options }
  }

  /// How the connection finds out what packets its path takes. Asked for with each packet, by another module, which would pay for a coroutine to read all options.
  package var pathMTUDiscovery: PathMTUDiscovery { options.pathMTUDiscovery }

  var transfer: TransferState {
    @inline(__always) unsafeAddress {
      unsafe transferPart.address(or: common.value.transfer)
    }
    @inline(__always) unsafeMutableAddress {
      if !transferPart.isPresent { wake() }
      return unsafe transferPart.mutableAddress
    }
  }

  var timers: Timers {
    @inline(__always) unsafeAddress {
      unsafe timerPart.address(or: common.value.timers)
    }
    @inline(__always) unsafeMutableAddress {
      if !timerPart.isPresent { makeTimers() }
      return unsafe timerPart.mutableAddress
    }
  }

  var tuning: BufferTuning {
    @inline(__always) unsafeAddress {
      unsafe tuningPart.address(or: common.value.tuning)
    }
    @inline(__always) unsafeMutableAddress {
      if !tuningPart.isPresent { makeTuning() }
      return unsafe tuningPart.mutableAddress
    }
  }

  /// Present only where a SYN asked for ECN: without, nothing of it changes.
  var ecn: ECNState {
    @inline(__always) unsafeAddress {
      unsafe ecnPart.address(or: common.value.ecn)
    }
    @inline(__always) unsafeMutableAddress {
      if !ecnPart.isPresent { makeECN() }
      return unsafe ecnPart.mutableAddress
    }
  }

  var rare: RareState {
    @inline(__always) unsafeAddress {
      unsafe rarePart.address(or: common.value.rare)
    }
    @inline(__always) unsafeMutableAddress {
      if !rarePart.isPresent { makeRare() }
      return unsafe rarePart.mutableAddress
    }
  }

  /// Where the search for the path MTU stands; it must have begun.
  var search: PathSearch {
    unsafeAddress { unsafe UnsafePointer(rare.search.mutableAddress) }
    unsafeMutableAddress { unsafe rare.search.mutableAddress }
  }
}
