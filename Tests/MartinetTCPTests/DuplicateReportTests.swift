import MartinetTCP
import MartinetTestSupport
import Testing

/// The numbers of the examples are the RFC's; the stream begins at 1, so 500 octets come first and the examples'
/// 500 is our 501.
@Suite("Reports of duplicates (RFC 2883)")
struct DuplicateReportTests {
  /// 3,999 octets have arrived in order; the next is number 4000.
  private let upTo4000 =
    Opening.modern + """
      0.200 < ACK seq 1 ack 1 length 999
      0.200 > ACK ack 1000 <ts>
      0.200 < ACK seq 1000 ack 1 length 1000
      0.200 > ACK ack 2000 <ts>
      0.200 < ACK seq 2000 ack 1 length 1000
      0.200 > ACK ack 3000 <ts>
      0.200 < ACK seq 3000 ack 1 length 1000
      0.200 > ACK ack 4000 <ts>

      """

  @Test("A duplicate of what is acknowledged is reported, once", .proves("2883-01", "2883-02", "2883-04"))
  func example1() throws {
    try Transcript(
      upTo4000 + """
        0.300 < ACK seq 3000 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 3000-3500>
        0.400 < ACK seq 4000 ack 1 length 500
        0.400 > ACK ack 4500 <ts>
        """
    ).run()
  }

  @Test("A report of a duplicate stands before the blocks that are held", .proves("2883-01", "2883-04"))
  func example2() throws {
    try Transcript(
      upTo4000 + """
        0.300 < ACK seq 4500 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 4500-5000>
        0.400 < ACK seq 3000 ack 1 length 500
        0.400 > ACK ack 4000 <ts,sack 3000-3500 4500-5000>
        0.500 < ACK seq 5500 ack 1 length 500
        0.500 > ACK ack 4000 <ts,sack 5500-6000 4500-5000>
        """
    ).run()
  }

  @Test(
    "A duplicate of what is held above a gap is reported, and the block that it is part of",
    .proves("2883-01", "2883-03", "2883-04"))
  func example3() throws {
    try Transcript(
      upTo4000 + """
        0.300 < ACK seq 4500 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 4500-5000>
        0.300 < ACK seq 5000 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 4500-5500>
        0.400 < ACK seq 5000 ack 1 length 500
        0.400 > ACK ack 4000 <ts,sack 5000-5500 4500-5500>
        """
    ).run()
  }

  @Test("The block of a duplicate comes before blocks that are more recent", .proves("2883-03"))
  func blockOfDuplicate() throws {
    try Transcript(
      upTo4000 + """
        0.300 < ACK seq 5000 ack 1 length 1000
        0.300 > ACK ack 4000 <ts,sack 5000-6000>
        0.300 < ACK seq 7000 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 7000-7500 5000-6000>
        0.400 < ACK seq 5500 ack 1 length 500
        0.400 > ACK ack 4000 <ts,sack 5500-6000 5000-6000 7000-7500>
        """
    ).run()
  }

  @Test("A segment that is old in its first half is reported so", .proves("2883-05"))
  func oldFirstHalf() throws {
    try Transcript(
      upTo4000 + """
        0.300 < ACK seq 3500 ack 1 length 1000
        0.300 > ACK ack 4500 <ts,sack 3500-4000>
        """
    ).run()
  }

  @Test("A segment with one old half in a held block is reported so", .proves("2883-05"))
  func oldSecondHalf() throws {
    try Transcript(
      upTo4000 + """
        0.300 < ACK seq 4500 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 4500-5000>
        0.400 < ACK seq 4000 ack 1 length 1000
        0.400 > ACK ack 5000 <ts,sack 4500-5000>
        """
    ).run()
  }

  @Test("Of several old parts of a segment the first is reported", .proves("2883-05"))
  func severalOldParts() throws {
    try Transcript(
      upTo4000 + """
        0.300 < ACK seq 4500 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 4500-5000>
        0.300 < ACK seq 5500 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 5500-6000 4500-5000>
        0.400 < ACK seq 4000 ack 1 length 2000
        0.400 > ACK ack 6000 <ts,sack 4500-5000>
        """
    ).run()
    try Transcript(
      upTo4000 + """
        0.300 < ACK seq 4500 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 4500-5000>
        0.300 < ACK seq 5500 ack 1 length 500
        0.300 > ACK ack 4000 <ts,sack 5500-6000 4500-5000>
        0.400 < ACK seq 4500 ack 1 length 1500
        0.400 > ACK ack 4000 <ts,sack 4500-5000 4500-6000>
        """
    ).run()
  }

  @Test("Reports of duplicates from the peer do no harm", .proves("2883-07"))
  func fromPeer() throws {
    try Transcript(
      Opening.modern + """
        0.200  write 14480
        0.200 > ACK seq 1 length 1448 times 9
        0.200 > PSH.ACK seq 13033 length 1448
        0.300 < ACK seq 1 ack 2897
        0.301 < ACK seq 1 ack 2897 <sack 1-1449>
        0.301 < ACK seq 1 ack 2897 <sack 1449-2897>
        0.301 < ACK seq 1 ack 2897 <sack 1-2897>
        0.301 < ACK seq 1 ack 4345 <sack 1-1449>
        0.302 < ACK seq 1 ack 4345 <sack 5793-7241 5793-7241>
        0.303 < ACK seq 1 ack 4345 <sack 5793-7241 5793-7241>
        0.303 < ACK seq 1 ack 4345 <sack 5793-6000 5793-7241>
        0.303  wait
               status retransmissions 0 duplicates 1 inflight 8688
        """
    ).run()
  }
}
