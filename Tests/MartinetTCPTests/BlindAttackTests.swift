import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// The attacker knows the four-tuple and guesses numbers; octets marked `forged` are his.
@Suite("Blind attacks (RFC 5961, RFC 1337)")
struct BlindAttackTests {
  @Test("RSTs through the whole sequence space, a window apart, do not end the connection", .proves("ATK-04"))
  func resetSweep() {
    var bench = ConnectionBench()
    bench.shake {
      $0.options.present.insert(.windowScale)
      $0.options.windowScale = WindowScale(clamping: 7)
    }
    bench.arrive(.ack)
    let window = bench.connection.status(in: bench.environment, at: bench.now).receiveWindow
    #expect(window > 1_000_000)
    var challenges = 0
    for step in 0...((1 << 32) / window) {
      // Never exactly at the left edge.
      challenges += bench.arrive(.rst) { $0.sequence += step * window + 17 }.count
    }
    #expect(bench.connection.phase == .established)
    #expect((1...10).contains(challenges))
    bench.arrive(.rst)
    #expect(bench.connection.endReason == .reset(in: .established))
  }

  @Test(
    "A SYN in the window is challenged, and the stream goes on", .proves("ATK-05"), arguments: [1, 100, 60000, 900_000])
  func synInjection(number: Int) throws {
    try Transcript(
      Opening.modern + """
        0.200 < PSH.ACK seq 1 ack 1 length 100
        0.200 > ACK ack 101
        0.300 < SYN seq \(number) win 65535 <mss 1460,ts 300 0>
        0.300 > ACK seq 1 ack 101 (challengeAcknowledgement)
               phase ESTABLISHED
        0.400 < PSH.ACK seq 101 ack 1 length 100
        0.400 > ACK ack 201
        0.400  read 300 gets 200
        0.500  write 100
        0.500 > PSH.ACK seq 1 length 100
        """
    ).run()
  }

  @Test(
    "Injected octets with an ACK that can't be are not taken, and the stream stays as it is", .proves("ATK-06"),
    arguments: [101, 2_000_000_000, -65536, -2_000_000_000])
  func dataInjection(acknowledgement: Int) throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 length 100
        0.300 < PSH.ACK seq 1 ack \(acknowledgement == 101 ? 102 : acknowledgement) length 50 forged
        0.300 > ACK seq 101 ack 1
               status received 1 unread 0 una 1
        0.400 < PSH.ACK seq 1 ack 101 length 100
        0.400 > ACK ack 101
        0.400  read 300 gets 100
        """
    ).run()
  }

  @Test("A forged FIN outside the window does nothing", .proves("ATK-08"), arguments: [0, -1, 65537, 2_000_000])
  func finOutside(number: Int) throws {
    try Transcript(
      Opening.plain + """
        0.200 < FIN.ACK seq \(number) ack 1
        0.200 > ACK ack 1
               phase ESTABLISHED
        0.300 < PSH.ACK seq 1 ack 1 length 100
        0.300 > ACK ack 101
               phase ESTABLISHED
        """
    ).run()
  }

  @Test("A FIN ahead of its place counts only when everything before it is there", .proves("ATK-08"))
  func finAhead() throws {
    try Transcript(
      Opening.plain + """
        0.200 < FIN.ACK seq 101 ack 1
        0.200 > ACK ack 1
               phase ESTABLISHED
        0.300  read 10 gets nothing
        0.300 < PSH.ACK seq 1 ack 1 length 100
        0.300 > ACK ack 102
               phase CLOSE-WAIT
        0.300  read 300 gets 100
        0.300  read 300 gets end
        """
    ).run()
  }

  @Test("In TIME-WAIT neither RST nor old segments end the waiting", .proves("ATK-28"))
  func timeWait() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < FIN.ACK seq 1 ack 2
        0.300 > ACK seq 2 ack 2
        1.000 < RST seq 2
        1.000 < RST.ACK seq 2 ack 2
        2.000 < PSH.ACK seq 1 ack 1 length 1
        2.000 > ACK seq 2 ack 2
        3.000 < SYN seq -100 win 65535
        60.299  phase TIME-WAIT
        60.300  phase CLOSED
               ended closed
        """
    ).run()
  }

  @Test("A RST in the window is challenged, and a peer that meant it answers with the right number", .proves("5961-10"))
  func resetRoundTrip() throws {
    try Transcript(
      Opening.plain + """
        0.200 < RST seq 500
        0.200 > ACK seq 1 ack 1 (challengeAcknowledgement)
               phase ESTABLISHED
        0.300 < RST seq 1
               ended reset ESTABLISHED
        """
    ).run()
  }

  @Test("An ACK of what was never sent is challenged and changes nothing", .proves("ATK-18"))
  func optimisticAck() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 length 1000
        0.300 < ACK seq 1 ack 1002 win 100
        0.300 > ACK seq 1001 ack 1
               status una 1 cwnd 14600 sendwindow 65535 srtt 100ms
               dropped acknowledgementOfNothingSent
        0.400 < ACK seq 1 ack 1001
        """
    ).run()
  }

  @Test("What is acknowledged early lets no more leave than the peer's window takes", .proves("ATK-18"))
  func earlyAck() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 14600 <mss 1460>
      0.100 > ACK seq 1 ack 1
      0.200  write 100_000
      0.200 > ACK seq 1 length 1460 times 10
      0.200 < ACK seq 1 ack 14601
      0.200 > ACK seq 14601 length 1460 times 10
      0.200 < ACK seq 1 ack 29201
      0.200 > ACK seq 29201 length 1460 times 10
             status inflight 14600
      """
    ).run()
  }

  @Test("An old segment does not change the window", .proves("ATK-35"))
  func windowPoison() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 31 ack 1 length 10 win 6000
        0.200 > ACK ack 1
               status sendwindow 6000
        0.300 < PSH.ACK seq 1 ack 1 length 30 win 0
        0.300 > ACK ack 41
               status sendwindow 6000
        0.400  write 100
        0.400 > PSH.ACK seq 1 length 100
        0.500 < ACK seq 41 ack 101 win 7000
               status sendwindow 7000
        0.600 < ACK seq 41 ack 1 win 100
        0.600 < PSH.ACK seq 21 ack 101 length 10 win 100
        0.600 > ACK ack 41
        0.600 < ACK seq 41 ack 5_000_000 win 100
        0.600 > ACK ack 41
               status sendwindow 7000
        """
    ).run()
  }

  @Test(
    "Two ends that an attacker has put out of step stop answering each other", .proves("ATK-42"),
    arguments: [1, 2, 100, 5000])
  func acknowledgementStorm(octets: Int) {
    var one = ConnectionBench(ours: 1_000_000, theirs: 2_000_000)
    var other = ConnectionBench(passive: true, ours: 2_000_000, theirs: 1_000_000)
    one.shake()
    other.shake()
    let forged = StreamPattern.forged.octets(from: 0, count: octets)
    var toOther = one.arrive(.ack, payload: forged)
    var toOne = other.arrive(.ack, payload: forged)
    var exchanged = 0
    while !(toOther.isEmpty && toOne.isEmpty) && exchanged < 10000 {
      exchanged += toOther.count + toOne.count
      var answers: [SentSegment] = []
      for segment in toOther { answers += other.arrive(segment.header) }
      var more: [SentSegment] = []
      for segment in toOne { more += one.arrive(segment.header) }
      toOne = answers
      toOther = more
    }
    #expect(exchanged <= 50)
    #expect(one.connection.phase == .established)
  }
}
