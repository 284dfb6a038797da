import MartinetStack
import MartinetTCP
import MartinetWire

/// What a host of a scenario does with one connection.
public enum Program: Sendable {
  case transfer(Transfer)
  case echo(Echo)
  case questioner(Questioner)

  public var isOver: Bool {
    switch self {
    case .transfer(let transfer): transfer.isOver
    case .echo(let echo): echo.isOver
    case .questioner(let questioner): questioner.isOver
    }
  }

  public var failure: HostError? {
    switch self {
    case .transfer(let transfer): transfer.failure
    case .echo(let echo): echo.failure
    case .questioner(let questioner): questioner.failure
    }
  }

  var nextDeadline: Instant {
    if case .transfer(let transfer) = self { transfer.nextDeadline } else { .never }
  }

  mutating func run(on host: inout Host, scratch: inout [UInt8], at now: Instant) {
    switch self {
    case .transfer(var transfer):
      transfer.run(on: &host, scratch: &scratch, at: now)
      self = .transfer(transfer)
    case .echo(var echo):
      echo.run(on: &host, scratch: &scratch, at: now)
      self = .echo(echo)
    case .questioner(var questioner):
      questioner.run(on: &host, scratch: &scratch, at: now)
      self = .questioner(questioner)
    }
  }
}

extension Host {
  /// Whether a program can begin to work on a connection: not before the handshake is complete, since closing it then would
  /// abandon it (RFC 9293 section 3.10.4).
  func isOpenOrEnded(_ connection: ConnectionHandle) -> Bool {
    guard let readiness = readiness(of: connection) else { return true }
    return !readiness.isDisjoint(with: [.connected, .ended])
  }
}

/// What a host of a scenario does with the connections that it accepts.
public enum Service: Sendable {
  case transfer(TransferPlan)
  case echo
}

/// A network whose hosts run programs: the way in which tests and experiments drive a ``Network``.
public struct Scenario: ~Copyable {
  public var network: Network
  /// The programs, in the order in which they began.
  public private(set) var programs: [Program] = []
  private var homes: [HostID] = []
  private var services: [(host: HostID, listener: ListenerHandle, service: Service)] = []
  private var scratch = [UInt8](repeating: 0, count: 65_536)

  public init(_ network: consuming Network) {
    self.network = network
  }

  public init(seed: UInt64) {
    self.init(Network(seed: seed))
  }

  // MARK: What the hosts do

  /// Accepts connections to `local` on `host` and serves each of them.
  public mutating func serve(
    _ host: HostID, on local: Endpoint, backlog: Int = 128, options: ConnectionOptions? = nil, _ service: Service
  ) throws(HostError) {
    let listener = try network.withHost(host) { (host, now) throws(HostError) in
      try host.listen(on: local, backlog: backlog, options: options, at: now)
    }
    services.append((host, listener, service))
  }

  /// Opens a connection from `host` and carries out `plan` on it; the number of the program.
  public mutating func open(
    _ host: HostID, to remote: Endpoint, from local: Endpoint? = nil, options: ConnectionOptions? = nil,
    _ plan: TransferPlan
  ) throws(HostError) -> Int {
    let connection = try connect(host, to: remote, from: local, options: options)
    return begin(.transfer(Transfer(plan, on: connection, at: network.now)), on: host)
  }

  /// Opens a connection from `host` and asks `count` questions of `size` octets on it; the number of the program.
  public mutating func ask(
    _ host: HostID, to remote: Endpoint, size: Int, count: Int, options: ConnectionOptions? = nil
  ) throws(HostError) -> Int {
    let connection = try connect(host, to: remote, from: nil, options: options)
    let pattern = Pattern(seed: network.seed)
    let questioner = Questioner(size: size, count: count, pattern: pattern, on: connection, at: network.now)
    return begin(.questioner(questioner), on: host)
  }

  private mutating func connect(
    _ host: HostID, to remote: Endpoint, from local: Endpoint?, options: ConnectionOptions?
  ) throws(HostError) -> ConnectionHandle {
    try network.withHost(host) { (host, now) throws(HostError) in
      try host.connect(to: remote, from: local, options: options, at: now)
    }
  }

  /// Lets `host` run `program` from now on; the number of the program.
  public mutating func begin(_ program: Program, on host: HostID) -> Int {
    programs.append(program)
    homes.append(host)
    run(programs.count - 1)
    return programs.count - 1
  }

  /// The host that a program runs on.
  public func home(of number: Int) -> HostID { homes[number] }

  /// The transfer with that number; nil if that program is another.
  public func transfer(_ number: Int) -> Transfer? {
    guard programs.indices.contains(number), case .transfer(let transfer) = programs[number] else { return nil }
    return transfer
  }

  // MARK: Time

  /// Lets things happen until every program is over, or until `limit`; whether every program is over.
  @discardableResult
  public mutating func run(until limit: Instant) -> Bool {
    run(until: limit) { scenario in !scenario.isOver }
  }

  /// Lets things happen while `condition` holds, up to `limit`; whether the condition was the one to end it.
  @discardableResult
  public mutating func run(until limit: Instant, while condition: (inout Scenario) -> Bool) -> Bool {
    attend()
    while condition(&self) {
      let deadline = programDeadline
      let event = network.nextEventTime
      guard min(deadline, event) <= limit, min(deadline, event) != .never else {
        network.advance(to: limit)
        return false
      }
      if deadline < event {
        network.advance(to: deadline)
        for number in programs.indices where programs[number].nextDeadline <= deadline { run(number) }
      } else {
        _ = network.step()
      }
      attend()
    }
    return true
  }

  /// Whether every program is over.
  public var isOver: Bool {
    for program in programs where !program.isOver { return false }
    return true
  }

  private var programDeadline: Instant {
    var earliest = Instant.never
    for program in programs { earliest = min(earliest, program.nextDeadline) }
    return earliest
  }

  /// Lets the programs of every host with events run.
  private mutating func attend() {
    while let host = network.pollTouchedHost() {
      var isEventful = false
      while network.pollEvent(of: host) != nil { isEventful = true }
      guard isEventful else { continue }
      accept(on: host)
      for number in programs.indices where homes[number] == host && !programs[number].isOver { run(number) }
    }
  }

  private mutating func accept(on host: HostID) {
    for index in services.indices where services[index].host == host {
      let listener = services[index].listener
      while let connection = network.withHost(host, { host, now in host.accept(listener, at: now) }) {
        switch services[index].service {
        case .transfer(let plan):
          _ = begin(.transfer(Transfer(plan, on: connection, at: network.now)), on: host)
        case .echo:
          _ = begin(.echo(Echo(on: connection)), on: host)
        }
      }
    }
  }

  private mutating func run(_ number: Int) {
    let home = homes[number]
    var program = programs[number]
    var memory: [UInt8] = []
    swap(&memory, &scratch)
    network.withHost(home) { host, now in program.run(on: &host, scratch: &memory, at: now) }
    swap(&memory, &scratch)
    programs[number] = program
  }
}
