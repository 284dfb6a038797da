import MartinetTCP
import MartinetWire

/// Who is in charge of a connection.
enum ConnectionPlace: UInt8 {
  /// A listener's queue of half-open connections.
  case halfOpen
  /// A listener's accept queue.
  case waiting
  /// A program, by its handle.
  case held
  /// Nobody: the program has gone, the engine finishes.
  case orphaned
  /// Nobody, and only TIME-WAIT is left of it.
  case timeWait
  /// Nobody, and the connection is over: it goes when it has nothing more to send.
  case leaving

  /// Whether a connection here stays here in `phase`, with nothing to be done for it but to tell a program of its events.
  @inline(__always)
  func keeps(_ phase: Phase) -> Bool {
    settledPhases &>> UInt16(phase.rawValue) & 1 != 0
  }

  /// A bit for each of those phases.
  @inline(__always)
  private var settledPhases: UInt16 {
    let open = ~ConnectionPlace.bit(.closed)
    return switch self {
    case .halfOpen: ConnectionPlace.bit(.synReceived)
    case .waiting, .held, .timeWait: open
    case .orphaned: open & ~ConnectionPlace.bit(.timeWait)
    case .leaving: 0
    }
  }

  @inline(__always)
  private static func bit(_ phase: Phase) -> UInt16 { 1 &<< UInt16(phase.rawValue) }
}

/// What a look at a connection found.
enum ConnectionStanding {
  /// The connection is not there any more.
  case gone
  /// It has nothing to send.
  case quiet
  /// It may have something to send.
  case ready
}

/// What a host sees when it looks after a connection.
struct ConnectionLook {
  let news: ConnectionNews
  let phase: Phase
  let place: ConnectionPlace
  /// Whether there are events that nobody has polled.
  let hasPending: Bool
  /// Whether nothing is to be done but to tell a program of its events, if one holds the connection: it stays where it is, and has taught nothing.
  let isUsual: Bool
  /// Whether there is nothing to send, and no change of the path to hear of.
  let isQuiet: Bool
}

/// How a connection begins.
enum Opening {
  /// By a program that connects; the ISN must exceed the last number of a connection before it.
  case active(after: SequenceNumber?, FastOpen?)
  /// By a SYN that came for a listener; the ISN must exceed the last number of a connection before it.
  case passive(after: SequenceNumber?, FastOpen?)
  /// By an ACK that brings back a cookie: the SYN as far as it is remembered, and our ISN.
  case cookie(syn: TCPHeader, number: SequenceNumber)

  var fastOpen: FastOpen? {
    switch self {
    case .active(_, let fastOpen), .passive(_, let fastOpen): fastOpen
    case .cookie: nil
    }
  }

  var place: ConnectionPlace {
    switch self {
    case .active: .held
    case .passive, .cookie: .halfOpen
    }
  }
}

extension PathLesson {
  /// Whether routers may cut the packets of a connection that finds out by `discovery` what its path takes: one that does not has to let them.
  func mayBeFragmented(with discovery: PathMTUDiscovery) -> Bool { mayBeFragmented || discovery == .off }
}

/// How often routes and paths have changed: what was concluded of them before is to be concluded anew.
struct WayEpochs {
  let routes: UInt32
  let paths: UInt32
}

/// The way of a connection's packets, as it was concluded last.
struct ConnectionWay {
  let route: Route
  let local: IPAddress
  let remote: IPAddress
  /// Whether routers may cut the packets: the path is too narrow to do without, or the program wants it so.
  let mayBeFragmented: Bool
  let neighbour: ConnectionID
  let flowLabel: UInt32
}

/// What the packets of a connection depend on that leave by an interface.
struct LinkFacts {
  let interface: UInt16
  /// Whether packets leave without a frame.
  var isBare = false
  var completesChecksums = false
  var maximumTrain = 0

  var isLoopback: Bool { interface == loopbackInterface }
}

extension IPv4Header {
  /// The header of a segment that no router may cut: atomic datagrams carry no identification (RFC 6864 section 4.1).
  @inline(__always)
  init(atomic envelope: SegmentEnvelope, from source: IPv4Address, to destination: IPv4Address) {
    self.init(
      trafficClass: envelope.trafficClass, identification: 0, doesNotFragment: true,
      timeToLive: max(1, envelope.hopLimit), protocolNumber: IPProtocol.tcp, source: source, destination: destination)
  }
}

extension Departure {
  /// Writes the checksum of TCP over segment and pseudo-header.
  @inline(__always)
  mutating func completeSegmentChecksum(source: IPAddress, destination: IPAddress) {
    var pseudoHeader = Checksum()
    pseudoHeader.add(source)
    pseudoHeader.add(destination)
    pseudoHeader.add(word: UInt16(IPProtocol.tcp))
    completeSegmentChecksum(behind: pseudoHeader)
  }
}

/// A connection and what the host keeps beside it.
struct ConnectionRecord: ~Copyable {
  var connection: Connection
  var place: ConnectionPlace
  /// What the table of flows finds it by.
  let flowHash: FlowHash
  /// The slot of the listener in whose queue it is.
  var listener = SlotList.none
  /// The listener for which the connection counts as a pending Fast Open request.
  var fastOpenListener: ListenerHandle?
  /// Whether the table of flows leads here.
  var isInFlows = true
  /// What happened and was not yet polled.
  var pending: ConnectionEvents = []
  /// Departures in a row of which this connection was the origin.
  var turn: UInt8 = 0

  // What was concluded about the way to the peer.
  var route: Route
  var pathMTU: Int
  /// Whether routers may cut the packets: the path is too narrow to do without, or the program wants it so.
  var mayBeFragmented = false
  var routeEpoch: UInt32
  var pathEpoch: UInt32
  /// The next hop's entry, as long as it is there.
  var neighbour = ConnectionID.none
  let flowLabel: UInt32

  /// The two ends.
  var flow: FlowKey { FlowKey(local: connection.local, remote: connection.remote) }

  /// Whether the way stands as it was concluded.
  @inline(__always)
  func isFresh(_ epochs: WayEpochs) -> Bool { routeEpoch == epochs.routes && pathEpoch == epochs.paths }

  @inline(__always)
  var way: ConnectionWay {
    ConnectionWay(
      route: route, local: connection.local.address, remote: connection.remote.address,
      mayBeFragmented: mayBeFragmented, neighbour: neighbour,
      flowLabel: flowLabel)
  }

  /// Asks the connection for the next segment, makes it the packet that leaves by `link` if it is a usual one, and looks what follows.
  @inline(__always)
  mutating func pollTransmit(
    into departure: inout Departure, maximumTrain: Int, by link: LinkFacts, in environment: inout Environment,
    _ epochs: WayEpochs, at now: Instant
  ) -> (SegmentEnvelope?, isComplete: Bool, ConnectionLook) {
    let envelope = connection.pollTransmit(into: &departure, maximumTrain: maximumTrain, in: &environment, at: now)
    guard let envelope else { return (nil, false, look(epochs)) }
    let isComplete = complete(&departure, envelope, by: link)
    let look = look(epochs)
    if look.isQuiet { turn = 0 }
    return (envelope, isComplete, look)
  }

  /// Makes a segment the packet that leaves, if it is what nearly all are: no train, over IPv4, by a link without addresses. False, with nothing done, for any
  /// other.
  @inline(__always)
  private func complete(_ departure: inout Departure, _ envelope: SegmentEnvelope, by link: LinkFacts) -> Bool {
    guard link.isBare, departure.segmentSize == 0, !mayBeFragmented, case .v4(let near) = connection.local.address,
      case .v4(let far) = connection.remote.address
    else { return false }
    if !link.completesChecksums {
      departure.completeSegmentChecksum(source: .v4(near), destination: .v4(far))
    }
    IPv4Header(atomic: envelope, from: near, to: far).encode(into: &departure)
    departure.interface = link.interface
    if link.completesChecksums {
      departure.deferTransportChecksum(source: .v4(near), destination: .v4(far), protocolNumber: IPProtocol.tcp)
    }
    return true
  }

  /// Gives the connection a plain segment if it expects it, and looks what follows; nil, with nothing done, if it does not.
  @inline(__always)
  mutating func receiveExpected(
    _ segment: PlainSegment, payload: inout PageChain, _ facts: ArrivalFacts, in environment: inout Environment,
    _ epochs: WayEpochs, at now: Instant
  ) -> ConnectionLook? {
    guard connection.receiveExpected(segment, payload: &payload, facts, in: &environment, at: now) else { return nil }
    return look(epochs)
  }

  /// Takes note of what happened.
  @inline(__always)
  mutating func look(_ epochs: WayEpochs) -> ConnectionLook {
    let news = connection.takeNews()
    pending.formUnion(news.events)
    return ConnectionLook(
      news: news, phase: connection.phase, place: place, hasPending: !pending.isEmpty,
      isUsual: place.keeps(connection.phase) && !news.hasLesson && fastOpenListener == nil,
      isQuiet: news.isQuiet && isFresh(epochs))
  }

  func isOver(_ flow: FlowKey) -> Bool { connection.local == flow.local && connection.remote == flow.remote }
}
