import MartinetRuntime

extension NetworkStack {
  /// Starts a thread that may call what blocks on this stack, in real and in virtual time alike.
  ///
  /// In virtual time the calling thread must be registered with the ``Simulation``, and the new one is, too.
  /// - Throws: ``SocketError/Reason/noThread`` if the system has none left.
  public func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SocketError) {
    do throws(DriverError) {
      try core.startThread(name: name, body)
    } catch {
      throw SocketError(.open, nil, from: error)
    }
  }
}
