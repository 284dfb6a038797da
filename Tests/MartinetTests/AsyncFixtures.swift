import Martinet
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

extension VirtualPair {
  static let serverEndpoint = Endpoint(serverAddress, 80)

  /// A connected pair of streams; to be called in virtual time.
  func connectedStreams(
    client clientOptions: SocketOptions = .asyncDefaults, server serverOptions: SocketOptions = .asyncDefaults
  ) async throws -> (client: TCPStream, server: TCPStream, listener: TCPListener) {
    let listener = try TCPListener(port: 80, on: server, options: serverOptions)
    let stream = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: client, options: clientOptions)
    return (stream, try await listener.accept(), listener)
  }
}

extension SocketOptions {
  /// Buffers that are soon full.
  static var small: SocketOptions {
    var options = SocketOptions.asyncDefaults
    options.sendBufferSize = 1000
    options.receiveBufferSize = 1000
    return options
  }
}

/// The error that `body` throws, as a socket error.
func asyncSocketError(_ body: () async throws -> Void) async -> SocketError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? SocketError
  }
}

extension TCPStream {
  /// Everything up to the end of the stream.
  func readToEnd() async throws -> [UInt8] {
    var all: [UInt8] = []
    for try await bytes in chunks { all += bytes }
    return all
  }
}
