import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("When we acknowledge (RFC 9293 section 3.8.6.3, RFC 5681 section 4.2)")
struct AcknowledgementTests {
  /// The start of a flow, where every segment is acknowledged at once, is over.
  static func settled(_ configuration: inout Configuration) { configuration.quickAcknowledgements = 0 }

  @Test(
    "One segment waits for its acknowledgement less than half a second",
    .proves("9293-SHLD-18", "9293-MUST-40", "5681-25"))
  func delayed() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 1460
        0.240 > ACK seq 1 ack 1461 (delayedAcknowledgement)
        """
    ).run(configure: AcknowledgementTests.settled)
  }

  @Test("Every second full segment is acknowledged at once", .proves("5681-25", "5681-26"))
  func everySecond() throws {
    try Transcript(
      Opening.plain + """
        0.200 < ACK seq 1 ack 1 length 1460
        0.201 < ACK seq 1461 ack 1 length 1460
        0.201 > ACK seq 1 ack 2921
        0.202 < ACK seq 2921 ack 1 length 1460
        0.203 < ACK seq 4381 ack 1 length 1460
        0.203 > ACK seq 1 ack 5841
        0.900  wait
        """
    ).run(configure: AcknowledgementTests.settled)
  }

  @Test("Many small segments are acknowledged with the octets of two full ones")
  func smallSegments() throws {
    try Transcript(
      Opening.plain + """
        0.200 < ACK seq 1 ack 1 length 1000
        0.200 > ACK seq 1 ack 1001
        """
    ).run()
  }

  @Test("Data takes the acknowledgement along", .proves("9293-SHLD-18"))
  func piggyback() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 100
        0.210  write 50
        0.210 > PSH.ACK seq 1 ack 101 length 50
        0.300 < ACK seq 101 ack 51
        0.900  wait
        """
    ).run(configure: AcknowledgementTests.settled)
  }

  @Test(
    "A segment out of order is acknowledged at once, and so is the one that fills the gap",
    .proves("5681-14", "5681-15", "9293-MAY-13", "9293-SHLD-31"))
  func outOfOrder() throws {
    try Transcript(
      Opening.plain + """
        0.200 < ACK seq 1461 ack 1 length 1460
        0.200 > ACK seq 1 ack 1 (duplicateAcknowledgement)
        0.210 < ACK seq 4381 ack 1 length 1460
        0.210 > ACK seq 1 ack 1 (duplicateAcknowledgement)
        0.220 < ACK seq 1 ack 1 length 1460
        0.220 > ACK seq 1 ack 2921
        0.230 < ACK seq 2921 ack 1 length 1460
        0.230 > ACK seq 1 ack 5841
        0.230  read 6000 gets 5840
        """
    ).run(configure: AcknowledgementTests.settled)
  }

  @Test("One arrival is answered with one acknowledgement at most", .proves("5681-26"))
  func atMostOne() throws {
    try Transcript(
      Opening.plain + """
        0.200 < FIN.PSH.ACK seq 2921 ack 1 length 100
        0.200 > ACK seq 1 ack 1
        0.210 < ACK seq 1461 ack 1 length 1460
        0.210 > ACK seq 1 ack 1
        0.220 < ACK seq 1 ack 1 length 1460
        0.220 > ACK seq 1 ack 3022
        """
    ).run()
  }
}
