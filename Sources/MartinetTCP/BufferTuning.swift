import MartinetWire

/// What a connection that tunes its receive buffer knows of its reader (dynamic right-sizing): how much it takes in a round trip, and so how
/// large the window must be for the sender never to wait for it.
struct BufferTuning {
  /// What the receive buffer has grown to; zero while it has its initial size.
  var receiveBuffer = 0
  /// The round trip as the receiver sees it; zero before there is a sample.
  private(set) var roundTrip = Interval.zero
  /// When the present round trip began, and what was read since.
  private var began = Instant.never
  private var consumed = 0
  /// The most that was read in one round trip.
  private var most = 0
  /// Without timestamps: when the window was shown whose end is `windowEnd`.
  private var windowEnd: SequenceNumber?
  private var windowShownAt = Instant.zero

  /// How often what was read in a round trip must fit into the buffer: once for what is in flight, once for what waits to be read.
  private static let steadyMultiple = 2
  /// The same while the sender is still becoming faster: it doubles its rate while a round trip is measured, and once more until the window
  /// that comes of it has an effect.
  private static let growingMultiple = 4

  /// A measured round trip: the delay between an acknowledgement and the segments that echo its timestamp.
  mutating func measured(_ sample: Interval) {
    roundTrip = roundTrip == .zero ? sample : (roundTrip * 7 + sample) / 8
  }

  /// Without timestamps: from when a window is shown until all of it has arrived a round trip passes at least.
  mutating func arrived(upTo next: SequenceNumber, edge: SequenceNumber, at now: Instant) {
    if let end = windowEnd {
      guard next.isAtOrAfter(end) else { return }
      let sample = now - windowShownAt
      roundTrip = roundTrip == .zero ? sample : min(roundTrip, sample)
    }
    windowEnd = edge
    windowShownAt = now
  }

  /// The program has read `octets`; returns the size that the buffer wants, at the end of each round trip.
  @inline(__always)
  mutating func read(_ octets: Int, segmentSize: Int, at now: Instant) -> Int? {
    guard began != .never else {
      began = now
      consumed = octets
      return nil
    }
    consumed += octets
    guard roundTrip > .zero, now - began >= roundTrip else { return nil }
    defer {
      began = now
      consumed = 0
    }
    guard consumed > most else { return nil }
    let isGrowing = consumed - most > most / 4
    most = consumed
    let multiple = isGrowing ? BufferTuning.growingMultiple : BufferTuning.steadyMultiple
    return multiple * consumed + 16 * segmentSize
  }
}

// Buffers that become as large as the path needs them.

extension Connection {
  /// Octets that may wait to be read, or to be put in order.
  var receiveBufferSize: Int { max(options.receiveBufferSize, tuning.receiveBuffer) }

  /// The largest that the receive buffer can become.
  var largestReceiveBuffer: Int { max(options.receiveBufferSize, options.maximumReceiveBufferSize) }

  /// Octets that may wait to be acknowledged. Twice the congestion window: what is in flight, and what leaves while that is being acknowledged.
  @inline(__always)
  var sendBufferSize: Int {
    max(options.sendBufferSize, min(2 * congestion.window, options.maximumSendBufferSize))
  }

  /// Takes what an in-order segment tells of the round trip, by the timestamp that it echoes; 0 if it has none.
  @inline(__always)
  mutating func measureAsReceiver(echo: UInt32, at now: Instant) {
    guard options.maximumReceiveBufferSize > options.receiveBufferSize else { return }
    if negotiated.timestamps {
      guard echo != 0 else { return }
      let elapsed = Int32(bitPattern: timestamp(at: now) &- echo)
      // Less than the clock can tell is its granularity; an age is an idle sender.
      guard elapsed >= 0, elapsed < 10_000 else { return }
      tuning.measured(.milliseconds(Int64(max(1, elapsed))))
    } else {
      tuning.arrived(upTo: rcv.nxt, edge: rcv.edge, at: now)
    }
  }

  /// The program took `octets`. A reader that keeps up gets a buffer in which the sender has no end to wait for; a slow one does not.
  ///
  /// The buffer shrinks only when the connection rests, and does not grow while the pool that all connections share is more than half used.
  @inline(__always)
  mutating func tuneReceiveBuffer(read octets: Int, in environment: inout Environment, at now: Instant) {
    guard options.maximumReceiveBufferSize > receiveBufferSize,
      let wanted = tuning.read(octets, segmentSize: rcv.segmentSize, at: now), wanted > receiveBufferSize,
      environment.pool.pagesInUse * 2 < environment.pool.limit
    else { return }
    tuning.receiveBuffer = min(wanted, options.maximumReceiveBufferSize)
    trace(.receiveBuffer(tuning.receiveBuffer), in: &environment, at: now)
  }
}
