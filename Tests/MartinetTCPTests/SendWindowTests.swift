import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("The peer's window (RFC 9293 sections 3.8.6 and 3.10.7.4)")
struct SendWindowTests {
  @Test(
    "A window is unsigned: 65,535 and 32,768 octets may be in flight", .proves("9293-MUST-1"),
    arguments: [(65535, 1285), (32768, 1024)])
  func unsigned(window: Int, segmentSize: Int) throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win \(window) <mss \(segmentSize)>
      0.100 > ACK seq 1 ack 1
      0.200  write 70000
      0.200 > ACK seq 1 ack 1 length \(segmentSize) times \(window / segmentSize)
             status inflight \(window)
      """
    ).run(configure: { $0.initialWindowSegments = 100 })
  }

  @Test("A scaled window of more than 65,535 octets is used", .proves("9293-MUST-1", "7323-23", "9293-REC-1"))
  func large() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,ws 14>
      0.100 > ACK seq 1 ack 1
      0.200 < ACK seq 1 ack 1 rawwin 65535
             status sendwindow 1073725440
      0.200  write 146000
      0.200 > ACK seq 1 ack 1 length 1460 times 99
      0.200 > PSH.ACK seq 144541 ack 1 length 1460
      """
    ).run(configure: { $0.initialWindowSegments = 100 })
  }

  @Test("The window follows the newest segment, never an older one", .proves("9293-P-21"))
  func newestCounts() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 101 ack 1 length 10 win 5000
        0.200 > ACK seq 1 ack 1
               status sendwindow 5000
        0.210 < PSH.ACK seq 1 ack 1 length 100 win 9000
        0.210 > ACK seq 1 ack 111
               status sendwindow 5000
        0.300  write 200
        0.300 > PSH.ACK seq 1 ack 111 length 200
        0.400 < ACK seq 111 ack 201 win 4000
        0.410 < ACK seq 111 ack 101 win 9000
               status sendwindow 4000
        0.420 < ACK seq 111 ack 201 win 7000
               status sendwindow 7000
        """
    ).run()
  }

  @Test("The right edge of a shrunk window is respected", .proves("9293-MUST-34", "9293-SHLD-15", "9293-SHLD-16"))
  func shrunk() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 5840
        0.200 > ACK seq 1 ack 1 length 1460 times 3
        0.200 > PSH.ACK seq 4381 ack 1 length 1460
        0.300 < ACK seq 1 ack 1461 win 1460
        0.310  write 10000
        0.310  status sendwindow 1460 inflight 4380
        0.550 > ACK seq 1461 ack 1 length 1460 (timeout)
        0.650 < ACK seq 1 ack 2921 win 20000
        # Was the timer too short? New segments are to tell.
        0.650 > ACK seq 5841 ack 1 length 1460
        0.650 > ACK seq 7301 ack 1 length 1460
        0.750 < ACK seq 1 ack 2921 win 20000
        0.750 > * seq 2921 ack 1 length 1460 (timeoutRecovery)
        """
    ).run()
  }

  @Test(
    "A window that shrinks to zero over data in flight is probed",
    .proves("9293-MUST-35", "9293-SHLD-17", "9293-MUST-37"))
  func shrunkToZero() throws {
    try Transcript(
      Opening.plain + """
         0.200  write 2920
         0.200 > ACK seq 1 ack 1 length 1460
         0.200 > PSH.ACK seq 1461 ack 1 length 1460
         0.300 < ACK seq 1 ack 1461 win 0
         0.550 > * seq 1461 ack 1 length 1460
         0.600 < ACK seq 1 ack 1461 win 0
         1.050 > * seq 1461 ack 1 length 1460
         1.100 < ACK seq 1 ack 1461 win 0
         2.050 > * seq 1461 ack 1 length 1460
         2.100 < ACK seq 1 ack 1461 win 0
         4.050 > * seq 1461 ack 1 length 1460
         4.100 < ACK seq 1 ack 1461 win 0
         8.050 > * seq 1461 ack 1 length 1460
         8.100 < ACK seq 1 ack 1461 win 0
        16.050 > * seq 1461 ack 1 length 1460
        16.100 < ACK seq 1 ack 1461 win 0
                phase ESTABLISHED
        16.200 < ACK seq 1 ack 2921 win 5000
                status una 2921
        """
    ).run(configure: { $0.giveUpAfter = .seconds(10) })
  }
}
