import MartinetRuntime
import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Where a thread sleeps", .blocksThreads)
struct ParkerTests {
  @Test("An offer that comes behind the end of the sleep ends no later one, and keeps nobody from a poll")
  func lateOffer() {
    let parker = Parker()
    parker.notify()
    let (awakening, hasOffer) = parker.awaitOffer(until: .never) {
      parker.offer()
      return false
    }
    #expect(awakening == .notified && hasOffer)
    let begins = parker.beginPoll()
    #expect(begins)
    parker.endPoll()
    let isFired = parker.sleep(until: .zero)
    #expect(!isFired)
  }
}
