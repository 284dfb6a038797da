import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("The handshake (RFC 9293 section 3.5)")
struct HandshakeTests {
  @Test("An active open sends SYN and answers the SYN,ACK", .proves("9293-P-07", "9293-SHLD-5", "9293-MAY-3"))
  func activeOpen() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 win 65535 <mss 1460,sackOK,ts 0 0,ws 5>
             phase SYN-SENT
             events none
      0.100 < SYN.ACK seq 0 ack 1 win 20000 <mss 1400>
      0.100 > ACK seq 1 ack 1 win 65535 <>
             phase ESTABLISHED
             events connected,writable
             status una 1 next 1 received 1 sendwindow 20000 mss 1400 srtt 100ms
      """
    ).run()
  }

  @Test("The ACK of the SYN,ACK carries data that was written before", .proves("9293-P-07"))
  func dataWithAck() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.050  write 500
      0.100 < SYN.ACK seq 0 ack 1 win 20000 <mss 1400>
      0.100 > PSH.ACK seq 1 ack 1 length 500
      """
    ).run()
  }

  @Test("A passive open answers the SYN and waits for the ACK", .proves("9293-P-04", "9293-P-19"))
  func passiveOpen() throws {
    try Transcript(
      """
      0.000  listen
             phase LISTEN
      0.000 < SYN seq 0 win 20000 <mss 1400>
      0.000 > SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
             phase SYN-RECEIVED
             status una 0 next 1 received 1
             events none
      0.100 < ACK seq 1 ack 1 win 30000
             phase ESTABLISHED
             events connected,writable
             status una 1 next 1 received 1 sendwindow 30000
      """
    ).run()
  }

  @Test("The ACK that completes a passive open has a scaled window", .proves("9293-P-19", "7323-02", "7323-03"))
  func scaledWindow() throws {
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460,ws 7>
      0.000 > SYN.ACK seq 0 ack 1 rawwin 65535 <mss 1460,ws 5>
      0.100 < ACK seq 1 ack 1 rawwin 1000
             status sendwindow 128000
      """
    ).run()
  }

  @Test("Data on the ACK that completes the handshake is delivered", .proves("9293-P-19"))
  func dataOnThirdSegment() throws {
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 20000 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1
      0.100 < PSH.ACK seq 1 ack 1 length 100
      0.100 > ACK seq 1 ack 101
             phase ESTABLISHED
      0.100  read 1000 gets 100
      """
    ).run()
  }

  @Test("Data on a SYN is not acknowledged, so that the peer sends it again", .proves("9293-P-04"))
  func dataOnSyn() throws {
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 20000 length 100 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1
      0.100 < ACK seq 1 ack 1
      0.200 < PSH.ACK seq 1 ack 1 length 100
      0.200 > ACK seq 1 ack 101
      0.200  read 100
      """
    ).run()
  }

  @Test("Crossing SYNs make one connection", .proves("9293-MUST-10", "9293-P-08"))
  func simultaneousOpen() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.050 < SYN seq 0 win 20000 <mss 1460>
      0.050 > SYN.ACK seq 0 ack 1 win 65535
             phase SYN-RECEIVED
             status una 0 next 1 received 1
      0.100 < SYN.ACK seq 0 ack 1 win 20000 <mss 1460>
             phase ESTABLISHED
             events connected,writable
             status una 1 next 1 received 1 sendwindow 20000
      0.200  write 100
      0.200 > PSH.ACK seq 1 ack 1 length 100
      """
    ).run()
  }

  @Test("A lost SYN is sent again at doubling intervals", .proves("9293-MUST-22", "6298-01", "6298-15"))
  func synLost() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 (handshake)
      1.000 > SYN seq 0 (timeout)
      3.000 > SYN seq 0 (timeout)
             events none
      7.000 > SYN seq 0 (timeout)
             events warning
      7.100 < SYN.ACK seq 0 ack 1 win 20000 <mss 1460>
      7.100 > ACK seq 1 ack 1
             phase ESTABLISHED
      """
    ).run()
  }

  @Test("An unanswered SYN is given up after three minutes, not before", .proves("9293-MUST-23", "9293-MUST-22"))
  func synGivenUp() throws {
    try Transcript(
      """
        0.000  connect
        0.000 > SYN seq 0
        1.000 > SYN seq 0
        3.000 > SYN seq 0
        7.000 > SYN seq 0
        15.000 > SYN seq 0
        31.000 > SYN seq 0
        63.000 > SYN seq 0
      123.000 > SYN seq 0
      180.000  phase SYN-SENT
      183.000  phase CLOSED
               ended connect-timed-out
               events readable,writable,warning,ended
      """
    ).run()
  }

  @Test("A program's connect timeout comes first", .proves("9293-MUST-23"))
  func connectTimeout() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      1.000 > SYN seq 0
      1.499  phase SYN-SENT
      1.500  phase CLOSED
             ended connect-timed-out
      """
    ).run(open: { $0.options.connectTimeout = .milliseconds(1500) })
  }

  @Test("A lost SYN,ACK is sent again, and the SYN repeated by the peer is answered")
  func synAckLost() throws {
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 20000 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1
      0.500 < SYN seq 0 win 20000 <mss 1460>
      0.500 > SYN.ACK seq 0 ack 1
      1.500 > SYN.ACK seq 0 ack 1
      1.600 < ACK seq 1 ack 1
             phase ESTABLISHED
      """
    ).run()
  }

  @Test("A SYN,ACK that nobody acknowledges ends the record")
  func synAckGivenUp() throws {
    try Transcript(
      """
       0.000  listen
       0.000 < SYN seq 0 win 20000 <mss 1460>
       0.000 > SYN.ACK seq 0 ack 1
       1.000 > SYN.ACK seq 0 ack 1
       3.000 > SYN.ACK seq 0 ack 1
       7.000 > SYN.ACK seq 0 ack 1
      15.000 > SYN.ACK seq 0 ack 1
      31.000 > SYN.ACK seq 0 ack 1
      62.999  phase SYN-RECEIVED
      63.000  phase CLOSED
      """
    ).run()
  }

  @Test("SEND before the connection stands queues", .proves("9293-P-35"))
  func sendQueues() throws {
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 20000 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1
      0.050  write 200
      0.100 < ACK seq 1 ack 1
      0.100 > PSH.ACK seq 1 ack 1 length 200
      """
    ).run()
  }
}
