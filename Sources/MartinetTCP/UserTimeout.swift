import MartinetWire

// The user timeout option (RFC 5482).

/// What is known of the peer's user timeout, and what was made of it.
struct UserTimeoutState: Equatable {
  /// REMOTE_UTO: what the peer advertised last; zero for nothing.
  var remote = Interval.zero
  /// USER_TIMEOUT as RFC 5482 section 3.1 has it; zero where nothing is adopted.
  var adopted = Interval.zero
}

extension Connection {
  /// How long data may stay unacknowledged: what the program set, or what was adopted; zero leaves it to R2.
  var userTimeoutInForce: Interval {
    options.userTimeout > .zero ? options.userTimeout : userTimeout.adopted
  }

  /// R2 for data (RFC 9293 section 3.8.3); a longer user timeout takes its place.
  func giveUpAfter(_ configuration: Configuration) -> Interval {
    max(configuration.giveUpAfter, userTimeoutInForce)
  }

  /// Takes the option of a segment that counts. What is not adopted can still be asked for in the status.
  mutating func takeUserTimeout(of header: TCPHeader, in environment: inout Environment, at now: Instant) {
    guard header.options.has(.userTimeout) else { return }
    let interval = header.options.userTimeout.interval
    guard interval > .zero, interval != userTimeout.remote else { return }
    userTimeout.remote = interval
    adoptUserTimeout(in: &environment, at: now)
    trace(.userTimeout(peer: interval, adopted: userTimeout.adopted), in: &environment, at: now)
  }

  /// USER_TIMEOUT = min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)), if the program is willing and set none itself (RFC 5482 section 3.1); never
  /// as short as the retransmission timeout, which would leave no time to try again.
  mutating func adoptUserTimeout(in environment: inout Environment, at now: Instant) {
    let previous = userTimeout.adopted
    userTimeout.adopted = .zero
    if options.acceptsPeerUserTimeout && options.userTimeout <= .zero && userTimeout.remote > .zero {
      let wanted = max(options.advertisedUserTimeout, max(userTimeout.remote, options.userTimeoutLowerLimit))
      let configuration = environment.configuration
      userTimeout.adopted = max(
        min(options.userTimeoutUpperLimit, wanted), roundTrip.timeout(configuration) + configuration.clockGranularity)
    }
    guard userTimeout.adopted != previous, phase.isSynchronized else { return }
    timers.cancel(.userTimeout)
    armUserTimeout(in: &environment, at: now)
    watchPeer(in: &environment, at: now)
  }

  /// The program changed what it advertises: the peer hears of it at once, since the program may fall silent now (RFC 5482 section 3).
  mutating func announceUserTimeout() {
    guard options.advertisedUserTimeout > .zero else { return }
    flags.insert(.userTimeoutDue)
    if phase.isSynchronized && phase != .timeWait && debt.immediate == nil { debt.immediate = .userTimeout }
  }

  /// Puts the option into a SYN, and into a segment that is to bring it (RFC 5482 section 3).
  func writeUserTimeout(_ header: inout TCPHeader) {
    guard let option = UserTimeoutOption(options.advertisedUserTimeout) else { return }
    header.options.present.insert(.userTimeout)
    header.options.userTimeout = option
  }
}

extension UserTimeoutOption {
  /// The longest interval that the option can say: 32,767 minutes.
  public static let longest = Interval.minutes(0x7FFF)

  /// The shortest value that is no shorter than `interval`, or the longest there is; nil for nothing, since zero is reserved (RFC 5482
  /// section 3.3).
  public init?(_ interval: Interval) {
    guard interval > .zero else { return nil }
    let nanoseconds = min(interval, UserTimeoutOption.longest).nanoseconds
    let seconds = (nanoseconds + 999_999_999) / 1_000_000_000
    let isLong = seconds > 0x7FFF
    self.init(inMinutes: isLong, value: UInt16(isLong ? (seconds + 59) / 60 : seconds))
  }

  /// What the option says.
  public var interval: Interval { inMinutes ? .minutes(Int64(value)) : .seconds(Int64(value)) }
}
