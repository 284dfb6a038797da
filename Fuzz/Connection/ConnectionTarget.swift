import MartinetTCP
import MartinetWire

/// A connection and a peer whose every segment, call and pause is an octet of the input.
///
/// After each step the invariants of ``Conversation`` have to hold. Most inputs begin with a handshake that works, so that
/// what follows reaches the states behind it.
enum Target {
  static let name = "connection"
  static let accepted = "had a segment accepted after the handshake"

  static func run(_ input: UnsafeRawBufferPointer) {
    var conversation = Conversation(ByteReader(input))
    conversation.run()
    if conversation.acceptedSegments > 0 { Tally.accepted += 1 }
  }
}
