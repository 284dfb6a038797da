import Martinet
import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Looking before sleeping", .blocksThreads)
struct SpinningTests {
  @Test("A thread that looks in vain looks less and less often, and each time again once it finds something")
  func experience() {
    var experience = SpinExperience()
    var looked: [Int] = []
    for wait in 0..<5000 where experience.looks() {
      looked.append(wait)
      experience.note(found: false)
    }
    #expect(looked.prefix(4) == [0, 3, 8, 17])
    #expect(looked.count < 15)
    let distances = zip(looked, looked.dropFirst()).map { $1 - $0 }
    #expect(distances == distances.sorted() && distances.allSatisfy { $0 <= 1025 })
    while !experience.looks() {}
    experience.note(found: true)
    for _ in 0..<100 {
      let looks = experience.looks()
      #expect(looks)
      experience.note(found: true)
    }
  }

  @Test(
    "Octets go to and fro between threads, and a read ends with its timeout, whether threads look or sleep at once",
    arguments: [
      Spinning.off, .automatic, .adaptive(.microseconds(50)), .adaptive(.seconds(100)), .adaptive(.seconds(-1)),
    ])
  func pingPong(spinning: Spinning) throws {
    let stack = try NetworkStack([], spinning: spinning)
    defer { stack.abortAll() }
    let listener = try ServerSocket(port: 0, on: stack)
    let port = Int(try #require(listener.localPort))
    let echo = Background {
      guard let socket = try? listener.accept(), let input = try? socket.inputStream else { return 0 }
      var count = 0
      while let octet = try? input.read() {
        count += 1
        try? socket.outputStream.write([octet])
      }
      socket.close()
      return count
    }
    let socket = try Socket(host: nil, port: port, on: stack)
    try socket.setNoDelay(true)
    for number in 0..<500 {
      try socket.outputStream.write([UInt8(truncatingIfNeeded: number)])
      #expect(try socket.inputStream.read() == UInt8(truncatingIfNeeded: number))
    }
    #expect(socketError { _ = try socket.inputStream.read(upTo: 1, within: .milliseconds(20)) }?.kind == .timeout)
    socket.close()
    #expect(echo.value() == 500)
  }
}
