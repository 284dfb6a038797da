import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Protection against wrapped sequences (RFC 7323 section 5)")
struct WrappedSequenceTests {
  @Test("A segment with an older timestamp is dropped and answered with an ACK", .proves("7323-15"))
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

  @Test("The timestamp is looked at before the sequence number", .proves("7323-15"))
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

  @Test("The ACK field and the window of an old segment do not count either", .proves("7323-15"))
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
