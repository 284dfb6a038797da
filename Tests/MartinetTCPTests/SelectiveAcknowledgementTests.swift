import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Selective acknowledgement as the receiver gives it (RFC 2018 sections 2 to 4)")
struct SelectiveAcknowledgementTests {
  @Test("SACK is offered in a SYN only, and used only if the peer offered it", .proves("2018-01", "2018-02"))
  func offered() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 1460,sackOK,ts,ws 5>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
      0.100 > ACK seq 1 ack 1 <>
      0.200 < PSH.ACK seq 1001 ack 1 length 1000
      0.200 > ACK seq 1 ack 1 <>
      0.300  write 100
      0.300 > PSH.ACK seq 1 ack 1 length 100 <>
      """
    ).run()
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460,ts 0 0>
      0.000 > SYN.ACK seq 0 ack 1 <mss 1460,ts>
      0.100 < ACK seq 1 ack 1
      0.200 < PSH.ACK seq 1001 ack 1 length 1000
      0.200 > ACK seq 1 ack 1 <ts>
      """
    ).run()
    try Transcript(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460,sackOK>
      0.000 > SYN.ACK seq 0 ack 1 <mss 1460,sackOK>
      0.100 < ACK seq 1 ack 1
      0.200 < PSH.ACK seq 1001 ack 1 length 1000
      0.200 > ACK seq 1 ack 1 <sack 1001-2001>
      """
    ).run()
  }

  @Test("A host that does without SACK neither offers nor sends it", .proves("2018-02"))
  func switchedOff() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 1460,ts,ws 5>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,sackOK>
      0.100 > ACK seq 1 ack 1 <>
      0.200 < PSH.ACK seq 1001 ack 1 length 1000
      0.200 > ACK seq 1 ack 1 <>
      """
    ).run(configure: { $0.selectiveAcknowledgement = false })
  }

  @Test(
    "The first block holds the segment that just arrived, then the most recent others, as many as fit",
    .proves("2018-04", "2018-05"))
  func order() throws {
    try Transcript(
      Opening.modern + """
        0.200 < ACK seq 2001 ack 1 length 1000
        0.200 > ACK ack 1 <ts,sack 2001-3001>
        0.201 < ACK seq 6001 ack 1 length 1000
        0.201 > ACK ack 1 <ts,sack 6001-7001 2001-3001>
        0.202 < ACK seq 4001 ack 1 length 1000
        0.202 > ACK ack 1 <ts,sack 4001-5001 6001-7001 2001-3001>
        0.203 < ACK seq 8001 ack 1 length 1000
        0.203 > ACK ack 1 <ts,sack 8001-9001 4001-5001 6001-7001>
        0.204 < ACK seq 3001 ack 1 length 1000
        0.204 > ACK ack 1 <ts,sack 2001-5001 8001-9001 6001-7001>
        """
    ).run()
  }

  @Test("Without timestamps four blocks fit", .proves("2018-05"))
  func fourBlocks() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0 <mss 1460,sackOK,ws 5>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,sackOK>
      0.100 > ACK seq 1 ack 1 <>
      0.200 < ACK seq 2001 ack 1 length 1000
      0.200 > ACK ack 1 <sack 2001-3001>
      0.200 < ACK seq 4001 ack 1 length 1000
      0.200 > ACK ack 1 <sack 4001-5001 2001-3001>
      0.200 < ACK seq 6001 ack 1 length 1000
      0.200 > ACK ack 1 <sack 6001-7001 4001-5001 2001-3001>
      0.200 < ACK seq 8001 ack 1 length 1000
      0.200 > ACK ack 1 <sack 8001-9001 6001-7001 4001-5001 2001-3001>
      0.200 < ACK seq 10001 ack 1 length 1000
      0.200 > ACK ack 1 <sack 10001-11001 8001-9001 6001-7001 4001-5001>
      """
    ).run(configure: { $0.timestamps = false })
  }

  @Test("Every segment reports what is held above a gap: data of ours, and ACKs that advance", .proves("2018-03"))
  func everySegment() throws {
    try Transcript(
      Opening.modern + """
        0.200 < ACK seq 2001 ack 1 length 1000
        0.200 > ACK ack 1 <ts,sack 2001-3001>
        0.201 < ACK seq 4001 ack 1 length 1000
        0.201 > ACK ack 1 <ts,sack 4001-5001 2001-3001>
        0.300  write 100
        0.300 > PSH.ACK seq 1 ack 1 length 100 <ts,sack 4001-5001 2001-3001>
        0.400 < ACK seq 1 ack 101 length 1000
        0.400 > ACK ack 1001 <ts,sack 4001-5001 2001-3001>
        0.500 < ACK seq 1001 ack 101 length 1000
        0.500 > ACK ack 3001 <ts,sack 4001-5001>
        0.600 < ACK seq 3001 ack 101 length 1000
        0.600 > ACK ack 5001 <ts>
        0.600  read 9000 gets 5000
        """
    ).run()
  }

  @Test("SACK blocks make room in a full segment", .proves("2018-03", "9293-MUST-16"))
  func fullSegments() throws {
    try Transcript(
      Opening.modern + """
        0.200 < ACK seq 2001 ack 1 length 1000
        0.200 > ACK ack 1 <ts,sack 2001-3001>
        0.300  write 1448
        0.300 > ACK seq 1 length 1436 <ts,sack 2001-3001>
        0.400 < ACK seq 1 ack 1437
        0.400 > PSH.ACK seq 1437 length 12 <ts,sack 2001-3001>
        """
    ).run()
  }

  @Test("A segment that comes again is reported first once more", .proves("2018-04", "2018-09"))
  func repeated() throws {
    try Transcript(
      Opening.modern + """
        0.200 < ACK seq 2001 ack 1 length 1000
        0.200 > ACK ack 1 <ts,sack 2001-3001>
        0.201 < ACK seq 4001 ack 1 length 1000
        0.201 > ACK ack 1 <ts,sack 4001-5001 2001-3001>
        0.300 < ACK seq 2001 ack 1 length 1000
        0.300 > ACK ack 1 <ts,sack 2001-3001 2001-3001 4001-5001>
        """
    ).run()
  }

  @Test("A block is its first number and the one behind its last, in network order", .proves("2018-06"))
  func encoding() throws {
    var header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(0), acknowledgement: SequenceNumber(0), flags: .ack,
      window: 0)
    header.options.present.insert(.sack)
    header.options.sackCount = 2
    header.options.sackBlocks[0] = SACKBlock(from: SequenceNumber(0x0102_0304), count: 256)
    header.options.sackBlocks[1] = SACKBlock(from: SequenceNumber(0xFFFF_FFFF), count: 2)
    var octets = [UInt8](repeating: 0, count: header.encodedLength)
    var span = octets.mutableSpan
    var target = span.mutableBytes
    header.encode(into: &target, at: 0)
    let options = octets[20...].drop { $0 == 1 }.prefix(18)
    #expect(
      options.elementsEqual([
        5, 18, 0x01, 0x02, 0x03, 0x04, 0x01, 0x02, 0x04, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x01,
      ]))
  }
}
