import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Window scale (RFC 7323 section 2)")
struct WindowScaleTests {
  @Test("Windows are scaled only if both SYNs say so", .proves("7323-01"))
  func bothSides() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 1460,sackOK,ts,ws 5>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
      0.100 > ACK seq 1 ack 1 rawwin 65535
      0.200 < ACK seq 1 ack 1 rawwin 1000
             status sendwindow 1000
      """
    ).run()
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 1460,sackOK,ts>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,ws 7>
      0.100 > ACK seq 1 ack 1 rawwin 65535
      0.200 < ACK seq 1 ack 1 rawwin 1000
             status sendwindow 1000
      """
    ).run(configure: { $0.windowScaling = false })
  }

  @Test("A SYN,ACK has the option if the SYN has it", .proves("7323-01", "7323-05"))
  func passive() throws {
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460,ws 2>
      0.000 > SYN.ACK seq 0 ack 1 rawwin 65535 <mss 1460,ws 5>
      0.100 < ACK seq 1 ack 1 rawwin 1000
             status sendwindow 4000
      """
    ).run()
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1 rawwin 65535 <mss 1460>
      0.100 < ACK seq 1 ack 1 rawwin 1000
             status sendwindow 1000
      """
    ).run()
  }

  @Test("The window of a SYN is never scaled, and the option counts in no other segment", .proves("7323-02", "7323-03"))
  func scaledOrNot() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 rawwin 65535
      0.100 < SYN.ACK seq 0 ack 1 rawwin 500 <mss 1460,sackOK,ts,ws 7>
      0.100 > ACK seq 1 ack 1 rawwin 32768
             status sendwindow 500 window 1_048_576
      0.200 < ACK seq 1 ack 1 rawwin 500
             status sendwindow 64000
      0.300 < ACK seq 1 ack 1 rawwin 501 <ts,ws 10>
             status sendwindow 64128
      """
    ).run()
  }

  @Test("A shift of more than 14 counts as 14", .proves("7323-04"), arguments: [(14, 14), (15, 14), (255, 14), (3, 3)])
  func excessiveShift(offered: UInt8, taken: UInt8) throws {
    let octets: [UInt8] = [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x60, 0x02, 0, 0, 0, 0, 0, 0, 3, 3, offered, 0]
    let header = try TCPHeader.parse(octets.span.bytes).header
    #expect(header.options.has(.windowScale))
    #expect(header.options.windowScale.shift == taken)
  }

  @Test("Windows reach 2^30 octets, in both directions", .proves("7323-03", "7323-23"))
  func largestWindow() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 rawwin 65535 <mss 1460,sackOK,ts,ws 14>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,sackOK,ts,ws 14>
      0.100 > ACK seq 1 ack 1 rawwin 65535 win 1_073_725_440
      0.200 < ACK seq 1 ack 1 rawwin 65535
             status sendwindow 1_073_725_440
      # What lies far off in the window is taken.
      0.300 < ACK seq 1_073_725_340 ack 1 length 100
      0.300 > ACK ack 1 <ts,sack 1073725340-1073725440>
      0.400 < ACK seq 1_073_725_441 ack 1 length 100
      0.400 > ACK ack 1 <ts,sack 1073725340-1073725440>
             dropped outsideWindow
      """
    ).run(configure: { $0.connection.receiveBufferSize = 1 << 30 })
  }

  @Test("More than 64 KiB are really on their way at once", .proves("7323-23"))
  func manyInFlight() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,sackOK,ts,ws 7>
      0.100 > ACK seq 1 ack 1
      0.150 < ACK seq 1 ack 1 win 1048576
      0.200  write 579200
      0.200 > ACK seq 1 length 1448 times 399
      0.200 > PSH.ACK seq 577753 length 1448
             status inflight 579200
      0.300 < ACK seq 1 ack 579201 win 1048576
      """
    ).run(configure: { $0.initialWindowSegments = 400 })
  }

  @Test("What a window ever showed stays open, however windows are rounded", .proves("7323-06"))
  func retraction() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 1460,sackOK,ts,ws 1>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,sackOK,ws 7>
      0.100 > ACK seq 1 ack 1 win 100000
      0.200 < ACK seq 1 ack 1 length 1
      0.200 > ACK ack 2 win 100000
      0.300 < ACK seq 2 ack 1 length 1
      0.300 > ACK ack 3 win 100000
      0.300 < ACK seq 3 ack 1 length 1
      0.300 > ACK ack 4 win 99998
      # The window of before reached up to here.
      0.400 < ACK seq 100002 ack 1 length 1
      0.400 > ACK ack 4 <sack 100002-100003>
      """
    ).run(configure: { $0.connection.receiveBufferSize = 100_000 })
  }
}
