import CMartinetLinux
import Glibc
import MartinetLinks

/// An epoll over the descriptors of a few links and timers, for whoever asks them all in turn.
enum Epoll {
  /// An epoll that is readable when one of `descriptors` is.
  static func gather(_ descriptors: [Int32]) throws(LinkError) -> Int32 {
    let epoll = martinet_epoll_create()
    if epoll < 0 { throw .system("epoll_create1", code: -epoll) }
    for descriptor in descriptors {
      let result = martinet_epoll_add(epoll, descriptor, UInt32(MARTINET_READABLE), UInt64(descriptor))
      if result < 0 {
        _ = Glibc.close(epoll)
        throw .system("epoll_ctl", code: -result)
      }
    }
    return epoll
  }

  /// Whether `epoll` is to tell also when `descriptor` takes something.
  static func watch(_ epoll: Int32, _ descriptor: Int32, forRoom isWanted: Bool) {
    let conditions = UInt32(MARTINET_READABLE) | (isWanted ? UInt32(MARTINET_WRITABLE) : 0)
    _ = martinet_epoll_change(epoll, descriptor, conditions, UInt64(descriptor))
  }
}
