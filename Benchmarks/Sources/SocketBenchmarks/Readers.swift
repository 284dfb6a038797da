import Foundation
import Martinet

/// How long it takes until a thousand blocked readers know that their sockets are closed.
enum Readers {
  static func report(count: Int) throws {
    let tunnel = try Tunnel()
    defer { tunnel.end() }
    let listener = try ServerSocket(port: 9000, backlog: count, on: tunnel.server)
    var sockets: [Socket] = []
    var peers: [Socket] = []
    for _ in 0..<count {
      sockets.append(try Socket(to: Endpoint(Tunnel.serverAddress, 9000), on: tunnel.client))
      peers.append(try listener.accept())
    }
    let woken = DispatchSemaphore(value: 0)
    for socket in sockets {
      let thread = Thread {
        do throws(SocketError) {
          _ = try socket.inputStream.read()
          print("a reader read")
        } catch {
          if error.reason != .closed { print("a reader failed: \(error)") }
        }
        woken.signal()
      }
      thread.stackSize = 128 << 10
      thread.start()
    }
    try tunnel.client.sleep(for: .seconds(1))
    let begin = ContinuousClock.now
    for socket in sockets { socket.close() }
    for _ in sockets { woken.wait() }
    let elapsed = ContinuousClock.now - begin
    print("\(count) blocked readers woken by close within \(elapsed)")
    Main.demand(elapsed < .seconds(1), "readers are woken within a second")
    for peer in peers { peer.abort() }
  }
}
