import MartinetTCP
import MartinetTestSupport
import Testing

/// The peer's clock and ours show milliseconds since the start; both wrap around within the first 300.
@Suite("Timestamps (RFC 7323 sections 3 and 4)")
struct TimestampTests {
  @Test("Timestamps are used only if both SYNs have them, and then in every segment", .proves("7323-07"))
  func negotiation() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 1460,sackOK,ts,ws 5>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,ts 100 0>
      0.100 > ACK seq 1 ack 1 <ts>
      0.200  write 100
      0.200 > PSH.ACK seq 1 length 100 <ts>
      0.300 < ACK seq 1 ack 101
      0.300  close
      0.300 > FIN.ACK seq 101 <ts>
      0.400  abort
      0.400 > RST seq 102 <ts>
      """
    ).run()
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1 <mss 1460>
      0.100 < ACK seq 1 ack 1
      0.200  write 100
      0.200 > PSH.ACK seq 1 length 100 <>
      """
    ).run()
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460,ts 0 0>
      0.000 > SYN.ACK seq 0 ack 1 <mss 1460>
      0.100 < ACK seq 1 ack 1
      """
    ).run(configure: { $0.timestamps = false })
  }

  @Test("A segment without timestamps is dropped in silence, and the connection lives", .proves("7323-08"))
  func missing() throws {
    try Transcript(
      Opening.modern + """
        0.200 < PSH.ACK seq 1 ack 1 length 100 <nots>
               dropped timestampMissing
        0.300 < FIN.ACK seq 1 ack 1 <nots>
               phase ESTABLISHED
        0.400 < PSH.ACK seq 1 ack 1 length 100
        0.400 > ACK ack 101
        """
    ).run()
  }

  @Test(
    "If something on the way takes the timestamps out of segments, what is told of the silence says so",
    .proves("7323-08"))
  func stripped() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,ts>
      0.100 > ACK seq 1 ack 1
      0.200  write 100
      0.200 > PSH.ACK seq 1 length 100
      0.300 < ACK seq 1 ack 101 <nots>
      1.200 > PSH.ACK seq 1 length 100 (timeout)
      1.300 < ACK seq 1 ack 101 <nots>
      3.200 > PSH.ACK seq 1 length 100 (timeout)
      3.300 < ACK seq 1 ack 101 <nots>
      7.200 > PSH.ACK seq 1 length 100 (timeout)
             warned retransmitting 3 after 7000ms 3 without timestamps
      """
    ).run(configure: { $0.minimumRetransmissionTimeout = .seconds(1) })
  }

  @Test("Timestamps that were not agreed on are ignored", .proves("7323-09"))
  func unexpected() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 100 <ts 200 200>
        0.200 > ACK ack 101 <>
        0.300 < PSH.ACK seq 101 ack 1 length 100 <ts -100000 200>
        0.300 > ACK ack 201 <>
        """
    ).run()
  }

  @Test("TSecr is zero without ACK, in both directions", .proves("7323-10"))
  func withoutAck() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 1460,sackOK,ts 0 0,ws 5>
      """
    ).run()
    try Transcript(
      """
      0.300  listen
      0.300 < SYN seq 0 win 65535 <mss 1460,ts 300 12345>
      0.300 > SYN.ACK seq 0 ack 1 <mss 1460,ts 300 300>
             status srtt 0
      """
    ).run()
  }

  @Test("The clock behind timestamps ticks once per millisecond", .proves("7323-11", "7323-19"))
  func clock() throws {
    try Transcript(
      Opening.modern + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 length 100 <ts 200 100>
        0.300 < ACK seq 1 ack 101
        5.000  write 100
        5.000 > PSH.ACK seq 101 length 100 <ts 5000 300>
        5.100 < ACK seq 1 ack 201
        86405.000  write 100
        86405.000 > PSH.ACK seq 201 length 100 <ts 86405000 5100>
        """
    ).run()
  }

  @Test("Only an ACK that advances measures a round trip", .proves("7323-12"))
  func onlyWhatAdvances() throws {
    try Transcript(
      Opening.modern + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 length 100
        0.300 < ACK seq 1 ack 101 <ts 300 200>
               status srtt 100ms rttvar 37.5ms
        5.000 < ACK seq 1 ack 101 <ts 5000 200>
        5.000 < PSH.ACK seq 1 ack 101 length 10 <ts 5000 200>
        5.000 > ACK ack 11
               status srtt 100ms rttvar 37.5ms
        """
    ).run()
  }

  @Test("A delayed ACK echoes the earliest of the segments that it acknowledges", .proves("7323-13"))
  func delayedEcho() throws {
    try Transcript(
      Opening.modern + """
        0.200 < ACK seq 1 ack 1 length 1448
        0.210 < ACK seq 1449 ack 1 length 1448
        0.210 > ACK ack 2897 <ts 210 200>
        0.300 < ACK seq 2897 ack 1 length 1448
        0.340 > ACK ack 4345 <ts 340 300>
        """
    ).run(configure: { $0.quickAcknowledgements = 0 })
  }

  @Test(
    "Out of order the last segment in order is echoed; a segment that fills the gap is echoed itself",
    .proves("7323-13"))
  func gapEcho() throws {
    try Transcript(
      Opening.modern + """
        0.200 < ACK seq 1 ack 1 length 1000
        0.200 > ACK ack 1001 <ts 200 200>
        0.300 < ACK seq 2001 ack 1 length 1000
        0.300 > ACK ack 1001 <ts 300 200,sack 2001-3001>
        0.400 < ACK seq 3001 ack 1 length 1000
        0.400 > ACK ack 1001 <ts 400 200,sack 2001-4001>
        0.500 < ACK seq 1001 ack 1 length 1000
        0.500 > ACK ack 4001 <ts 500 500>
        """
    ).run()
  }
}
