/// Round-trip time and retransmission timeout (RFC 6298).
package struct RoundTrip {
  package private(set) var smoothed = Interval.zero
  package private(set) var variation = Interval.zero
  private var least = WindowedMinimum()
  private(set) var hasSample = false
  /// The timeout before back-off.
  private(set) var base: Interval
  private var backoff = 0

  /// The least round trip of the last minutes.
  package var minimum: Interval { least.value }

  package init(_ configuration: Configuration) {
    base = configuration.initialRetransmissionTimeout
  }

  /// What was measured before a rest.
  init(_ resting: RestingState) {
    smoothed = resting.smoothed
    variation = resting.variation
    base = resting.timeout
    hasSample = true
  }

  /// The retransmission timeout, backed off and capped.
  @inline(__always)
  package func timeout(_ configuration: Configuration) -> Interval {
    // A back-off is 16 at most.
    min(base * (1 &<< Int64(backoff)), configuration.maximumRetransmissionTimeout)
  }

  /// Takes a measurement (RFC 6298 sections 2.2 and 2.3); ends the back-off (section 5.7).
  @inline(__always)
  package mutating func measured(_ sample: Interval, _ configuration: Configuration, at now: Instant = .zero) {
    let sample = max(sample, .zero)
    least.take(sample, at: now)
    if hasSample {
      let difference = smoothed < sample ? sample - smoothed : smoothed - sample
      // None is negative, so that a division is a shift.
      variation = Interval(nanoseconds: (variation * 3 + difference).nanoseconds &>> 2)
      smoothed = Interval(nanoseconds: (smoothed * 7 + sample).nanoseconds &>> 3)
    } else {
      hasSample = true
      smoothed = sample
      variation = sample / 2
    }
    let spread = max(configuration.clockGranularity, variation * 4)
    base = min(
      max(smoothed + spread, configuration.minimumRetransmissionTimeout), configuration.maximumRetransmissionTimeout)
    backoff = 0
  }

  /// The timer expired (RFC 6298 section 5.5).
  package mutating func backOff() {
    backoff = min(backoff + 1, 16)
  }

  /// New data that was sent once is acknowledged: the path works at this pace.
  mutating func endBackoff() {
    backoff = 0
  }

  /// The SYN had to be repeated: data start with at least 3 s (RFC 6298 section 5.7).
  mutating func handshakeTimedOut() {
    base = max(base, .seconds(3))
    backoff = 0
  }
}
