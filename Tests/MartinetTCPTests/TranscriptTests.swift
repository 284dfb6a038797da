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
}
