import Foundation
import Testing

/// A file of the package as the rules see it.
struct SourceFile: CustomTestStringConvertible {
  /// The path below the package's root.
  let path: String
  let text: String
  /// The text with comments and the contents of string literals blanked out; line breaks stay where they are.
  let code: String
  /// The comments alone, blanked around.
  let comments: String

  init(path: String, text: String) {
    self.path = path
    self.text = text
    (code, comments) = path.hasSuffix(".swift") ? SourceMask.split(text) : (text, "")
  }

  var testDescription: String { path }
  var name: String { path.split(separator: "/").last.map(String.init) ?? path }
  var lineCount: Int { text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 }
  /// The module whose folder the file is in; nil outside of Sources.
  var module: String? {
    let parts = path.split(separator: "/")
    return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
  }

  /// The lines of `text` that match `pattern`, as `path:line: what`.
  func places(of pattern: Regex<Substring>, in text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
      line.firstMatch(of: pattern).map { "\(path):\(index + 1): \($0.output)" }
    }
  }
}

/// The files of the package.
enum Package {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file of Sources, Tests, Fuzz, Scripts, Examples and Benchmarks.
  static let swift = files(in: ["Sources", "Tests", "Fuzz", "Scripts", "Examples", "Benchmarks"], suffixes: ["swift"])

  static let sources = swift.filter { $0.module != nil }

  /// Everything that people read, Swift or not.
  static let readable =
    swift
    + files(in: ["Sources", "Tests", "Fuzz", "Scripts", "Examples", "docs"], suffixes: ["md", "h", "c", "sh", "txt"])
    + ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "Makefile", "Package.swift", ".ci/run"].compactMap(file)

  static func sources(of modules: [String]) -> [SourceFile] {
    sources.filter { modules.contains($0.module ?? "") }
  }

  private static func files(in folders: [String], suffixes: [String]) -> [SourceFile] {
    folders.flatMap { folder in
      (FileManager.default.subpaths(atPath: root.appending(path: folder).path) ?? []).sorted()
        .filter { path in !path.contains(".build") && suffixes.contains { path.hasSuffix("." + $0) } }
        .compactMap { file("\(folder)/\($0)") }
    }
  }

  private static func file(_ path: String) -> SourceFile? {
    (try? String(contentsOf: root.appending(path: path), encoding: .utf8)).map { SourceFile(path: path, text: $0) }
  }
}
