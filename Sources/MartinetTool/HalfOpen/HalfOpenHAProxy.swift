import CMartinetLinux
import Dispatch
import Glibc
import Martinet

/// A real HAProxy between a client and a server of ours, on a TUN device in a network namespace of this process' own. Nothing has to be cleaned up: no file
/// is written, and with the process go the namespace, the device and HAProxy.
struct HalfOpenHAProxy {
  let bound: Duration

  private static let ours = IPPrefix(.v4(IPv4Address(10, 99, 0, 2)), 24)
  /// The kernel's address on the device, where HAProxy listens.
  private static let kernels = IPAddress.v4(IPv4Address(10, 99, 0, 1))
  private static let device = "mt0"
  private static let proxyPort: UInt16 = 8000
  private static let serverPort: UInt16 = 9000
  /// How late a thread may be on a loaded machine.
  private static let allowance = Duration.seconds(1)
  /// How long after the cut the server is watched.
  private var watched: Duration { bound + HalfOpenHAProxy.allowance * 2 }

  /// Cuts HAProxy in each way, with every mechanism at once.
  func perform() throws -> [HalfOpenFinding] {
    let haproxy = try ChildProgram.path(of: "haproxy", package: "haproxy")
    let filter = try ChildProgram.path(of: "nft", package: "nftables")
    try HalfOpenHAProxy.enterOwnNetwork()
    // A namespace of users has to be entered before there is a second thread.
    SignalWatch.start { _ in }
    let link = try openLink()
    let stack = try NetworkStack(link: link, addresses: [HalfOpenHAProxy.ours])
    defer { stack.abortAll() }
    let listener = try ServerSocket(port: Int(HalfOpenHAProxy.serverPort), on: stack)
    try listener.setAcceptTimeout(.seconds(10))
    var findings: [HalfOpenFinding] = []
    for cut in HalfOpenCut.real {
      if Terminal.error.isInteractive { Terminal.write("\(cut.words)\n", to: STDERR_FILENO) }
      let proxy = try ChildProgram(haproxy, ["-db", "-f", "/dev/stdin"], input: configuration(of: cut))
      defer { proxy.end() }
      findings += try round(cut, proxy, listener) {
        switch cut {
        case .stopped: proxy.stop()
        case .dropped: try ChildProgram(filter, [HalfOpenHAProxy.rules]).demandSuccess()
        case .timeout, .vanished: break
        }
      }
    }
    return findings
  }

  private static func enterOwnNetwork() throws(Failure) {
    let result = martinet_enter_own_network()
    if result < 0 {
      throw Failure(
        "a network namespace is not to be had (\(Failure.reason(-result))): run it as root, or allow user namespaces")
    }
  }

  private func openLink() throws(Failure) -> any Link {
    do throws(LinkError) {
      return try LinkSpecification(.tun(name: HalfOpenHAProxy.device)).open()
    } catch {
      throw Failure("\(error)")
    }
  }

  /// HAProxy's patience: an eighth of the bound where that is to be the cut, so that no heartbeat comes before; else longer than anything here.
  private func configuration(of cut: HalfOpenCut) -> String {
    let patience = cut == .timeout ? (bound / 8).interval.milliseconds : 86_400_000
    return """
      global
        maxconn 64
      defaults
        mode tcp
        timeout connect 5s
        timeout client \(patience)ms
        timeout server \(patience)ms
      listen middle
        bind \(HalfOpenHAProxy.kernels):\(HalfOpenHAProxy.proxyPort)
        server behind \(HalfOpenHAProxy.ours.address):\(HalfOpenHAProxy.serverPort)

      """
  }

  /// What nft is told: the packets between HAProxy and the server vanish, those of the client pass.
  private static let rules = """
    add table ip half; \
    add chain ip half in { type filter hook input priority 0; }; \
    add rule ip half in tcp sport \(serverPort) drop; \
    add chain ip half out { type filter hook output priority 0; }; \
    add rule ip half out tcp dport \(serverPort) drop
    """

  // MARK: One cut

  private func round(
    _ cut: HalfOpenCut, _ proxy: ChildProgram, _ listener: ServerSocket, _ perform: () throws -> Void
  ) throws -> [HalfOpenFinding] {
    let stack = listener.stack
    let isCut = DispatchGroup()
    isCut.enter()
    var isOpen = false
    let programs = DispatchGroup()
    let helpers = DispatchGroup()
    var sockets: [Socket] = []
    defer {
      if !isOpen { isCut.leave() }
      for socket in sockets { socket.abort() }
      programs.wait()
      helpers.wait()
    }
    var servers: [HalfOpenServer] = []
    for mechanism in HalfOpenMechanism.allCases where mechanism.followsBound {
      let client = try connect(proxy, on: stack)
      sockets.append(client)
      let accepted = try listener.accept()
      sockets.append(accepted)
      let server = try HalfOpenServer(mechanism, bound: bound, on: accepted)
      servers.append(server)
      try client.outputStream.write("news".utf8)
      try start(helpers) { try? HalfOpenHeartbeat.answerAll(on: client) }
      try start(helpers) { server.listenForWarnings() }
      // A timeout counts from the last octet, and nothing more has to happen for it.
      if cut == .timeout { server.cutHappened(at: stack.now) }
      try start(programs) { server.run { if cut != .timeout { isCut.wait() } } }
    }
    try perform()
    let now = stack.now
    if cut != .timeout { for server in servers { server.cutHappened(at: now) } }
    isCut.leave()
    isOpen = true
    _ = programs.wait(timeout: .now() + .nanoseconds(Int(watched.interval.nanoseconds)))
    for socket in sockets { socket.abort() }
    programs.wait()
    helpers.wait()
    return servers.map { $0.finding(of: cut, allowance: HalfOpenHAProxy.allowance, watched: watched) }
  }

  private func start(_ group: DispatchGroup, _ body: @escaping @Sendable () -> Void) throws(Failure) {
    group.enter()
    let isStarted = Threads.start {
      body()
      group.leave()
    }
    if isStarted { return }
    group.leave()
    throw Failure("the system has no thread left")
  }

  /// Connects to HAProxy, for which it may have to begin to listen, ten seconds at most.
  private func connect(_ proxy: ChildProgram, on stack: NetworkStack) throws -> Socket {
    var attempts = 0
    while true {
      do throws(SocketError) {
        return try Socket(
          to: Endpoint(HalfOpenHAProxy.kernels, HalfOpenHAProxy.proxyPort), on: stack, timeout: .seconds(10))
      } catch {
        try proxy.demandRunning()
        attempts += 1
        guard error.reason == .refused, attempts < 500 else { throw Failure("HAProxy: \(error)") }
        usleep(20_000)
      }
    }
  }
}
