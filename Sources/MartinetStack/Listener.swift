import MartinetTCP
import MartinetWire

/// A listener: who may connect, and the two queues of those who do.
struct Listener {
  /// The address is unspecified for a wildcard.
  var local: Endpoint
  /// Whether a wildcard hears both families.
  var hearsBothFamilies: Bool
  /// Whether a listener of another address may have the same port.
  var sharesPort: Bool
  /// Whether a SYN that finds the accept queue full is answered with RST instead of silence.
  var refusesWhenFull: Bool
  /// The most connections that wait to be accepted.
  var backlog: Int
  var options: ConnectionOptions
  /// When the last cookie that was given out ceases to be good.
  var cookiesUntil = Instant.zero
  /// Fast Open requests whose handshakes are not complete.
  var fastOpens = FastOpenRequests()
  /// SYN-RECEIVED, oldest first: whole connections, and small records.
  var halfOpen = SlotList()
  var condensed = SlotList()
  /// Established or opened by Fast Open, in the order in which their handshakes were completed (FIFO).
  var waiting = SlotList()

  /// Handshakes that wait for their last ACK.
  var handshakes: Int { halfOpen.count + condensed.count }

  var isFull: Bool { waiting.count >= backlog }
}
