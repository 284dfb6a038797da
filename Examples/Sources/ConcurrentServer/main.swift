// The concurrent model: a thread for each client, so that a slow one keeps nobody waiting. Each line that comes is sent back in capitals.
//
//   swift run ConcurrentServer                       in one terminal
//   martinet connect 10.77.0.1:7000                  in as many others as there are

import Foundation
import Martinet

let link = try LinkSpecification(parsing: "hub:127.0.0.1:7707").open()
let stack = try NetworkStack(link: link, addresses: [IPPrefix(.v4(IPv4Address(10, 77, 0, 1)), 16)])

var options = SocketOptions()
options.deadPeerBound = .seconds(60)

let server = try ServerSocket(port: 7000, on: stack, options: options)
// A client that finds the backlog full is refused at once instead of waiting.
try server.setRefusesWhenFull(true)
say("listening on 10.77.0.1:7000")

/// The most clients at a time: threads are memory.
let places = DispatchSemaphore(value: 100)

while true {
  places.wait()
  let client = try server.accept()
  Thread.detachNewThread {
    do {
      try serve(client)
      say("\(client.remoteEndpoint!) has finished")
    } catch {
      say("\(error)")
    }
    client.close()
    places.signal()
  }
}

@Sendable
func serve(_ client: Socket) throws {
  while let bytes = try client.inputStream.read(upTo: 4096) {
    let text = String(decoding: bytes, as: UTF8.self)
    try client.outputStream.write(text.uppercased().utf8)
  }
}

/// A line that is seen at once, also where standard output is no terminal.
@Sendable
func say(_ line: String) {
  FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
