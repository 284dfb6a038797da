import MartinetTCP
import MartinetWire

/// What one shard of a stack has found out about the way to a destination, for the others.
package struct PathNews: Equatable, Sendable {
  package var destination: IPAddress
  package var lesson: PathLesson
}

extension Host {
  /// The most news that wait for the next turn; a shard that misses one finds out for itself.
  private static let mostPathNews = 16

  mutating func note(_ news: PathNews) {
    if pathNews.count < Host.mostPathNews { pathNews.append(news) }
  }

  /// What the other shards are to hear; nil when that was all.
  package mutating func pollPathNews() -> PathNews? { pathNews.popLast() }

  /// Another shard has found out something, from a message or a connection that it believed.
  package mutating func hear(_ news: PathNews, at now: Instant) {
    paths.lower(
      to: news.lesson.mtu, mayBeFragmented: news.lesson.mayBeFragmented, for: news.destination,
      age: configuration.pathAge, at: now)
  }
}
