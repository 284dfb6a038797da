import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Nagle and the silly window (RFC 9293 sections 3.7.4 and 3.8.6.2)")
struct SillyWindowTests {
  @Test(
    "Small writes gather while one small segment is outstanding, and their pushes become one",
    .proves("9293-SHLD-7", "9293-MUST-38", "9293-SHLD-27", "9293-MAY-16"))
  func nagle() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.210  write 100
        0.220  write 100
        0.300 < ACK seq 1 ack 101
        0.300 > PSH.ACK seq 101 ack 1 length 200
        """
    ).run()
  }

  @Test(
    "A full segment does not wait, what is left over does",
    .proves("9293-SHLD-7", "9293-SHLD-28", "9293-MUST-60", "9293-MUST-61"))
  func fullSegment() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.210  write 800
        0.220  write 710
        0.220 > ACK seq 101 ack 1 length 1460
        0.300 < ACK seq 1 ack 101
        0.320 < ACK seq 1 ack 1561
        0.320 > PSH.ACK seq 1561 ack 1 length 50
        """
    ).run()
  }

  @Test("Without Nagle each write leaves at once", .proves("9293-MUST-17"))
  func noDelay() throws {
    try Transcript(
      Opening.plain + """
        0.200  set noDelay on
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.210  write 100
        0.210 > PSH.ACK seq 101 ack 1 length 100
        0.220  set noDelay off
        0.220  write 100
        0.300 < ACK seq 1 ack 201
        0.300 > PSH.ACK seq 201 ack 1 length 100
        """
    ).run()
  }

  @Test("Turning Nagle off releases what it held", .proves("9293-MUST-17"))
  func release() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.210  write 100
        0.220  set noDelay on
        0.220 > PSH.ACK seq 101 ack 1 length 100
        """
    ).run()
  }

  @Test("Half of the largest window that the peer offered may leave", .proves("9293-MUST-38"))
  func halfOfLargestWindow() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 1000 <mss 1460>
      0.100 > ACK seq 1 ack 1
      0.200  write 3000
      0.200 > ACK seq 1 ack 1 length 1000
      0.300 < ACK seq 1 ack 1001 win 500
      0.300 > ACK seq 1001 ack 1 length 500
      """
    ).run()
  }

  @Test("Less waits, for one second at most", .proves("9293-MUST-38", "9293-MUST-60"))
  func override() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 ack 1 length 1000
        0.300 < ACK seq 1 ack 1001 win 400
        0.300  write 3000
        0.800 > ACK seq 1001 ack 1 length 400
        """
    ).run()
  }

  @Test("A reader of single octets opens no silly window", .proves("9293-MUST-39"))
  func slowReader() throws {
    try Transcript(
      Opening.plain + """
        0.200 < ACK seq 1 ack 1 length 1460
        0.200 > ACK seq 1 ack 1461 win 2540
        0.210 < ACK seq 1461 ack 1 length 1460
        0.210 > ACK seq 1 ack 2921 win 1080
        0.220 < PSH.ACK seq 2921 ack 1 length 1080
        0.220 > ACK seq 1 ack 4001 win 0
        0.300  read 1
        0.301  read 1
        0.302  read 1456
        0.303  read 1
        0.304  read 1
        0.304 > ACK seq 1 ack 4001 win 1460 (windowUpdate)
        0.305  read 1
        """
    ).run(open: { $0.options.receiveBufferSize = 4000 })
  }

  @Test("The right edge of our window never moves left", .proves("9293-SHLD-14"))
  func rightEdge() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 1000
        0.200 > ACK seq 1 ack 1001 win 64535
        0.210  set receiveBufferSize 2000
        0.220 < PSH.ACK seq 1001 ack 1 length 1000
        0.220 > ACK seq 1 ack 2001 win 63535
        """
    ).run(open: { $0.options.receiveBufferSize = 65535 })
  }

  @Test("A scaled window is rounded so that its edge does not move left", .proves("9293-SHLD-14", "7323-03"))
  func rounding() throws {
    try Transcript(
      Opening.modern
        + """
        0.200 < PSH.ACK seq 1 ack 1 length 1
        0.200 > ACK seq 1 ack 2 win 65536..1048576
        """.replacing("win 65536..1048576", with: "win *") + "\n"
          + """
          0.210 < PSH.ACK seq 2 ack 1 length 1
          0.210 > ACK seq 1 ack 3
          0.210  read 2
          """
    ).run()
  }
}
