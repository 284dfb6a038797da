import MartinetTestSupport
import Testing

/// A transcript has to be able to fail, at the right line and with a message that helps.
@Suite("Transcripts")
struct TranscriptTests {
  /// The failure of `text`, or nil.
  private func transcriptFailure(of text: String) -> TranscriptFailure? {
    do {
      try Transcript(text).run()
      return nil
    } catch {
      return error as? TranscriptFailure
    }
  }

  @Test(
    "A line that can't be read is named",
    arguments: [
      ("0.000 > SIN seq 0", "there is no flag \"SIN\""),
      ("0.000 > SYN sequ 0", "a segment has no field \"sequ\""),
      ("0.000 > SYN seq zero", "\"zero\" is not a number"),
      ("0.000 > SYN seq 0 <mss 1460,tfo>", "there is no option \"tfo\""),
      ("0.000  dance", "there is no call \"dance\""),
      ("0.000", "a time and nothing that happens"),
      ("1.5x connect", "\"1.5x\" is not a time in seconds"),
      ("0.000 connect loudly", "\"loudly\" means nothing here"),
      ("0.000 < ACK ack 1", "a segment that arrives needs flags and seq"),
      ("status cwind 5", "the status has no \"cwind\""),
      ("status rto 5lightyears", "\"5lightyears\" is not a time with its unit (ms, us, ns, min, s)"),
    ])
  func unreadableLine(line: String, message: String) throws {
    let failure = try #require(transcriptFailure(of: "# a comment\n" + line))
    #expect(failure.line == 2)
    #expect(failure.message == message)
    #expect(failure.description.contains("=> \(line)"))
  }

  @Test("Time does not go backwards")
  func backwards() throws {
    let failure = try #require(transcriptFailure(of: "0.200 wait\n0.100 wait"))
    #expect(failure.line == 2)
    #expect(failure.message == "the time goes backwards")
  }

  @Test("A segment that does not leave fails the line that expects it")
  func nothingLeaves() throws {
    let failure = try #require(transcriptFailure(of: "0.000 > SYN seq 0"))
    #expect(failure.message == "nothing leaves")
  }

  @Test(
    "What is wrong with a segment is named",
    arguments: [
      ("0.000 > ACK seq 0", "flags ACK expected"), ("0.000 > SYN seq 1", "seq 1 expected"),
      ("0.000 > SYN seq 0 win 5", "win 5 expected"), ("0.000 > SYN seq 0 length 1", "length 1 expected"),
      ("0.000 > SYN seq 0 <mss 5,*>", "options <mss 5,*> expected"),
      ("0.000 > SYN seq 0 (timeout)", "reason timeout expected"),
      ("0.010 > SYN seq 0", "a segment leaves at 0.000 instead"),
    ])
  func wrongSegment(line: String, message: String) throws {
    let failure = try #require(transcriptFailure(of: "0.000 connect\n" + line))
    #expect(failure.line == 2)
    #expect(failure.message.hasPrefix(message))
    #expect(failure.history.contains { $0.hasPrefix("0.000 > SYN seq 0") })
  }

  @Test("A segment that no line expects fails the next line, or the end")
  func unexpectedSegment() throws {
    let atEnd = try #require(transcriptFailure(of: "0.000 connect"))
    #expect(atEnd.line == 2)
    let before = try #require(transcriptFailure(of: "0.000 connect\n0.100 < SYN.ACK seq 0 ack 1"))
    #expect(before.line == 2)
    #expect(before.message.hasPrefix("before this a segment leaves that no line expects"))
  }

  @Test(
    "A claim that does not hold fails its line",
    arguments: [
      ("phase ESTABLISHED", "the phase is: SYN-SENT"), ("ended closed", "the end is: not"),
      ("events connected", "the events are: none"), ("status una 7", "una is 0, not 7"),
      ("read 10", "the read gets nothing"), ("write 10 fails closing", "the call succeeds"),
    ])
  func wrongClaim(line: String, message: String) throws {
    let failure = try #require(transcriptFailure(of: "0.000 connect\n0.000 > SYN seq 0\n" + line))
    #expect(failure.line == 3)
    #expect(failure.message.hasPrefix(message))
  }

  @Test("Octets of another stream are noticed by whoever reads them")
  func forgedOctets() throws {
    let failure = try #require(
      transcriptFailure(
        of: Opening.plain + """
          0.200 < PSH.ACK seq 1 ack 1 length 10 forged
          0.200 > ACK seq 1 ack 11
          0.200 read 10
          """))
    #expect(failure.message == "octet 1 of the stream is read as another than was sent")
  }
}
