import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("What the network reports (RFC 5927, RFC 1191, RFC 8201)")
struct NetworkErrorTests {
  @Test(
    "Only an error about octets that are on their way is believed", .proves("5927-01", "ATK-36"),
    arguments: [(0, "ignored"), (1, "believed"), (100, "believed"), (101, "ignored"), (-5000, "ignored")])
  func quotedSequence(number: Int, outcome: String) throws {
    for error in ["3 1", "3 0", "11 0", "12 0", "3 2", "3 3", "3 4"] {
      try Transcript(
        Opening.plain + """
          0.200  write 100
          0.200 > PSH.ACK seq 1 length 100
          0.250  icmp \(error) seq \(number) \(outcome)
                 phase ESTABLISHED
          """
      ).run()
    }
  }

  @Test("When nothing is on its way no error is believed", .proves("5927-01"))
  func nothingOutstanding() throws {
    try Transcript(
      Opening.plain + """
        0.200  icmp 3 1 seq 1 ignored
        0.200  icmp 3 4 seq 1 ignored
        0.200  icmp 3 3 seq 0 ignored
               events connected,writable
        """
    ).run()
  }

  @Test("A hard error ends an attempt to connect, not a connection", .proves("5927-02", "ATK-36"), arguments: [2, 3])
  func hardErrors(code: Int) throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.050  icmp 3 \(code) seq 0 believed
             ended unreachable 3 \(code)
      """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 length 100
               events connected,writable
        0.250  icmp 3 \(code) seq 1 believed
               events warning
               status softerror \(3 * 256 + code)
        0.300 < ACK seq 1 ack 101
               phase ESTABLISHED
        """
    ).run()
  }

  @Test("A source quench changes nothing", .proves("5927-03"))
  func sourceQuench() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 length 100
               events connected,writable
        0.250  icmp 4 0 seq 1 ignored
               events none
               status cwnd 14600 softerror none
        """
    ).run()
  }

  private let tenOut =
    Opening.plain + """
      0.200  write 14600
      0.200 > ACK seq 1 length 1460 times 9
      0.200 > PSH.ACK seq 13141 length 1460
      0.250  icmp 3 4 seq 1 believed
      0.250  mtu 1040
      0.250 > ACK seq 1 length 1000 times 10 (packetTooBig)

      """

  @Test(
    "What a narrow path refused is sent again in smaller segments, and that is no congestion",
    .proves("1191-06", "8201-06", "5681-05", "8201-05", "7323-21"))
  func narrowPath() throws {
    try Transcript(
      tenOut + """
               status cwnd 10000 ssthresh >=1_000_000_000 mss 1000
        0.350 < ACK seq 1 ack 9001
        0.350 > ACK seq 10001 length 1000 times 4 (packetTooBig)
        0.350 > PSH.ACK seq 14001 length 600 (packetTooBig)
               status ssthresh >=1_000_000_000
        """
    ).run()
  }

  @Test("A burst of reports about one burst repeats nothing twice", .proves("1191-05"))
  func burst() throws {
    try Transcript(
      tenOut + """
        0.251  icmp 3 4 seq 1461 believed
        0.251  mtu 1040
        0.252  icmp 3 4 seq 13141 believed
        0.252  mtu 1040
        0.253  wait
        """
    ).run()
  }

  @Test("A path that becomes wider repeats nothing", .proves("1191-05"))
  func wider() throws {
    try Transcript(
      Opening.plain + """
        0.150  mtu 1040
        0.200  write 3000
        0.200 > ACK seq 1 length 1000 times 2
        0.200 > PSH.ACK seq 2001 length 1000
        0.250  mtu 1500
        0.251  wait
               status retransmissions 0 mss 1460
        0.300 < ACK seq 1 ack 3001
        0.300  write 1460
        0.300 > PSH.ACK seq 3001 length 1460
        """
    ).run()
  }

  @Test("No path makes segments larger than the peer takes, and none repeats more than it takes", .proves("8201-05"))
  func peerLimits() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 800>
      0.100 > ACK seq 1 ack 1
      0.150  mtu 1500
      0.200  write 1600
      0.200 > ACK seq 1 length 800
      0.200 > PSH.ACK seq 801 length 800
      0.250  mtu 640
      0.250 > ACK seq 1 length 600
      0.250 > ACK seq 601 length 600
      0.250 > PSH.ACK seq 1201 length 400
      0.550 > ACK seq 1 length 600 (timeout)
      """
    ).run()
  }
}
