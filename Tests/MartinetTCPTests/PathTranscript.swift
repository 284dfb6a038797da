import MartinetTCP
import MartinetTestSupport

/// Transcripts about the path MTU: round trips take 100 ms, the timeout is at least one second, and nothing but it repeats a tail.
enum PathTranscript {
  static func play(
    _ text: String, configure: (inout Configuration) -> Void = { _ in }, open: (inout OpenParameters) -> Void = { _ in }
  ) throws {
    try Transcript.reno(text).run(
      configure: {
        $0.minimumRetransmissionTimeout = .seconds(1)
        $0.tailLossProbes = false
        configure(&$0)
      }, open: open)
  }
}
