import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Keep-alive (RFC 9293 section 3.8.4)")
struct KeepAliveTests {
  @Test("Keep-alive is off unless a program asks for it", .proves("9293-MUST-25"))
  func off() throws {
    try Transcript(
      Opening.plain + """
        20000.000  phase ESTABLISHED
        """
    ).run()
  }

  @Test(
    "An idle connection is probed after two hours with an empty segment below SND.NXT",
    .proves("9293-MAY-5", "9293-MUST-24", "9293-MUST-28", "9293-SHLD-12"))
  func probe() throws {
    try Transcript(
      Opening.plain + """
           1.000  set keepAlive on
        7200.100 > ACK seq 0 ack 1 (keepAliveProbe)
        7200.200 < ACK seq 1 ack 1
        14400.200 > ACK seq 0 ack 1 (keepAliveProbe)
        14400.300 < ACK seq 1 ack 1
        14400.300  set keepAlive off
        40000.000  phase ESTABLISHED
        """
    ).run()
  }

  @Test(
    "Only several unanswered probes end a connection, and how many is the program's choice",
    .proves("9293-MUST-29", "9293-MUST-27"))
  func unanswered() throws {
    try Transcript(
      Opening.plain + """
         1.000  set keepAliveIdle 10s
         1.000  set keepAliveInterval 2s
         1.000  set keepAliveCount 3
         1.000  set keepAlive on
        10.100 > ACK seq 0 ack 1
        12.100 > ACK seq 0 ack 1
                warned peer-silent 2 after 12000ms
        14.100 > ACK seq 0 ack 1
                phase ESTABLISHED
        16.100 > RST seq 1
                phase CLOSED
                ended keep-alive-timed-out
        """
    ).run()
  }

  @Test("A count of one still allows a lost probe", .proves("9293-MUST-29"))
  func countOfOne() throws {
    try Transcript(
      Opening.plain + """
         1.000  set keepAliveIdle 10s
         1.000  set keepAliveInterval 2s
         1.000  set keepAliveCount 1
         1.000  set keepAlive on
        10.100 > ACK seq 0 ack 1
        12.100 > ACK seq 0 ack 1
        13.000 < ACK seq 1 ack 1
        23.000 > ACK seq 0 ack 1
        """
    ).run()
  }

  @Test("Anything that arrives restarts the interval", .proves("9293-MUST-26"))
  func restart() throws {
    try Transcript(
      Opening.plain + """
         1.000  set keepAliveIdle 10s
         1.000  set keepAlive on
         8.000 < PSH.ACK seq 1 ack 1 length 10
         8.000 > ACK seq 1 ack 11
        18.000 > ACK seq 0 ack 11 (keepAliveProbe)
        """
    ).run()
  }

  @Test("There is no probe while data is outstanding", .proves("9293-MUST-26"))
  func outstanding() throws {
    try Transcript(
      Opening.plain + """
         1.000  set keepAliveIdle 1s
         1.000  set keepAlive on
         1.050  write 100
         1.050 > PSH.ACK seq 1 ack 1 length 100
         1.350 > PSH.ACK seq 1 ack 1 length 100 (timeout)
         1.950 > PSH.ACK seq 1 ack 1 length 100 (timeout)
         3.150 > PSH.ACK seq 1 ack 1 length 100 (timeout)
         5.550 > PSH.ACK seq 1 ack 1 length 100 (timeout)
        """
    ).run()
  }

  @Test("A peer's keep-alive is answered, its garbage octet not delivered", .proves("9293-P-55"), arguments: [0, 1])
  func answered(length: Int) throws {
    try Transcript(
      Opening.plain + """
        9.000 < ACK seq 0 ack 1 length \(length)
        9.000 > ACK seq 1 ack 1
        9.000  read 10 gets nothing
        """
    ).run()
  }
}
