import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Round trips take 100 ms, and the timeout is at least one second.
@Suite("Packets that vanish on the path, and probes for larger ones (RFC 4821)")
struct PathSearchTests {
  private func play(
    _ text: String, configure: (inout Configuration) -> Void = { _ in }, open: (inout OpenParameters) -> Void = { _ in }
  ) throws {
    try Transcript.reno(text).run(
      configure: {
        $0.minimumRetransmissionTimeout = .seconds(1)
        $0.tailLossProbes = false
        configure(&$0)
      }, open: open)
  }

  private func probe(_ text: String, configure: (inout Configuration) -> Void = { _ in }) throws {
    try play(text) {
      $0.connection.pathMTUDiscovery = .probing
      configure(&$0)
    }
  }

  private static func useIPv6(_ parameters: inout OpenParameters) {
    parameters.local = Endpoint(.v6(IPv6Address(high: 0xFD77 << 48, low: 1)), 49152)
    parameters.remote = Endpoint(.v6(IPv6Address(high: 0xFD77 << 48, low: 2)), 80)
  }

  // MARK: Black holes

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
    try play(
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

  @Test(
    "Where those vanish as well they become half as large with every second timeout, to 68 octets", .proves("4821-05"))
  func halves() throws {
    try play(
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
    try play(
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
      """, open: PathSearchTests.useIPv6)
  }

  @Test("Small segments that expire say nothing of the path")
  func smallSegments() throws {
    try play(
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
    try play(
      vanished + """
        7.200 > ACK seq 1 length 984 (timeout)
        7.250 < ACK seq 1 ack 4381
               status pathmtu 1500 mss 1460
        """)
  }

  @Test("After a black hole the size of before is tried again, with data enough to tell", .proves("4821-01"))
  func triesAgain() throws {
    try play(
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

  // MARK: Probes

  private let probed =
    Opening.modern + """
      0.200  write 24000
      0.200 > ACK seq 1 length 1448 (pathProbe) <ts>
      0.200 > ACK seq 1449 length 972 times 8 (newData) <ts>

      """

  @Test(
    "Probing begins with packets that every path takes, and tries those of the link; what arrives is the new size, in the same window",
    .proves("4821-01", "4821-03", "4821-07"))
  func success() throws {
    try probe(
      Opening.modern + """
               status pathmtu 1024 pathsearch 1 pathlimit 1500 cwnd 9720
        0.200  write 24000
        0.200 > ACK seq 1 length 1448 (pathProbe) <ts>
        0.200 > ACK seq 1449 length 972 times 8 (newData) <ts>
        0.300 < ACK seq 1 ack 1449
               # As large as an acknowledgement of 1,448 octets makes it in slow start.
               status pathmtu 1500 mss 1448 pathsearch 2 cwnd 11168
        0.300 > ACK seq 9225 length 1448 times 2 (newData) <ts>
        """)
  }

  @Test("IPv6 begins with 1280 octets", .proves("4821-07"))
  func baseOfIPv6() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1440>
      0.100 > ACK seq 1 ack 1
             status pathmtu 1280 pathlimit 1500
      """, configure: { $0.connection.pathMTUDiscovery = .probing }, open: PathSearchTests.useIPv6)
  }

  @Test(
    "A probe that is lost and nothing else leaves again in smaller segments at once, and that is no congestion",
    .proves("4821-02"))
  func isolatedLoss() throws {
    try probe(
      probed + """
        0.300 < ACK seq 1 ack 1 <sack 1449-2421>
        0.300 > ACK seq 9225 length 972 (limitedTransmit) <ts>
        0.301 < ACK seq 1 ack 1 <sack 1449-3393>
        0.301 > ACK seq 10197 length 972 (limitedTransmit) <ts>
        0.302 < ACK seq 1 ack 1 <sack 1449-4365>
        0.302 > ACK seq 1 length 972 (packetTooBig) <ts>
        0.302 > ACK seq 973 length 476 (packetTooBig) <ts>
        0.302 > ACK seq 11169 length 972 (limitedTransmit) <ts>
               status ssthresh >=1_000_000_000 cwnd 9720 pathmtu 1024
        0.402 < ACK seq 1 ack 9225
               status ssthresh >=1_000_000_000 fastretransmissions 0
        0.402  ignore
        """)
  }

  @Test("A probe that is lost with another segment is a sign of congestion like any loss", .proves("4821-02"))
  func commonLoss() throws {
    try probe(
      probed + """
        0.300 < ACK seq 1 ack 1 <sack 2421-3393>
        0.300 > ACK seq 9225 length 972 (limitedTransmit) <ts>
        0.301 < ACK seq 1 ack 1 <sack 2421-4365>
        0.301 > ACK seq 10197 length 972 (limitedTransmit) <ts>
        0.302 < ACK seq 1 ack 1 <sack 2421-5337>
        0.302 > ACK seq 1 length 972 (fastRetransmission) <ts>
               status ssthresh <=6000
        """)
  }

  @Test("Without SACK three duplicates mean the probe, and no congestion", .proves("4821-02"))
  func isolatedLossWithoutSACK() throws {
    try probe(
      Opening.plain + """
        0.200  write 24000
        0.200 > ACK seq 1 length 1460 (pathProbe)
        0.200 > ACK seq 1461 length 984 times 8
        0.300 < ACK seq 1 ack 1
        0.300 > ACK seq 9333 length 984 (limitedTransmit)
        0.301 < ACK seq 1 ack 1
        0.301 > ACK seq 10317 length 984 (limitedTransmit)
        0.302 < ACK seq 1 ack 1
        0.302 > ACK seq 1 length 984 (packetTooBig)
        0.302  ignore
               status ssthresh >=1_000_000_000 cwnd 9840
        0.303 < ACK seq 1 ack 1
        0.304 < ACK seq 1 ack 1
        0.304  ignore
               status ssthresh >=1_000_000_000 fastretransmissions 0
        """)
  }

  @Test("No probe leaves without data for three segments behind it", .proves("4821-06"), arguments: [4363, 4364])
  func enoughData(octets: Int) throws {
    let first = octets == 4364 ? "length 1448 (pathProbe)" : "length 972 (newData)"
    try probe(
      Opening.modern + """
        0.200  write \(octets)
        0.200 > ACK seq 1 \(first) <ts>
        0.200  ignore
        """)
  }

  @Test("No probe leaves that the peer's window takes alone", .proves("4821-06"), arguments: [4363, 4364])
  func enoughWindow(octets: Int) throws {
    let first = octets == 4364 ? "length 1448 (pathProbe)" : "length 972 (newData)"
    try probe(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win \(octets) <mss 1460,sackOK,ts>
      0.100 > ACK seq 1 ack 1 <ts>
      0.200  write 24000
      0.200 > ACK seq 1 \(first) <ts>
      0.200  ignore
      """)
  }

  @Test("A probe is no more than three segments", .proves("4821-06"))
  func wideLink() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 8960,sackOK,ts>
      0.100 > ACK seq 1 ack 1 <ts>
             status pathmtu 1024 pathlimit 9000
      0.200  write 60000
      0.200 > ACK seq 1 length 2916 (pathProbe) <ts>
      0.200  ignore
      0.300 < ACK seq 1 ack 2917
             status pathmtu 2968
      0.300  ignore
      """, configure: { $0.connection.pathMTUDiscovery = .probing },
      open: {
        $0.linkMTU = 9000
        $0.pathMTU = 9000
      })
  }

  @Test("A search that found nothing larger begins again after ten minutes", .proves("4821-04"))
  func interval() throws {
    try probe(
      Opening.modern + """
        0.200  write 12968
        0.200 > ACK seq 1 length 1448 (pathProbe) <ts>
        0.200  ignore
        0.300 < ACK seq 1 ack 1 <sack 1449-5769>
        0.300  ignore
               status pathsearch 2 pathmtu 1492
        0.400 < ACK seq 1 ack 12969
        599.000  write 12960
        599.000 > ACK seq 12969 length 1440 (newData) <ts>
        599.000  ignore
        599.100 < ACK seq 1 ack 25929
        601.000  write 12968
        601.000 > ACK seq 25929 length 1448 (pathProbe) <ts>
        601.000  ignore
        """,
      configure: {
        $0.basePathMTU = 1492
        $0.pathProbeAttempts = 1
      })
  }

  @Test("A probe is no part of a train")
  func trains() throws {
    var bench = ConnectionBench { $0.connection.pathMTUDiscovery = .probing }
    bench.drain()
    let theirs = bench.theirs
    bench.arrive([.syn, .ack]) {
      $0.sequence = theirs
      $0.options.present.insert(.maximumSegmentSize)
      $0.options.maximumSegmentSize = 1460
    }
    #expect(bench.write([UInt8](repeating: 1, count: 24_000)) == 24_000)
    var departure = Departure()
    var sizes: [[Int]] = []
    while bench.connection.pollTransmit(
      into: &departure, maximumTrain: 61440, in: &bench.environment, at: bench.now) != nil
    {
      sizes.append([departure.payloadCount, departure.segmentSize])
      departure.release(to: &bench.environment.pool)
    }
    #expect(sizes == [[1460, 0], [984 * 8, 984]])
  }

  // MARK: Other ways

  @Test("Without path MTU discovery packets of IPv6 have 1280 octets", .proves("8201-07"))
  func offWithIPv6() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1440>
      0.100 > ACK seq 1 ack 1
      0.150  mtu 1400
      0.200  write 2440
      0.200 > ACK seq 1 length 1220
      0.200 > PSH.ACK seq 1221 length 1220
      """, configure: { $0.connection.pathMTUDiscovery = .off }, open: PathSearchTests.useIPv6)
  }

  @Test("Without path MTU discovery neither reports nor timeouts make packets of IPv4 smaller than the link's")
  func offWithIPv4() throws {
    try play(
      Opening.plain + """
        0.200  write 1460
        0.200 > PSH.ACK seq 1 length 1460
        0.250  icmp 3 4 seq 1 mtu 1000 ignored
        0.250  mtu 1000
        1.200 > PSH.ACK seq 1 length 1460 (timeout)
        3.200 > PSH.ACK seq 1 length 1460 (timeout)
        7.200 > PSH.ACK seq 1 length 1460 (timeout)
        15.200 > PSH.ACK seq 1 length 1460 (timeout)
        """, configure: { $0.connection.pathMTUDiscovery = .off })
  }

  @Test("A program can begin to probe in the middle, from the size that was acknowledged, and can stop it")
  func changes() throws {
    try play(
      Opening.plain + """
        0.200  write 1160
        0.200 > PSH.ACK seq 1 length 1160
        0.300 < ACK seq 1 ack 1161
        0.400  set pathMTUDiscovery probing
               status pathmtu 1200 pathsearch 1 pathlimit 1500
        0.500  set pathMTUDiscovery off
               status pathmtu 1500 pathsearch 0
        """)
  }
}

/// Round trips take 100 ms, and the timeout is at least one second.
@Suite("Reports that contradict what was acknowledged (RFC 5927 section 7.2)")
struct DoubtfulReportTests {
  private func play(_ text: String) throws {
    try Transcript.reno(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      $0.tailLossProbes = false
    })
  }

  private let reported =
    Opening.plain + """
      0.200  write 1460
      0.200 > PSH.ACK seq 1 length 1460
      0.300 < ACK seq 1 ack 1461
      0.400  write 4380
      0.400 > ACK seq 1461 length 1460 times 2
      0.400 > PSH.ACK seq 4381 length 1460
      0.450  icmp 3 4 seq 1461 mtu 1000 ignored
             status pathmtu 1500

      """

  @Test(
    "A claim that the path takes less than was acknowledged waits, and is forgotten when its segment arrives",
    .proves("5927-04"))
  func forged() throws {
    try play(
      reported + """
        0.500 < ACK seq 1 ack 2921
        1.500 > ACK seq 2921 length 1460 (timeout)
               status pathmtu 1500
        """)
  }

  @Test("It is believed when its segment expires", .proves("5927-04"))
  func borneOut() throws {
    try play(
      reported + """
        0.460  icmp 3 4 seq 4381 mtu 1000 ignored
        1.400 > ACK seq 1461 length 960 (timeout)
               status pathmtu 1000
        1.500 < ACK seq 1 ack 2421
        1.500 > ACK seq 2421 length 960 times 2 (timeoutRecovery)
        """)
  }

  @Test("A claim of more than was acknowledged is believed at once", .proves("5927-04"))
  func first() throws {
    try play(
      Opening.plain + """
        0.200  write 500
        0.200 > PSH.ACK seq 1 length 500
        0.300 < ACK seq 1 ack 501
        0.400  write 1460
        0.400 > PSH.ACK seq 501 length 1460
        0.450  icmp 3 4 seq 501 mtu 1000 believed
        0.450 > ACK seq 501 length 960 (packetTooBig)
        0.450 > PSH.ACK seq 1461 length 500 (packetTooBig)
        """)
  }
}
