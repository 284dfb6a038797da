import CMartinetLinux
import MartinetLinks
import MartinetStack
import MartinetWire
import Synchronization

/// Where the other shards of a stack leave packets for one of them, in copies: pages belong to the pool of one host.
final class Mailbox: Sendable {
  /// What came of it so far.
  struct Counts {
    /// Packets that were left here.
    var taken: UInt64 = 0
    /// Packets that found no room.
    var dropped: UInt64 = 0
  }

  private struct State {
    var waiting: HandoverBuffer
    /// What the others have found out about paths.
    var news: [PathNews] = []
    var counts = Counts()
    /// Whether the owner's loop sleeps, or is about to.
    var sleeps = false
    /// What wakes it; nil: it is over with the shard, or has not begun.
    var event: Int32?
  }

  private let state: Mutex<State>

  /// - Parameter capacity: the most octets that wait.
  init(capacity: Int) {
    state = Mutex(State(waiting: HandoverBuffer(capacity: capacity)))
  }

  var counts: Counts { state.withLock { $0.counts } }

  // MARK: The others

  /// Leaves a copy of a packet, and wakes the owner if it sleeps.
  func post(_ slot: ReceiveSlot, from interface: InterfaceID) {
    let note = HandoverBuffer.Note(
      interface: interface.rawValue, trust: slot.trust, segmentSize: slot.segmentSize)
    post(note, count: slot.received) { room in
      var position = 0
      slot.forEachRun { run in
        room.copy(run.bytes, at: position)
        position += run.count
      }
    }
  }

  /// Leaves a packet that another shard has put together from fragments.
  func post(_ packet: ForeignPacket) {
    let note = HandoverBuffer.Note(
      interface: packet.interface.rawValue, trust: .unverified, segmentSize: 0, isReassembled: true)
    let count = packet.octets.count
    post(note, count: count) { room in packet.octets.withOctets(0..<count) { room.copy($0, at: 0) } }
  }

  private func post(_ note: HandoverBuffer.Note, count: Int, _ fill: (inout MutableRawSpan) -> Void) {
    state.withLock { state in
      guard let event = state.event else { return }
      guard state.waiting.append(note, count: count, fill) else {
        state.counts.dropped += 1
        return
      }
      state.counts.taken += 1
      Mailbox.wake(&state, by: event)
    }
  }

  /// The most news that wait; a shard that misses one finds out for itself.
  private static let mostNews = 64

  /// Leaves what another shard has found out about a path.
  func post(_ news: PathNews) {
    state.withLock { state in
      guard let event = state.event, state.news.count < Mailbox.mostNews else { return }
      state.news.append(news)
      Mailbox.wake(&state, by: event)
    }
  }

  /// Under the lock, so that the event is not closed meanwhile.
  private static func wake(_ state: inout State, by event: Int32) {
    guard state.sleeps else { return }
    state.sleeps = false
    _ = martinet_event_raise(event)
  }

  // MARK: The owner

  /// The owner takes what comes from here on, and sleeps on `event`.
  func open(_ event: Int32) {
    state.withLock { $0.event = event }
  }

  /// Nothing is taken any more.
  func close() {
    state.withLock { $0.event = nil }
  }

  /// Says that the owner is about to sleep; false if something waits for it.
  func beginSleep() -> Bool {
    state.withLock { state in
      state.sleeps = state.waiting.isEmpty && state.news.isEmpty
      return state.sleeps
    }
  }

  /// Exchanges the packets that wait for `emptied`, whose memory is used again, and takes the news.
  func take(into emptied: inout HandoverBuffer) -> [PathNews] {
    state.withLock { state in
      state.sleeps = false
      if !state.waiting.isEmpty { swap(&state.waiting, &emptied) }
      if state.news.isEmpty { return [] }
      defer { state.news = [] }
      return state.news
    }
  }
}
