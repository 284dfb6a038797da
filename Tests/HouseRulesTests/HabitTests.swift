import Foundation
import Testing

@Suite("What no file of ours has")
struct HabitTests {
  static let habits = [
    #"\bfatalError\("#, #"\btry!"#, #"\bas!"#, #"@unchecked Sendable"#, #"nonisolated\(unsafe\)"#, #"@testable"#,
    #"\.disabled\("#, #"\bwithKnownIssue\b"#, #"unsafeFlags"#,
  ]

  @Test("A trap, a blind eye or a way around the compiler needs a reason in Exceptions.swift", arguments: habits)
  func habit(pattern: String) throws {
    let regex = try Regex(pattern, as: Substring.self)
    let places = Package.swift.flatMap { $0.places(of: regex, in: $0.code) }
    #expect(Exceptions.remove(from: places) == [])
  }

  @Test("Nothing is put off")
  func postponed() {
    let word = /\b(?:TODO|FIXME|XXX|HACK)\b|[Nn]ot (?:yet )?implemented/
    let places = Package.swift.flatMap { $0.places(of: word, in: $0.comments) }
    #expect(Exceptions.remove(from: places) == [])
  }

  @Test("A comment says what is, not how it came about")
  func history() {
    let word = /(?i)\b(?:previously|formerly|used to be|was changed|we now|for now|new:|fixed:|issue #?[0-9]+)/
    let places = Package.swift.flatMap { $0.places(of: word, in: $0.comments) }
    #expect(Exceptions.remove(from: places) == [])
  }

  @Test("No path of a machine stands in the project")
  func machinePaths() throws {
    let folders = ["work", "farm", "home", "Users", "root"].joined(separator: "|")
    let path = try Regex("(?:^|[^A-Za-z0-9_.])/(?:\(folders))/", as: Substring.self)
    let places = Package.readable.flatMap { $0.places(of: path, in: $0.text) }
    #expect(Exceptions.remove(from: places) == [])
  }

  @Test("Requirements are named by tests and by docs/deviations.tsv, not by the sources")
  func idsInSources() throws {
    let table = try String(contentsOf: Package.root.appending(path: "docs/requirements.tsv"), encoding: .utf8)
    let ids = table.split(separator: "\n").dropFirst().compactMap { $0.split(separator: "\t").first }
    let known = Set(ids)
    let word = /\b[A-Za-z0-9]+(?:-[A-Z]+)?-[0-9]+\b/
    for file in Package.sources {
      for match in file.text.matches(of: word) where known.contains(match.output) {
        Issue.record("\(file.path) names \(match.output)")
      }
    }
  }

  @Test("Every exception is needed")
  func exceptions() throws {
    let patterns = try (HabitTests.habits + PurityTests.forbidden).map { try Regex($0, as: Substring.self) }
    let places = patterns.flatMap { pattern in Package.swift.flatMap { $0.places(of: pattern, in: $0.code) } }
    #expect(Exceptions.unused(among: places) == [])
    #expect(Exceptions.all.allSatisfy { !$0.reason.isEmpty })
  }
}
