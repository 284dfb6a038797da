import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Round trips take 100 ms, and the timeout is at least one second.
@Suite("Packets that vanish on the path (RFC 4821 section 7.7)")
struct BlackHoleTests {
  private let vanished =
    Opening.plain + """
      0.200  write 4380
      0.200 > ACK seq 1 length 1460 times 2
      0.200 > PSH.ACK seq 2921 length 1460
      1.200 > ACK seq 1 length 1460 (timeout)
      3.200 > ACK seq 1 length 1460 (timeout)
             status pathmtu 1500 blackholes 0

      """

  @Test("Full segments that expire three times leave in packets that every path takes", .proves("4821-05"))
  func blackHole() throws {
    try PathTranscript.play(
      vanished + """
        7.200 > ACK seq 1 length 984 (timeout)
               status pathmtu 1024 mss 984 blackholes 1
        7.300 < ACK seq 1 ack 985
        7.300 > ACK seq 985 length 476 (timeoutRecovery)
        7.300 > ACK seq 1461 length 984 (timeoutRecovery)
        7.400 < ACK seq 1 ack 2445
        7.400 > ACK seq 2445 length 984 (timeoutRecovery)
        7.400 > PSH.ACK seq 3429 length 952 (timeoutRecovery)
        7.500 < ACK seq 1 ack 4381
               status pathmtu 1024
        """)
  }

  /// The first segment and all its repetitions are lost, and the peer holds what SACK names.
  private func burst(of octets: Int, holds block: String, then rest: String) throws {
    try PathTranscript.play(
      Opening.modern + """
        0.200  write \(octets)
        0.200  ignore
        0.300 < ACK seq 1 ack 1 <ts,sack \(block)>
        0.325 > ACK seq 1 length 1448 (fastRetransmission)
        1.325 > ACK seq 1 length 1448 (timeout)
        3.325 > ACK seq 1 length 1448 (timeout)

        """ + rest, configure: { $0.connection.noDelay = true })
  }

  @Test("A later segment as large that the peer holds refutes that size is why the first expires", .proves("4821-05"))
  func refuted() throws {
    try burst(
      of: 4344, holds: "1449-4345",
      then: """
        7.325 > ACK seq 1 length 1448 (timeout)
        15.325 > ACK seq 1 length 1448 (timeout)
               status pathmtu 1500 blackholes 0
        """)
  }

  @Test("A small one refutes nothing", .proves("4821-05"))
  func notRefuted() throws {
    try burst(
      of: 1548, holds: "1449-1549",
      then: """
        7.325 > ACK seq 1 length 972 (timeout)
               status pathmtu 1024 blackholes 1
        """)
  }

  @Test(
    "After twice as many timeouts the path is believed to have become narrower all the same", .proves("4821-05"))
  func narrowerSince() throws {
    try burst(
      of: 4344, holds: "1449-4345",
      then: """
        7.325  ignore
        15.325  ignore
        31.325 > ACK seq 1 length 1448 (timeout)
        63.325 > ACK seq 1 length 972 (timeout)
               status pathmtu 1024 blackholes 1
        """)
  }

  @Test(
    "Where those vanish as well they become half as large with every second timeout, to 68 octets", .proves("4821-05"))
  func halves() throws {
    try PathTranscript.play(
      vanished + """
        7.200 > ACK seq 1 length 984 (timeout)
        15.200 > ACK seq 1 length 984 (timeout)
        31.200 > ACK seq 1 length 472 (timeout)
        63.200 > ACK seq 1 length 472 (timeout)
        123.200 > ACK seq 1 length 216 (timeout)
        183.200 > ACK seq 1 length 216 (timeout)
        243.200 > ACK seq 1 length 88 (timeout)
        303.200 > ACK seq 1 length 88 (timeout)
        363.200 > ACK seq 1 length 28 (timeout)
        423.200 > ACK seq 1 length 28 (timeout)
        483.200 > ACK seq 1 length 28 (timeout)
               status pathmtu 68 blackholes 5
        """)
  }

  @Test("With IPv6 they never become smaller than 1280 octets", .proves("4821-05"))
  func floorOfIPv6() throws {
    try PathTranscript.play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1440>
      0.100 > ACK seq 1 ack 1
      0.200  write 1440
      0.200 > PSH.ACK seq 1 length 1440
      1.200 > PSH.ACK seq 1 length 1440 (timeout)
      3.200 > PSH.ACK seq 1 length 1440 (timeout)
      7.200 > ACK seq 1 length 1220 (timeout)
      15.200 > ACK seq 1 length 1220 (timeout)
      31.200 > ACK seq 1 length 1220 (timeout)
      63.200 > ACK seq 1 length 1220 (timeout)
      123.200 > ACK seq 1 length 1220 (timeout)
             status pathmtu 1280 blackholes 1
      """, open: { $0.useIPv6() })
  }

  @Test("Small segments that expire say nothing of the path")
  func smallSegments() throws {
    try PathTranscript.play(
      Opening.plain + """
        0.200  write 984
        0.200 > PSH.ACK seq 1 length 984
        1.200 > PSH.ACK seq 1 length 984 (timeout)
        3.200 > PSH.ACK seq 1 length 984 (timeout)
        7.200 > PSH.ACK seq 1 length 984 (timeout)
        15.200 > PSH.ACK seq 1 length 984 (timeout)
               status pathmtu 1500 blackholes 0
        """)
  }

  @Test("If the large segments had arrived after all, segments are as large as before")
  func silenceOnly() throws {
    try PathTranscript.play(
      vanished + """
        7.200 > ACK seq 1 length 984 (timeout)
        7.250 < ACK seq 1 ack 4381
               status pathmtu 1500 mss 1460
        """)
  }

  @Test("After a black hole the size of before is tried again, with data enough to tell", .proves("4821-01"))
  func triesAgain() throws {
    try PathTranscript.play(
      Opening.plain + """
        0.200  write 14600
        0.200  ignore
        1.200  ignore
        3.200  ignore
        7.200 > ACK seq 1 length 984 (timeout)
        7.300 < ACK seq 1 ack 985
        7.300  ignore
        7.400 < ACK seq 1 ack 2445
        7.400  ignore
        7.500 < ACK seq 1 ack 5397
        7.500  ignore
        7.600 < ACK seq 1 ack 9333
        7.600  ignore
        7.700 < ACK seq 1 ack 14253
        7.700  ignore
        7.800 < ACK seq 1 ack 14601
               status pathmtu 1024 pathsearch 1 pathlimit 1500 pathprobes 0
        7.900  write 14600
        7.900 > ACK seq 14601 length 1460 (pathProbe)
        7.900  ignore
        8.000 < ACK seq 1 ack 16061
               status pathmtu 1500 pathsearch 2 pathprobes 1
        8.000  ignore
        """)
  }
}

extension OpenParameters {
  /// Two ends with addresses of IPv6.
  mutating func useIPv6() {
    local = Endpoint(.v6(IPv6Address(high: 0xFD77 << 48, low: 1)), 49152)
    remote = Endpoint(.v6(IPv6Address(high: 0xFD77 << 48, low: 2)), 80)
  }
}
