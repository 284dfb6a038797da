// What each shard of a stack may take.
extension HostConfiguration {
  /// The configuration of shard `number` of `shards`: bounds on what each shard has for itself are divided, so that all together stay within them. What
  /// only the first shard has, such as UDP, and what all share, such as listeners and routes, is not.
  package func share(of number: Int, among shards: Int) -> HostConfiguration {
    guard shards > 1 else { return self }
    func part(_ whole: Int) -> Int { HostConfiguration.part(number, of: whole, among: shards) }
    var share = self
    share.pages = part(pages)
    share.traceCapacity = part(traceCapacity)
    share.connections = part(connections)
    share.timeWait = part(timeWait)
    share.orphans = part(orphans)
    share.synQueue = part(synQueue)
    share.synCookiesPerSecond = part(synCookiesPerSecond)
    share.synCookieBurst = part(synCookieBurst)
    share.fastOpenQueue = part(fastOpenQueue)
    share.resetsPerSecond = part(resetsPerSecond)
    share.resetBurst = part(resetBurst)
    return share
  }

  /// The part of shard `number` where `whole` is divided as evenly as it goes.
  package static func part(_ number: Int, of whole: Int, among shards: Int) -> Int {
    whole / shards + (number < whole % shards ? 1 : 0)
  }
}
