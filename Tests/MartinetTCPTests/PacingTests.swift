import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Pacing (draft-ietf-ccwg-bbr sections 5.6.2 and 5.6.3)")
struct PacingTests {
  private func play(_ text: String) throws {
    try Transcript(text).run(configure: { $0.connection.pacing = true })
  }

  @Test(
    "In slow start two windows leave in a round trip, in quanta of two segments where the rate is low",
    .proves("7661-06"))
  func slowStart() throws {
    // 28,960 octets in 100 ms: two segments every 10 ms.
    try play(
      Opening.modern + """
        0.200  write 14480
        0.200 > ACK seq 1 length 1448 times 2
        0.209 > ACK seq 2897 length 1448 times 2
        0.219 > ACK seq 5793 length 1448 times 2
        0.229 > ACK seq 8689 length 1448 times 2
        0.239 > ACK seq 11585 length 1448
        0.239 > PSH.ACK seq 13033 length 1448
        """)
  }

  @Test("Neither an acknowledgement nor a FIN waits for its turn, nor what the timer repeats")
  func unpaced() throws {
    try play(
      Opening.modern + """
        0.200  write 2896
        0.200 > ACK seq 1 length 1448
        0.200 > PSH.ACK seq 1449 length 1448
        0.201 < ACK seq 1 ack 1 length 100
        0.201 > ACK seq 2897 ack 101
        0.202  close
        0.202 > FIN.ACK seq 2897 ack 101
        """)
  }

  @Test("Without pacing a window leaves at once")
  func off() throws {
    try Transcript(
      Opening.modern + """
        0.200  write 14480
        0.200 > ACK seq 1 length 1448 times 9
        0.200 > PSH.ACK seq 13033 length 1448
        """
    ).run()
  }
}
