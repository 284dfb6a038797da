import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Protection against wrapped sequences (RFC 7323 section 5)")
struct WrappedSequenceTests {
  @Test("A segment with an older timestamp is dropped and answered with an ACK")
  func old() throws {
    try Transcript(
      Opening.modern + """
        1.000 < ACK seq 1 ack 1 length 100
        1.000 > ACK ack 101 <ts 1000 1000>
        1.100 < PSH.ACK seq 101 ack 1 length 100 <ts 999 1000>
        1.100 > ACK ack 101 <ts 1100 1000>
               dropped pawsOldTimestamp
        1.200 < PSH.ACK seq 101 ack 1 length 100 <ts 1000 1000>
        1.200 > ACK ack 201 <ts 1200 1000>
        """
    ).run()
  }

  @Test("The timestamp is looked at before the sequence number")
  func beforeSequence() throws {
    try Transcript(
      Opening.modern + """
        1.000 < ACK seq 1 ack 1 length 100
        1.000 > ACK ack 101
        1.100 < PSH.ACK seq 5_000_000 ack 1 length 100 <ts 500 1000>
        1.100 > ACK ack 101
               dropped pawsOldTimestamp
        """
    ).run()
  }

  @Test("The ACK field and the window of an old segment do not count either")
  func nothingCounts() throws {
    try Transcript(
      Opening.modern + """
        0.900  write 100
        0.900 > PSH.ACK seq 1 length 100
        1.000 < ACK seq 1 ack 1 length 100
        1.000 > ACK ack 101
        1.050 < ACK seq 101 ack 101 win 128 <ts 500 900>
        1.050 > ACK ack 101 (challengeAcknowledgement)
               status una 1 sendwindow 65408
        """
    ).run()
  }

  @Test("What was held back on the way while others were repeated counts, though it is older than they are")
  func heldBack() throws {
    try Transcript(
      Opening.modern + """
        # Two of four are missing. The repetition of the first arrives before the originals of both.
        1.000 < ACK seq 1 ack 1 length 100 <ts 1000 100>
        1.000 > ACK ack 101
        1.002 < ACK seq 201 ack 1 length 100 <ts 1002 1000>
        1.002 > ACK ack 101 <ts 1002 1000,sack 201-301>
        1.004 < ACK seq 401 ack 1 length 100 <ts 1004 1000>
        1.004 > ACK ack 101 <ts 1004 1000,sack 401-501 201-301>
        1.050 < ACK seq 101 ack 1 length 100 <ts 1050 1004>
        1.050 > ACK ack 301 <ts 1050 1050,sack 401-501>
        # An original that its repetition has made superfluous is reported (RFC 2883).
        1.060 < ACK seq 101 ack 1 length 100 <ts 1001 1000>
        1.060 > ACK ack 301 <ts 1060 1050,sack 101-201 401-501>
        # What left before the disorder began stays outside, and so does what brings no text.
        1.062 < ACK seq 301 ack 1 length 100 <ts 999 1000>
        1.062 > ACK ack 301 <ts 1062 1050,sack 401-501>
               dropped pawsOldTimestamp
        # The other one fills its gap, and does not turn the clock back.
        1.070 < PSH.ACK seq 301 ack 1 length 100 <ts 1003 1000>
        1.070 > ACK ack 501 <ts 1070 1050>
        # Nothing is missing: the rule is as strict as it is written.
        1.080 < PSH.ACK seq 501 ack 1 length 100 <ts 1049 1000>
        1.080 > ACK ack 501 <ts 1080 1050>
               dropped pawsOldTimestamp
        """
    ).run()
  }

  @Test("A late original that is dropped for its timestamp is reported as the duplicate that it is (RFC 2883)")
  func lateOriginal() throws {
    try Transcript(
      Opening.modern + """
        1.000 < ACK seq 1 ack 1 length 100 <ts 1000 100>
        1.000 > ACK ack 101
        1.050 < PSH.ACK seq 101 ack 1 length 100 <ts 1050 1000>
        1.050 > ACK ack 201 <ts 1050 1050>
        1.060 < PSH.ACK seq 101 ack 1 length 100 <ts 1010 1000>
        1.060 > ACK ack 201 <ts 1060 1050,sack 101-201>
               dropped pawsOldTimestamp
        """
    ).run()
  }

  @Test("A RST is never judged by its timestamp, and never renews the clock", .proves("7323-16"))
  func reset() throws {
    try Transcript(
      Opening.modern + """
        1.000 < ACK seq 1 ack 1 length 100
        1.000 > ACK ack 101
        1.100 < RST seq 500 <ts 900000 0>
        1.100 > ACK ack 101 <ts 1100 1000> (challengeAcknowledgement)
        1.200 < PSH.ACK seq 101 ack 1 length 100
        1.200 > ACK ack 201 <ts 1200 1200>
        1.300 < RST seq 201 <ts 1 0>
               ended reset ESTABLISHED
        """
    ).run()
    try Transcript(
      Opening.modern + """
        1.300 < RST seq 1 <nots>
               ended reset ESTABLISHED
        """
    ).run()
  }

  @Test("Timestamps are compared modulo 2^32", .proves("7323-17"))
  func modulo() throws {
    try Transcript(
      Opening.modern + """
        0.255 < ACK seq 1 ack 1 length 100
        0.255 > ACK ack 101 <ts 255 255>
        # The peer's clock passes zero.
        0.257 < ACK seq 101 ack 1 length 100
        0.257 > ACK ack 201 <ts 257 257>
        0.300 < ACK seq 201 ack 1 length 100 <ts 255 257>
        0.300 > ACK ack 201 <ts 300 257>
               dropped pawsOldTimestamp
        # Half a circle ahead is newer, more is older.
        0.400 < ACK seq 201 ack 1 length 100 <ts 2147483904 257>
        0.400 > ACK ack 301 <ts>
        """
    ).run()
  }

  @Test("A segment is judged when it arrives, not when its text is read", .proves("7323-17"))
  func onlyAtArrival() throws {
    try Transcript(
      Opening.modern + """
        0.200 < ACK seq 101 ack 1 length 100
        0.200 > ACK ack 1
        0.300 < ACK seq 1 ack 1 length 100
        0.300 > ACK ack 201 <ts 300 300>
        0.400  read 300 gets 200
        """
    ).run()
  }

  @Test("After 24 days of silence a timestamp is too old to judge by", .proves("7323-18"))
  func outdated() throws {
    try Transcript(
      Opening.modern + """
        1.000 < ACK seq 1 ack 1 length 100
        1.000 > ACK ack 101
        2073600.999 < PSH.ACK seq 101 ack 1 length 100 <ts 1 1000>
        2073600.999 > ACK ack 101
               dropped pawsOldTimestamp
        2073601.001 < PSH.ACK seq 101 ack 1 length 100 <ts 1 1000>
        2073601.001 > ACK ack 201 <ts 2073601001 1>
        2073602.000 < PSH.ACK seq 201 ack 1 length 100 <ts 2 1000>
        2073602.000 > ACK ack 301
        """
    ).run()
  }

  @Test("A timestamp from the future in a segment that does not count poisons nothing", .proves("ATK-34"))
  func poison() throws {
    try Transcript(
      Opening.modern + """
        0.200 < PSH.ACK seq 90_000_000 ack 1 length 100 forged <ts 900000000 0>
        0.200 > ACK ack 1 <ts 200 100>
        0.300 < PSH.ACK seq 101 ack 1 length 100 <ts 900000000 0>
        0.300 > ACK ack 1 <ts 300 100,sack 101-201>
        0.400 < PSH.ACK seq 1 ack 90_000_000 length 50 forged <ts 900000000 0>
        0.400 > ACK ack 1 <ts 400 100,sack 101-201> (challengeAcknowledgement)
        0.500 < SYN seq 1 win 65535 <mss 1460,ts 900000000 0>
        0.500 > ACK ack 1 <ts 500 100,sack 101-201>
        0.600 < PSH.ACK seq 1 ack 1 length 100
        0.600 > ACK ack 201 <ts 600 600>
        0.600  read 300 gets 200
        """
    ).run()
  }
}
