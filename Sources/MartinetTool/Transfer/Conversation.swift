import Glibc
import Martinet
import MartinetWire

/// One connection that standard input and standard output are joined to.
enum Conversation {
  /// How long a connection may take to come about.
  private static let patience = Duration.seconds(30)
  /// How long the acknowledgement of the end may take.
  private static let limit = Duration.seconds(10)

  /// What a keystroke needs: each write leaves at once.
  private static var options: SocketOptions {
    var options = SocketOptions()
    options.noDelay = true
    return options
  }

  static func connect(to destination: HostPort, over plan: LinkPlan) throws(Failure) {
    try plan.use { stack, _ in
      let socket: Socket
      do throws(SocketError) {
        socket = try Socket(
          host: destination.host, port: Int(destination.port), on: stack, options: options, timeout: patience)
      } catch {
        throw Failure("\(error)\(error.advice)")
      }
      try converse(over: socket)
    }
  }

  /// Takes the first connection, and no other.
  static func listen(on port: UInt16, over plan: LinkPlan) throws(Failure) {
    try plan.use { stack, addresses in
      let server = try ServerSocket(port: Int(port), backlog: 1, on: stack, options: options)
      // Standard output belongs to what arrives.
      for prefix in addresses {
        Terminal.write("listening on \(Endpoint(prefix.address, port))\n", to: STDERR_FILENO)
      }
      let socket = try server.accept()
      server.close()
      try converse(over: socket)
    }
  }

  private static func converse(over socket: Socket) throws {
    try Relay(socket).run()
    socket.close()
    guard try socket.stack.shutdown(within: limit) else {
      throw Failure("the end of the stream was not acknowledged for \(limit)")
    }
  }
}
