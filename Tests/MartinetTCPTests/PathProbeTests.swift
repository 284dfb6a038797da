import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Round trips take 100 ms, and the timeout is at least one second.
@Suite("Probes for larger packets (RFC 4821)")
struct PathProbeTests {
  private func probe(_ text: String, configure: (inout Configuration) -> Void = { _ in }) throws {
    try PathTranscript.play(text) {
      $0.connection.pathMTUDiscovery = .probing
      configure(&$0)
    }
  }

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
    try PathTranscript.play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1440>
      0.100 > ACK seq 1 ack 1
             status pathmtu 1280 pathlimit 1500
      """, configure: { $0.connection.pathMTUDiscovery = .probing }, open: { $0.useIPv6() })
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
    try PathTranscript.play(
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
    try PathTranscript.play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1440>
      0.100 > ACK seq 1 ack 1
      0.150  mtu 1400
      0.200  write 2440
      0.200 > ACK seq 1 length 1220
      0.200 > PSH.ACK seq 1221 length 1220
      """, configure: { $0.connection.pathMTUDiscovery = .off }, open: { $0.useIPv6() })
  }

  @Test("Without path MTU discovery neither reports nor timeouts make packets of IPv4 smaller than the link's")
  func offWithIPv4() throws {
    try PathTranscript.play(
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
    try PathTranscript.play(
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
