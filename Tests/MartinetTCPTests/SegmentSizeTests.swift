import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Segment sizes (RFC 9293 section 3.7.1)")
struct SegmentSizeTests {
  static func useIPv6(_ parameters: inout OpenParameters) {
    parameters.local.address = .v6(IPv6Address(high: 0xFD77_0000_0000_0000, low: 1))
    parameters.remote.address = .v6(IPv6Address(high: 0xFD77_0000_0000_0000, low: 2))
  }

  @Test(
    "We offer what the link takes, whatever the options, and only on a SYN",
    .proves("9293-MUST-67", "9293-MUST-65", "9293-MUST-14", "9293-SHLD-5"))
  func offered() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 8960,*>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 8960,ts,sackOK>
      0.100 > ACK seq 1 ack 1 <ts>
      0.200  write 100
      0.200 > PSH.ACK seq 1 ack 1 length 100 <ts>
      """
    ).run(open: {
      $0.linkMTU = 9000
      $0.pathMTU = 1500
    })
  }

  @Test("On IPv6 we offer 20 octets less", .proves("9293-MUST-67", "8200-10"))
  func offeredIPv6() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 1440,*>
      """
    ).run(open: SegmentSizeTests.useIPv6)
  }

  @Test("The peer's offer bounds what we send", .proves("9293-MUST-14"))
  func bounds() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 600>
      0.100 > ACK seq 1 ack 1
      0.200  write 1300
      0.200 > ACK seq 1 ack 1 length 600 times 2
      0.300 < ACK seq 1 ack 1201
      0.300 > PSH.ACK seq 1201 ack 1 length 100
      """
    ).run()
  }

  @Test("Without an offer segments have 536 octets on IPv4", .proves("9293-MUST-15"))
  func noOffer() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535
      0.100 > ACK seq 1 ack 1
      0.200  write 1072
      0.200 > ACK seq 1 ack 1 length 536
      0.200 > PSH.ACK seq 537 ack 1 length 536
      """
    ).run()
  }

  @Test("Without an offer segments have 1220 octets on IPv6", .proves("9293-MUST-15"))
  func noOfferIPv6() throws {
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535
      0.000 > SYN.ACK seq 0 ack 1
      0.100 < ACK seq 1 ack 1
      0.200  write 2440
      0.200 > ACK seq 1 ack 1 length 1220
      0.200 > PSH.ACK seq 1221 ack 1 length 1220
      """
    ).run(open: SegmentSizeTests.useIPv6)
  }

  @Test("Options and the path take their room from the payload", .proves("9293-MUST-16", "9293-SHLD-28"))
  func optionsTakeRoom() throws {
    try Transcript(
      Opening.modern + """
        0.200  write 2896
        0.200 > ACK seq 1 ack 1 length 1448
        0.200 > PSH.ACK seq 1449 ack 1 length 1448
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200  write 2000
        0.200 > ACK seq 1 ack 1 length 1000
        0.200 > PSH.ACK seq 1001 ack 1 length 1000
        """
    ).run(open: { $0.pathMTU = 1040 })
  }

  @Test("SACK blocks take their room, too", .proves("9293-MUST-16"))
  func blocksTakeRoom() throws {
    try Transcript(
      Opening.modern + """
        0.200 < PSH.ACK seq 101 ack 1 length 100
        0.200 > ACK seq 1 ack 1 <ts,sack 101-201>
        0.300  write 1436
        0.300 > PSH.ACK seq 1 ack 1 length 1436 <ts,sack 101-201>
        """
    ).run()
  }

  @Test("A tiny offer is raised, so that we send more than headers", .proves("ATK-22"))
  func tiny() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1>
      0.100 > ACK seq 1 ack 1
             status mss 88
      """
    ).run()
  }

  @Test("On the narrowest path SACK blocks leave room for payload", .proves("ATK-22"))
  func narrowest() throws {
    try Transcript(
      Opening.modern + """
        0.150  mtu 68
        0.200 < PSH.ACK seq 101 ack 1 length 100
        0.200 > ACK seq 1 ack 1 <ts>
        0.200 < PSH.ACK seq 301 ack 1 length 100
        0.200 > ACK seq 1 ack 1 <ts>
        0.300  write 32
        0.300 > ACK seq 1 ack 1 length 16 <ts>
        0.300 > PSH.ACK seq 17 ack 1 length 16 <ts>
        """
    ).run()
  }

  @Test("A smaller path makes smaller segments, of what waits and of what was sent", .proves("9293-P-51"))
  func smallerPath() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 4000
        0.200 > ACK seq 1 ack 1 length 1460 times 2
        0.250  icmp 3 4 seq 1 believed
        0.250  mtu 1040
        0.250 > ACK seq 1 ack 1 length 1000 (packetTooBig)
        0.250 > ACK seq 1001 ack 1 length 1000 (packetTooBig)
        0.250 > * seq 2001 ack 1 length 920 (packetTooBig)
        0.250 > ACK seq 2921 ack 1 length 1000 (newData)
        0.260  status mss 1000
        """
    ).run()
  }
}
