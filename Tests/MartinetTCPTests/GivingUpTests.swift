import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Giving up, and what the network reports (RFC 9293 sections 3.8.3 and 3.9.2.2)")
struct GivingUpTests {
  @Test(
    "The program is warned at R1 and the connection ends at R2",
    .proves("9293-MUST-20", "9293-SHLD-10", "9293-SHLD-9", "9293-MUST-47"))
  func thresholds() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.500 > PSH.ACK seq 1 ack 1 length 100 (timeout)
        1.100 > PSH.ACK seq 1 ack 1 length 100 (timeout)
               events connected,writable
        2.300 > PSH.ACK seq 1 ack 1 length 100 (timeout)
               events warning
        4.700 > PSH.ACK seq 1 ack 1 length 100 (timeout)
        9.500 > PSH.ACK seq 1 ack 1 length 100 (timeout)
               phase ESTABLISHED
        19.100  phase CLOSED
               ended retransmission-timed-out
               events readable,writable,ended
        """
    ).run(configure: { $0.giveUpAfter = .seconds(10) })
  }

  @Test("R2 is at least 100 seconds", .proves("9293-SHLD-11"))
  func defaultR2() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.500 > PSH.ACK seq 1 ack 1 length 100
        1.100 > PSH.ACK seq 1 ack 1 length 100
        2.300 > PSH.ACK seq 1 ack 1 length 100
        4.700 > PSH.ACK seq 1 ack 1 length 100
        9.500 > PSH.ACK seq 1 ack 1 length 100
        19.100 > PSH.ACK seq 1 ack 1 length 100
        38.300 > PSH.ACK seq 1 ack 1 length 100
        76.700 > PSH.ACK seq 1 ack 1 length 100
        136.700 > PSH.ACK seq 1 ack 1 length 100
        136.800 < ACK seq 1 ack 101
               phase ESTABLISHED
        """
    ).run()
  }

  @Test("A user timeout fails what waits and resets the peer", .proves("9293-P-29", "9293-MUST-21"))
  func userTimeout() throws {
    try Transcript(
      Opening.plain + """
        0.200  set userTimeout 2s
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.500 > PSH.ACK seq 1 ack 1 length 100
        1.100 > PSH.ACK seq 1 ack 1 length 100
        2.199  phase ESTABLISHED
        2.200 > RST seq 101
               phase CLOSED
               ended user-timed-out
               status pages 0
        2.200  write 10 fails ended
        """
    ).run()
  }

  @Test("A user timeout longer than R2 is what counts", .proves("9293-MUST-21"))
  func patientProgram() throws {
    try Transcript(
      Opening.plain + """
        0.200  set userTimeout 20s
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.500 > PSH.ACK seq 1 ack 1 length 100
        1.100 > PSH.ACK seq 1 ack 1 length 100
        2.300 > PSH.ACK seq 1 ack 1 length 100
        4.700 > PSH.ACK seq 1 ack 1 length 100
        9.500 > PSH.ACK seq 1 ack 1 length 100
        19.100 > PSH.ACK seq 1 ack 1 length 100
               phase ESTABLISHED
        20.200 > RST seq 101
               ended user-timed-out
        """
    ).run(configure: { $0.giveUpAfter = .seconds(3) })
  }

  @Test("A hard ICMP error ends an attempt to connect", .proves("9293-SHLD-26"), arguments: [(3, 2), (3, 3)])
  func hardError(type: Int, code: Int) throws {
    try Transcript(
      SynSentTests.opened + """
        0.100  icmp \(type) \(code) seq 0 believed
               phase CLOSED
               ended unreachable \(type) \(code)
        """
    ).run()
  }

  @Test("It does not end a connection that stands", .proves("9293-SHLD-26", "ATK-36"), arguments: [(3, 2), (3, 3)])
  func hardErrorEstablished(type: Int, code: Int) throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.250  icmp \(type) \(code) seq 1 believed
               phase ESTABLISHED
               events connected,writable,warning
               status softerror \(type * 256 + code)
        0.300 < ACK seq 1 ack 101
        """
    ).run()
  }

  @Test("An error that quotes nothing in flight is forged", .proves("ATK-36"), arguments: [0, 101, 5000, -70000])
  func forgedError(number: Int) throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.250  icmp 3 4 seq \(number) ignored
        0.250  icmp 3 3 seq \(number) ignored
               status softerror none
        """
    ).run()
  }
}
