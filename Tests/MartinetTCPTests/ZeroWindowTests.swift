import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Probing a closed window (RFC 9293 section 3.8.6.1)")
struct ZeroWindowTests {
  /// The peer closed its window with 500 octets waiting; the retransmission timeout is 250 ms.
  static let closed =
    Opening.plain + """
      0.200  write 1000
      0.200 > PSH.ACK seq 1 ack 1 length 1000
      0.300 < ACK seq 1 ack 1001 win 0
      0.300  write 500
             status rto 250ms

      """

  @Test(
    "The first probe comes after one retransmission timeout, the next at doubling intervals",
    .proves("9293-MUST-36", "9293-SHLD-29", "9293-SHLD-30"))
  func intervals() throws {
    try Transcript(
      ZeroWindowTests.closed + """
         0.550 > ACK seq 1001 ack 1 length 1 (windowProbe)
         0.600 < ACK seq 1 ack 1001 win 0
         1.050 > ACK seq 1001 ack 1 length 1 (windowProbe)
         1.100 < ACK seq 1 ack 1001 win 0
         2.050 > ACK seq 1001 ack 1 length 1 (windowProbe)
         2.100 < ACK seq 1 ack 1001 win 0
         4.050 > ACK seq 1001 ack 1 length 1 (windowProbe)
        """
    ).run()
  }

  @Test("The interval between probes is bounded", .proves("9293-SHLD-30"))
  func bounded() throws {
    try Transcript(
      ZeroWindowTests.closed + """
        0.550 > ACK seq 1001 ack 1 length 1
        0.600 < ACK seq 1 ack 1001 win 0
        1.050 > ACK seq 1001 ack 1 length 1
        1.100 < ACK seq 1 ack 1001 win 0
        1.850 > ACK seq 1001 ack 1 length 1
        1.900 < ACK seq 1 ack 1001 win 0
        2.650 > ACK seq 1001 ack 1 length 1
        """
    ).run(configure: { $0.maximumProbeInterval = .milliseconds(800) })
  }

  @Test(
    "A probe that finds the window open sets the transfer going: a lost window update costs nothing else",
    .proves("9293-P-54", "9293-MUST-36", "9293-P-53"))
  func windowOpens() throws {
    try Transcript(
      ZeroWindowTests.closed + """
        0.550 > ACK seq 1001 ack 1 length 1 (windowProbe)
        0.650 < ACK seq 1 ack 1002 win 5000
        0.650 > PSH.ACK seq 1002 ack 1 length 499
        0.750 < ACK seq 1 ack 1501
               events connected,writable,allAcknowledged
        """
    ).run()
  }

  @Test("A probe octet that the peer did not keep is sent again when the window opens", .proves("9293-P-53"))
  func octetNotKept() throws {
    try Transcript(
      ZeroWindowTests.closed + """
        0.550 > ACK seq 1001 ack 1 length 1 (windowProbe)
        0.650 < ACK seq 1 ack 1001 win 0
        0.700 < ACK seq 1 ack 1001 win 5000
        0.700 > * seq 1001 ack 1 length 1
        0.800 < ACK seq 1 ack 1002 win 5000
        0.800 > PSH.ACK seq 1002 ack 1 length 499
        """
    ).run()
  }

  @Test("The acknowledgement of a probe that was repeated is no measurement", .proves("6298-07"))
  func repeatedProbe() throws {
    try Transcript(
      ZeroWindowTests.closed + """
        0.550 > ACK seq 1001 ack 1 length 1
        0.600 < ACK seq 1 ack 1001 win 0
        1.050 > ACK seq 1001 ack 1 length 1
        1.100 < ACK seq 1 ack 1002 win 0
               status srtt 100ms rto 250ms
        """
    ).run()
  }

  @Test("A window update alone opens the window", .proves("9293-P-21"))
  func windowUpdate() throws {
    try Transcript(
      ZeroWindowTests.closed + """
        0.400 < ACK seq 1 ack 1001 win 5000
        0.400 > PSH.ACK seq 1001 ack 1 length 500
        """
    ).run()
  }

  @Test("A peer that answers probes is kept, however long its window stays closed", .proves("9293-MUST-37"))
  func keptAlive() throws {
    try Transcript(
      ZeroWindowTests.closed + """
         0.550 > ACK seq 1001 ack 1 length 1
         0.600 < ACK seq 1 ack 1001 win 0
         1.050 > ACK seq 1001 ack 1 length 1
         1.100 < ACK seq 1 ack 1001 win 0
         2.050 > ACK seq 1001 ack 1 length 1
         2.100 < ACK seq 1 ack 1001 win 0
         4.050 > ACK seq 1001 ack 1 length 1
         4.100 < ACK seq 1 ack 1001 win 0
         8.050 > ACK seq 1001 ack 1 length 1
         8.100 < ACK seq 1 ack 1001 win 0
        16.050 > ACK seq 1001 ack 1 length 1
        16.100 < ACK seq 1 ack 1001 win 0
                phase ESTABLISHED
        """
    ).run(configure: { $0.giveUpAfter = .seconds(10) })
  }

  @Test("A peer that does not answer probes is given up")
  func givenUp() throws {
    try Transcript(
      ZeroWindowTests.closed + """
         0.550 > ACK seq 1001 ack 1 length 1
         1.050 > ACK seq 1001 ack 1 length 1
         2.050 > ACK seq 1001 ack 1 length 1
         4.050 > ACK seq 1001 ack 1 length 1
         8.050  phase CLOSED
                ended retransmission-timed-out
        """
    ).run(configure: { $0.giveUpAfter = .seconds(5) })
  }

  @Test("A FIN waits behind a closed window, too")
  func finProbe() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 ack 1 length 1000
        0.300 < ACK seq 1 ack 1001 win 0
        0.300  close
        0.550 > FIN.ACK seq 1001 ack 1
        0.650 < ACK seq 1 ack 1002 win 0
               phase FIN-WAIT-2
        """
    ).run()
  }

  @Test("With our window closed, ACK, URG and RST of what arrives still count", .proves("9293-MUST-66", "9293-P-46"))
  func ourWindowClosed() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 1000
        0.200 > ACK seq 1 ack 1001 win 0
        0.210  write 100
        0.210 > PSH.ACK seq 1 ack 1001 length 100
        0.310 < PSH.URG.ACK seq 1001 ack 101 length 50 urg 50
        0.310 > ACK seq 101 ack 1001 win 0
               status una 101 received 1001
        0.320 < RST seq 1001
               ended reset ESTABLISHED
        """
    ).run(open: { $0.options.receiveBufferSize = 1000 })
  }

  @Test(
    "While an octet probes the window, acknowledgements stand where a closed window takes them", .proves("9293-P-46"))
  func acknowledgedBesideProbe() throws {
    try Transcript(
      ZeroWindowTests.closed + """
        0.550 > ACK seq 1001 ack 1 length 1 (windowProbe)
        0.600 < ACK seq 1 ack 1001 win 0
        0.700 < PSH.ACK seq 1 ack 1001 win 0 length 100
        0.700 > ACK seq 1001 ack 101
        0.800 < ACK seq 101 ack 1002 win 0
        0.900 < PSH.ACK seq 101 ack 1002 win 0 length 100
        0.900 > ACK seq 1002 ack 201
        """
    ).run()
  }

  @Test("So does one that acknowledges while a FIN waits behind the window", .proves("9293-P-46"))
  func acknowledgedBesideFIN() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 ack 1 length 1000
        0.250  close
        0.250 > FIN.ACK seq 1001 ack 1
        0.300 < ACK seq 1 ack 1001 win 0
        0.350 < PSH.ACK seq 1 ack 1001 win 0 length 100
        0.350 > ACK seq 1001 ack 101
        """
    ).run()
  }

  @Test("Both windows closed: an acknowledgement from behind the octet of a probe counts", .proves("9293-P-46"))
  func behindProbe() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 1000
        0.200 > ACK seq 1 ack 1001 win 0
        0.210  write 100
        0.210 > PSH.ACK seq 1 ack 1001 length 100
        0.310 < ACK seq 1002 ack 101 win 0
        0.310 > ACK seq 101 ack 1001 win 0
               status una 101
        """
    ).run(open: { $0.options.receiveBufferSize = 1000 })
  }
}
