import MartinetTCP
import MartinetWire

/// One connection under test, its peer and the clock.
struct Conversation: ~Copyable {
  var reader: ByteReader
  var environment: Environment
  var connection: Connection
  var now = Instant(nanoseconds: 1_000_000_000)
  let iss: SequenceNumber
  /// Where the peer's stream begins: its last SYN that might have counted.
  var irs: SequenceNumber
  let passive: Bool
  /// Whether text may stand in the SYN (RFC 7413).
  let opensFast: Bool
  var written = 0
  var taken = 0
  var acceptedSegments = 0
  /// The right edge of the largest window that any segment of the peer offered.
  var offeredEdge: SequenceNumber
  /// The largest window that any of them offered, in octets.
  var largestOffer = 0
  var peerShift = 0
  /// The right edge of the window that we showed last; nil before there is one, or if our scale is not known.
  var shownEdge: SequenceNumber?
  var ourShift: Int?
  var lastTimestamp: UInt32 = 0
  var usesTimestamps = false
  /// Whether marks and their feedback occur, and the bits that they are made of.
  let hasECN: Bool
  var marks: UInt16
  var largestBuffer: Int
  var isDropped = false

  init(_ input: ByteReader) {
    var reader = input
    let first = reader.byte()
    let second = reader.byte()
    let third = reader.byte()
    passive = first & 1 != 0
    var configuration = Configuration()
    configuration.connection.receiveBufferSize = first & 2 != 0 ? 3000 : 1 << 16
    configuration.connection.sendBufferSize = 1 << 16
    configuration.connection.urgentInline = true
    hasECN = third & 1 != 0
    marks = UInt16(third) << 8 | UInt16(first)
    if hasECN { configuration.connection.ecn = ECNPreference(rawValue: third >> 1 & 3) ?? .answer }
    let algorithms = CongestionAlgorithm.allCases
    configuration.connection.congestion = algorithms[Int(third >> 3 & 3) % algorithms.count]
    configuration.windowValidation = third & 32 != 0
    if third & 64 != 0 { configuration.connection.pathMTUDiscovery = .probing }
    if first & 4 != 0 { configuration.quickAcknowledgements = 0 }
    if first & 8 != 0 { configuration.connection.noDelay = true }
    configuration.connection.congestion = Conversation.algorithm(second >> 4)
    configuration.connection.pacing = second & 8 != 0
    if first & 16 != 0 { configuration.connection.receiveBufferSize = 1 << 20 }
    largestBuffer = configuration.connection.receiveBufferSize
    iss = SequenceNumber(second & 1 != 0 ? 0xFFFF_FF80 : 0x1234_5678)
    irs = SequenceNumber(second & 2 != 0 ? 0xFFFF_FFF0 : 0x8765_4321)
    offeredEdge = iss + 1
    environment = Environment(configuration: configuration, pages: 1024, traceCapacity: 256)
    environment.trace.isEnabled = true
    let parameters = OpenParameters(
      id: ConnectionID(slot: 0, generation: 0), local: Endpoint(.v4(IPv4Address(10, 0, 0, 1)), 1000),
      remote: Endpoint(.v4(IPv4Address(10, 0, 0, 2)), 2000), initialSequence: iss, timestampOffset: 77,
      pathMTU: 1500, linkMTU: 1500, options: configuration.connection,
      fastOpen: Conversation.fastOpen(first, passive: passive))
    opensFast = parameters.fastOpen != nil
    if passive {
      connection = Connection(listening: parameters, in: &environment, at: now)
    } else {
      connection = Connection(opening: parameters, in: &environment, at: now)
    }
    self.reader = reader
    // A program that has octets before the first segment leaves.
    if opensFast && !passive { write(Int(second) * 16, urgent: false) } else { settle() }
    if second & 0x70 != 0 { handshake(second) }
  }

  /// Fast Open as the first octet has it: with a cookie that counts, or one that is asked for or given.
  private static func fastOpen(_ choice: UInt8, passive: Bool) -> FastOpen? {
    guard choice & 32 != 0 else { return nil }
    let counts = choice & 64 != 0
    var cookie = FastOpenCookie()
    if counts || passive { cookie.count = 8 }
    return FastOpen(cookie: cookie, peerSegmentSize: choice & 128 != 0 ? 536 : 1460, acceptsText: counts && passive)
  }

  /// An opening that works, with options that the input chooses.
  private mutating func handshake(_ choice: UInt8) {
    var options = TCPOptions()
    options.present = .maximumSegmentSize
    options.maximumSegmentSize = choice & 4 != 0 ? 536 : 1460
    if choice & 8 != 0 {
      options.present.insert([.timestamps, .sackPermitted])
      usesTimestamps = true
    }
    if choice & 128 != 0 {
      options.present.insert(.windowScale)
      options.windowScale = WindowScale(clamping: 7)
    } else {
      ourShift = 0
    }
    let window = UInt16(choice & 16 != 0 ? 65535 : 8000)
    if passive {
      let count = opensFast ? Int(reader.byte()) * 4 : 0
      arrive(segment(.syn, at: irs, acknowledging: SequenceNumber(0), window, options), count: count)
      let next = connection.status(in: environment, at: now).receiveNext
      if !opensFast || choice & 32 != 0 { arrive(segment(.ack, at: next, acknowledging: iss + 1, window), count: 0) }
    } else {
      let sent = connection.status(in: environment, at: now).sendNext.distance(from: iss + 1)
      let taken = opensFast && choice & 32 != 0 ? sent * Int(reader.byte()) / 255 : 0
      arrive(segment([.syn, .ack], at: irs, acknowledging: iss + 1 + taken, window, options), count: 0)
    }
  }

  mutating func run() {
    var steps = 0
    while !reader.isAtEnd && steps < 400 && !isDropped && connection.phase != .closed {
      step()
      steps += 1
    }
    connection.releaseMemory(in: &environment)
    claim(environment.pool.pagesInUse == 0, "\(environment.pool.pagesInUse) pages do not come back")
  }

  private mutating func step() {
    let choice = reader.byte()
    switch choice & 0x0F {
    case 0...8, 14, 15: arrive(choice)
    case 9: write(Int(reader.byte()) * 16, urgent: choice & 0xF0 == 0xF0)
    case 10: read(Int(reader.byte()) * 16 + 1)
    case 11: pass(choice >> 4)
    case 12: if connection.nextDeadline != .never { pass(until: connection.nextDeadline) }
    default: call(choice >> 4)
    }
  }

  // MARK: Time

  private mutating func pass(_ choice: UInt8) {
    let milliseconds: [Int64] = [
      0, 1, 5, 10, 40, 50, 100, 200, 300, 1000, 3000, 10000, 60000, 120_000, 1_000_000, 10_000_000,
    ]
    pass(until: now + .milliseconds(milliseconds[Int(choice)]))
  }

  private mutating func pass(until time: Instant) {
    var rounds = 0
    while connection.nextDeadline <= time && rounds < 2000 {
      if connection.nextDeadline > now { now = connection.nextDeadline }
      connection.expire(in: &environment, at: now)
      settle()
      claim(connection.nextDeadline > now, "a deadline stays in the past")
      rounds += 1
    }
    if time > now && rounds < 2000 { now = time }
    log("at \(now.nanoseconds / 1_000_000) ms")
  }

  // MARK: Calls

  private mutating func write(_ count: Int, urgent: Bool) {
    let octets = (0..<count).map { Pattern.ours(written + $0) }
    do throws(CallError) {
      let accepted = try connection.send(octets.span.bytes, urgent: urgent, in: &environment, at: now)
      claim(accepted >= 0 && accepted <= count, "a write takes \(accepted) of \(count)")
      written += accepted
      log("write \(count): \(accepted)")
    } catch { log("write fails: \(error)") }
    settle()
  }

  private mutating func read(_ count: Int) {
    var octets = [UInt8](repeating: 0, count: count)
    do throws(CallError) {
      var span = octets.mutableSpan
      var target = span.mutableBytes
      let received = try connection.receive(into: &target, in: &environment, at: now)
      log("read \(count): \(received)")
      if case .bytes(let got) = received {
        claim(got > 0 && got <= count, "a read of \(count) gets \(got)")
        for index in 0..<got {
          claim(octets[index] == Pattern.theirs(taken + index), "octet \(taken + index) was never sent so")
        }
        taken += got
      }
    } catch { log("read fails: \(error)") }
    settle()
  }

  private mutating func call(_ choice: UInt8) {
    log("call \(choice)")
    var options = connection.options
    switch choice {
    case 0, 1: do throws(CallError) { try connection.close(in: &environment, at: now) } catch {}
    case 2: connection.stopReceiving(in: &environment, at: now)
    case 3: connection.orphan(in: &environment, at: now)
    case 4: if reader.byte() == 0xAB { connection.abort(in: &environment, at: now) }
    case 5: connection.pathChanged(mtu: max(68, Int(reader.word() & 0x7FF)), in: &environment, at: now)
    case 6, 7:
      let cause = UnreachableCause(isIPv6: false, type: reader.byte() & 15, code: reader.byte() & 7)
      let una = connection.status(in: environment, at: now).sendUnacknowledged
      let claim = choice == 6 ? nil : PathLesson(mtu: max(68, Int(reader.word() & 0x7FF)))
      let isBelieved = connection.networkReported(
        cause, quoting: una + reader.distance(), claim: claim, in: &environment, at: now)
      if isBelieved, let claim { connection.pathChanged(mtu: claim.mtu, in: &environment, at: now) }
      _ = connection.takePathLesson()
    case 8: options.receiveBufferSize = 1 + Int(reader.word()) * 4
    case 9: options.sendBufferSize = 1 + Int(reader.word())
    case 10: options.noDelay.toggle()
    case 11:
      options.keepAlive.toggle()
      options.keepAliveIdle = .milliseconds(1 + Int64(reader.word()))
    case 12: options.userTimeout = .milliseconds(Int64(reader.word()))
    case 13:
      options.congestion = Conversation.algorithm(reader.byte())
      options.pacing.toggle()
    case 14:
      options.pathMTUDiscovery = PathMTUDiscovery.allCases[Int(reader.byte()) % PathMTUDiscovery.allCases.count]
    default: options.quickAcknowledgement.toggle()
    }
    largestBuffer = max(largestBuffer, options.receiveBufferSize)
    if options != connection.options { connection.setOptions(options, in: &environment, at: now) }
    settle()
  }
}

extension Conversation {
  static func algorithm(_ choice: UInt8) -> CongestionAlgorithm {
    CongestionAlgorithm.allCases[Int(choice) % CongestionAlgorithm.allCases.count]
  }
}

/// The octets of both streams, by position.
enum Pattern {
  static func ours(_ position: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: (UInt32(truncatingIfNeeded: position) &* 0x9E37_79B1) >> 24)
  }
  static func theirs(_ position: Int) -> UInt8 { ~ours(position) }
}
