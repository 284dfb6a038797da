import MartinetWire

// What the scoreboard has to say of an acknowledgement, and of losses.

extension Scoreboard {
  /// What a cumulative acknowledgement showed.
  package struct Acknowledged {
    /// When the newest record was sent that went out once and was not reported before: a sample by Karn's rule.
    package var sampleSentAt: Instant?
    /// Octets that the acknowledgement advances over.
    package var octets = 0
    /// The payload of the largest segment of it, as far as the peer did not report it before.
    package var largestSegment: UInt16 = 0
    /// When any of it was sent again for the last time; nil if all of it was sent once.
    package var lastResentAt: Instant?
    /// Whether any of it had been sent more than once.
    package var includesRetransmission: Bool { lastResentAt != nil }
  }

  /// What a look for losses found.
  package struct Losses {
    /// The first range that was not known to be lost.
    package var first: SequenceRange?
    /// Whether a transmission at or after the one asked for is among them.
    package var includesRecent = false
    /// When the next segment that was overtaken is lost, if it does not arrive; never without one.
    package var nextAt = Instant.never
  }
}
