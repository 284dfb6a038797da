import Glibc
import Martinet
import MartinetLinks
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A link that ends", .serialized, .blocksThreads)
struct LostLinkTests {
  private static let address = IPPrefix(.v4(IPv4Address(10, 78, 0, 1)), 24)

  @Test("is told of once, whoever reads it, and asked no more", .timeLimit(.minutes(1)), arguments: [false, true])
  func once(byThread: Bool) throws {
    let link = try RecordedLink()
    let stack = try NetworkStack(link: link, addresses: [LostLinkTests.address])
    defer { stack.abortAll() }
    let waiting = byThread ? Background { (try? ServerSocket(port: 80, on: stack).accept()) == nil } : nil
    while byThread && stack.core.attendedTurns == 0 {
      link.bring([0])
      usleep(1000)
    }
    link.breakDown()
    while stack.lostLinks.isEmpty { usleep(1000) }
    let turns = stack.core.loopTurns
    usleep(50_000)
    #expect(stack.lostLinks == [.gone("recorded")])
    #expect(stack.core.loopTurns - turns < 10)
    stack.abortAll()
    _ = waiting?.value()
  }
}
