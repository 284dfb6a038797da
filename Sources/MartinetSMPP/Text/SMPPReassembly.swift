/// Puts the parts of long messages together, in whatever order they come. It reads no clock: times are those of one clock, such as ``NetworkStack/now``.
public struct SMPPReassembly: Sendable {
  /// What the parts of a message have in common.
  private struct Key: Hashable {
    var source: SMPPAddress
    var destination: SMPPAddress
    var reference: UInt16
    var count: UInt8
  }

  private struct Message {
    var parts: [UInt8: [UInt8]] = [:]
    var deadline: Duration
  }

  /// The most messages that may be incomplete at once, of 255 parts each; a part of a further one is refused.
  public let largestCount: Int
  /// How long a message may be incomplete; after that its parts are forgotten.
  public let patience: Duration
  private var messages: [Key: Message] = [:]

  /// The parts that were refused because too many messages were incomplete.
  public private(set) var refusedParts: UInt64 = 0
  /// The messages that were forgotten because parts did not come.
  public private(set) var forgottenMessages: UInt64 = 0

  /// - Parameters:
  ///   - largestCount: at least 1.
  ///   - patience: more than zero.
  public init(largestCount: Int = 1000, patience: Duration = .seconds(600)) {
    self.largestCount = max(1, largestCount)
    self.patience = patience
  }

  /// The messages that are incomplete.
  public var incompleteCount: Int { messages.count }

  /// Takes a message; returns it if it is whole, or the whole that it is the last part of; nil if more is to come. A part that comes twice counts once.
  public mutating func add(_ message: SMPPMessage, at now: Duration) -> SMPPMessage? {
    guard let segment = message.segment, let content = message.userData?.content else { return message }
    forget(at: now)
    let key = Key(
      source: message.source, destination: message.destination, reference: segment.reference, count: segment.count)
    guard messages[key] != nil || messages.count < largestCount else {
      refusedParts += 1
      return nil
    }
    var whole = messages[key] ?? Message(deadline: now + patience)
    if whole.parts[segment.number] == nil { whole.parts[segment.number] = content }
    guard whole.parts.count == Int(segment.count) else {
      messages[key] = whole
      return nil
    }
    messages[key] = nil
    return message.whole(with: (1...segment.count).flatMap { whole.parts[$0] ?? [] })
  }

  /// Forgets the messages whose time is over.
  private mutating func forget(at now: Duration) {
    let before = messages.count
    messages = messages.filter { $0.value.deadline > now }
    forgottenMessages += UInt64(before - messages.count)
  }
}
