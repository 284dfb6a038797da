// The iterative model: one client after the other. Who comes meanwhile waits in the backlog, in the order of coming, and when that is full the stack does not
// answer, so that the client tries again. Each line that comes is sent back in capitals.
//
//   swift run IterativeServer                        in one terminal
//   martinet connect 10.77.0.1:7000                  in another

import Foundation
import Martinet

let link = try LinkSpecification(parsing: "hub:127.0.0.1:7707").open()
let stack = try NetworkStack(link: link, addresses: [IPPrefix(.v4(IPv4Address(10, 77, 0, 1)), 16)])

// A client that says nothing for half a minute is asked whether it is still there, and gone after a minute.
var options = SocketOptions()
options.deadPeerBound = .seconds(60)

let server = try ServerSocket(port: 7000, backlog: 5, on: stack, options: options)
say("listening on 10.77.0.1:7000")

while true {
  let client = try server.accept()
  do {
    try serve(client)
    say("\(client.remoteEndpoint!) has finished")
  } catch {
    // A client that fails costs nothing to the next.
    say("\(error)")
  }
  client.close()
}

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
