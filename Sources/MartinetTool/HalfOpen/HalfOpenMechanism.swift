import Martinet
import MartinetTCP

/// What a server can set against a peer that is gone, each by itself.
package enum HalfOpenMechanism: String, CaseIterable, Sendable {
  case nothing
  case readTimeout
  case keepAliveDefault
  case keepAliveTuned
  case userTimeout
  case retransmissionLimit
  case deadPeerBoundIdle
  case deadPeerBoundWriting
  case heartbeat

  package var words: String {
    switch self {
    case .nothing: "nothing at all"
    case .readTimeout: "read timeout"
    case .keepAliveDefault: "keep-alive, defaults"
    case .keepAliveTuned: "keep-alive, tuned"
    case .userTimeout: "user timeout, writing"
    case .retransmissionLimit: "R2 alone, writing"
    case .deadPeerBoundIdle: "deadPeerBound, idle"
    case .deadPeerBoundWriting: "deadPeerBound, writing"
    case .heartbeat: "application heartbeat"
    }
  }

  /// Whether the server writes once after the cut; else it only reads.
  var isWriting: Bool {
    switch self {
    case .userTimeout, .retransmissionLimit, .deadPeerBoundWriting: true
    default: false
    }
  }

  /// Whether the time that it takes follows from the bound; else from defaults, of minutes and hours.
  var followsBound: Bool { self != .keepAliveDefault && self != .retransmissionLimit }

  /// What the server's socket is set to.
  func options(bound: Duration) -> SocketOptions {
    var options = SocketOptions()
    switch self {
    case .nothing, .retransmissionLimit, .heartbeat: break
    case .readTimeout: options.readTimeout = bound
    case .keepAliveDefault: options.keepAlive = true
    case .keepAliveTuned:
      options.keepAlive = true
      options.keepAliveIdle = bound / 2
      options.keepAliveCount = 3
      options.keepAliveInterval = bound / 6
    case .userTimeout: options.userTimeout = bound
    case .deadPeerBoundIdle, .deadPeerBoundWriting: options.deadPeerBound = bound
    }
    return options
  }

  /// How long after the last octet, or after the write, it has noticed; nil for what never notices.
  func limit(bound: Duration) -> Duration? {
    let options = options(bound: bound)
    switch self {
    case .nothing: return nil
    case .keepAliveDefault, .keepAliveTuned:
      return options.keepAliveIdle + options.keepAliveInterval * options.keepAliveCount
    case .retransmissionLimit:
      // R2 is looked at when the retransmission timer expires, which is set to its maximum at most.
      let knobs = Configuration()
      return .nanoseconds((knobs.giveUpAfter + knobs.maximumRetransmissionTimeout).nanoseconds)
    case .readTimeout, .userTimeout, .deadPeerBoundIdle, .deadPeerBoundWriting, .heartbeat: return bound
    }
  }

  /// Whether the question goes to the program at the other end, and not to its host.
  private var asksProgram: Bool { self == .readTimeout || self == .heartbeat }

  /// Whether it has to notice `cut`.
  func mustNotice(_ cut: HalfOpenCut) -> Bool {
    switch cut {
    case .vanished, .dropped: self != .nothing
    case .timeout: true
    case .stopped: asksProgram
    }
  }
}

/// How the way between server and client is cut.
package enum HalfOpenCut: String, CaseIterable, Sendable {
  /// The proxy's host is gone, simulated.
  case vanished
  /// A proxy that lives ends the connections on which nobody speaks.
  case timeout
  /// The proxy's process stands still; its host does not.
  case stopped
  /// A packet filter behind the proxy swallows everything.
  case dropped

  /// Those that a real proxy is cut by.
  static let real: [HalfOpenCut] = [.timeout, .stopped, .dropped]

  /// What happens, in a sentence.
  package var words: String {
    switch self {
    case .vanished: "The host of the proxy vanishes: nobody is told."
    case .timeout:
      "HAProxy's own timeout: a FIN, mostly with a RST right behind it; the program hears of what it meets first."
    case .stopped:
      "HAProxy is stopped (SIGSTOP): its kernel goes on answering, so only what asks the program behind notices."
    case .dropped: "nft drops every packet between HAProxy and the server: nobody is told."
    }
  }
}
