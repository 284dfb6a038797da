// BBR's model of the path: rounds, bandwidth, aggregation (draft-ietf-ccwg-bbr sections 5.5.1 to 5.5.9).

extension BBR {
  /// Round trips that are counted by packets (section 5.5.1).
  struct Rounds {
    /// BBR.round_count
    var count = 0
    /// BBR.round_start
    var isStart = false
    /// BBR.next_round_delivered
    var nextDelivered = 0
  }

  /// The largest rate of this cycle of probing and of the one before (BBR.max_bw_filter, sections 5.5.3 and 5.5.6).
  struct BandwidthFilter {
    private var previous = Rate.zero
    private var current = Rate.zero
    /// The largest sample of the round that is not yet over.
    private var ofRound = Rate.zero

    /// BBR.max_bw
    var maximum: Rate { max(previous, current, ofRound) }

    mutating func take(_ rate: Rate) { ofRound = max(ofRound, rate) }

    /// A round is over: of what was taken in it no more than `rate` is remembered.
    mutating func endRound(atMost rate: Rate) {
      current = max(current, min(ofRound, rate))
      ofRound = .zero
    }

    /// AdvanceMaxBwFilter. A cycle without a sample does not count.
    mutating func advance() {
      guard current > .zero else { return }
      previous = current
      current = .zero
    }
  }

  /// How much more arrives at once than the bandwidth explains (section 5.5.9).
  struct Aggregation {
    /// BBR.extra_acked_interval_start and BBR.extra_acked_delivered
    var start: Instant
    var delivered = 0
    /// BBR.extra_acked_filter: the largest of the last rounds and of those before them.
    private var previous = 0
    private var current = 0
    private var began = 0

    init(at now: Instant) { start = now }

    /// BBR.extra_acked
    var extra: Int { max(previous, current) }

    /// Takes a sample of a round; two times `length` rounds are remembered at most.
    mutating func take(_ sample: Int, round: Int, length: Int) {
      if round - began >= length {
        previous = round - began >= 2 * length ? 0 : current
        current = 0
        began = round
      }
      current = max(current, sample)
    }
  }

  /// BBR.bw: what the path takes, given all that is known.
  var usableBandwidth: Rate { min(bandwidth.maximum, bounds.bandwidth ?? .fastest) }

  /// UpdateRound
  mutating func updateRound() {
    rounds.isStart = sample.hasData && sample.priorDelivered >= rounds.nextDelivered
    guard rounds.isStart else { return }
    startRound()
    rounds.count += 1
    cycle.roundsSinceUp += 1
  }

  /// StartRound
  mutating func startRound() { rounds.nextDelivered = path.delivered }

  /// UpdateMaxBw (section 5.5.5). Samples that tell of the program count only if the path can evidently do more than was known.
  ///
  /// Unlike in the draft, once Startup is over, no more is remembered of a round than the margin of pacing above the sample with which it ends. That one is
  /// measured from end to end of the round, so what a late acknowledgement takes from it the next one gets. The largest of all would be the one
  /// between the latest acknowledgement and the most punctual one.
  mutating func updateMaximumBandwidth() {
    updateRound()
    if sample.rate > .zero && (sample.rate >= bandwidth.maximum || !sample.isApplicationLimited) {
      bandwidth.take(sample.rate)
    }
    if rounds.isStart { bandwidth.endRound(atMost: pipe.wasReached ? sample.rate.percent(101) : .fastest) }
  }

  /// UpdateACKAggregation
  mutating func updateAggregation() {
    var expected = usableBandwidth.octets(in: path.now - aggregation.start)
    if aggregation.delivered <= expected {
      aggregation.delivered = 0
      aggregation.start = path.now
      expected = 0
    }
    aggregation.delivered += sample.newlyAcknowledged
    // In Startup one round is remembered, later ten.
    aggregation.take(
      min(aggregation.delivered - expected, window), round: rounds.count, length: pipe.wasReached ? 5 : 1)
  }
}
