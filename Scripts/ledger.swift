// The ledger of requirements: which row of docs/requirements.tsv is proven by which test, deviates why, or is open.
//
//   swift Scripts/ledger.swift           writes docs/REQUIREMENTS.md and prints the counts
//   swift Scripts/ledger.swift --check   writes nothing; fails if docs/REQUIREMENTS.md is not up to date
//
// A test proves what its trait says: @Test("A sentence", .proves("1071-01", "1071-02")). Ids are literal strings, one
// each. Unknown ids, ids that both deviate and are proven, and ids that are not literal are errors.

import Foundation

let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
let table = root.appending(path: "docs/REQUIREMENTS.md")

/// The sources whose priority 1 rows have to be proven or argued away.
let core: Set<String> = [
  "9293", "6298", "5681", "2018", "7323", "5961", "6528", "768", "791", "792", "815", "826", "1071", "1122", "1337",
  "1624", "4443", "4861", "5722", "6056", "6864", "8200",
]

struct Requirement {
  let id, level, text: String
  let priority: Int
  var source: String { String(id.prefix { $0 != "-" }) }
  var isCore: Bool { priority == 1 && core.contains(source) }
}

struct Proof {
  let id, sentence, file: String
}

var errors: [String] = []

func read(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

func rows(_ name: String) throws -> [[String]] {
  try read(root.appending(path: "docs/\(name)")).split(separator: "\n").dropFirst().map { line in
    line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
  }
}

// MARK: Swift source, as far as attributes go

/// Walks over Swift source without falling for what stands in strings and comments.
struct Source {
  let bytes: [UInt8]
  var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  func has(_ word: StaticString) -> Bool {
    guard position < bytes.count, bytes[position] == word.utf8Start[0] else { return false }
    return bytes[position...].starts(with: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  /// Skips a comment that begins here.
  mutating func skipComment() -> Bool {
    if has("//") {
      while position < bytes.count && bytes[position] != UInt8(ascii: "\n") { position += 1 }
      return true
    }
    guard has("/*") else { return false }
    while position < bytes.count && !has("*/") { position += 1 }
    position = min(bytes.count, position + 2)
    return true
  }

  /// Takes the string literal that begins here: its characters, escapes as they stand.
  mutating func takeString() -> String? {
    guard has("\"") else { return nil }
    let isLong = has("\"\"\"")
    position += isLong ? 3 : 1
    let start = position
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "\\") {
        position += 2
      } else if isLong ? has("\"\"\"") : has("\"") {
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        position += isLong ? 3 : 1
        return text
      } else {
        position += 1
      }
    }
    return nil
  }

  /// Takes what stands between the parenthesis here and its partner.
  mutating func takeParenthesized() -> String {
    let start = position + 1
    var depth = 0
    while position < bytes.count {
      if skipComment() || takeString() != nil { continue }
      if bytes[position] == UInt8(ascii: "(") { depth += 1 }
      if bytes[position] == UInt8(ascii: ")") { depth -= 1 }
      position += 1
      if depth == 0 { break }
    }
    return String(decoding: bytes[start..<max(start, position - 1)], as: UTF8.self)
  }

  mutating func skipBlanks() {
    while position < bytes.count, [0x20, 0x0A, 0x09, 0x2C].contains(bytes[position]) { position += 1 }
  }
}

/// The proofs that the tests of one file claim.
func proofs(in text: String, file: String) -> [Proof] {
  var source = Source(text)
  var found: [Proof] = []
  while source.position < source.bytes.count {
    if source.skipComment() || source.takeString() != nil { continue }
    if source.has("@Test(") || source.has("@Suite(") {
      while !source.has("(") { source.position += 1 }
      let arguments = source.takeParenthesized()
      found += proofs(ofAttribute: arguments, file: file)
    } else {
      if source.has(".proves(") { errors.append("\(file): .proves stands outside of @Test and @Suite") }
      source.position += 1
    }
  }
  return found
}

func proofs(ofAttribute arguments: String, file: String) -> [Proof] {
  var source = Source(arguments)
  source.skipBlanks()
  let sentence = source.takeString()
  var found: [Proof] = []
  while source.position < source.bytes.count {
    if source.skipComment() || source.takeString() != nil { continue }
    guard source.has(".proves(") else {
      source.position += 1
      continue
    }
    source.position += 7
    for id in ids(in: source.takeParenthesized(), file: file) {
      guard let sentence else {
        errors.append("\(file): \(id) is proven by a test without a sentence")
        continue
      }
      found.append(Proof(id: id, sentence: sentence, file: file))
    }
  }
  return found
}

func ids(in arguments: String, file: String) -> [String] {
  var source = Source(arguments)
  var ids: [String] = []
  source.skipBlanks()
  while source.position < source.bytes.count {
    if !source.skipComment() {
      guard let id = source.takeString() else {
        errors.append("\(file): .proves(\(arguments)) has something that is not a literal")
        return ids
      }
      ids.append(id)
    }
    source.skipBlanks()
  }
  return ids
}

// MARK: The three sources

let requirements = try rows("requirements.tsv").map {
  Requirement(id: $0[0], level: $0[1], text: $0[4], priority: Int($0[6]) ?? 0)
}
let known = Set(requirements.map(\.id))

var deviations: [String: String] = [:]
for row in try rows("deviations.tsv") {
  guard row.count == 2, !row[1].isEmpty else {
    errors.append("docs/deviations.tsv: \(row.first ?? "") needs an id, one tab and a reason")
    continue
  }
  if !known.contains(row[0]) { errors.append("docs/deviations.tsv: docs/requirements.tsv has no row \(row[0])") }
  if deviations.updateValue(row[1], forKey: row[0]) != nil { errors.append("docs/deviations.tsv: \(row[0]) twice") }
}

var proven: [String: [Proof]] = [:]
let tests = root.appending(path: "Tests")
for path in (FileManager.default.subpaths(atPath: tests.path) ?? []).sorted() where path.hasSuffix(".swift") {
  for proof in proofs(in: try read(tests.appending(path: path)), file: "Tests/\(path)") {
    if !known.contains(proof.id) { errors.append("\(proof.file): docs/requirements.tsv has no row \(proof.id)") }
    proven[proof.id, default: []].append(proof)
  }
}
for id in deviations.keys.sorted() {
  if let proof = proven[id]?.first { errors.append("\(id) is in docs/deviations.tsv and proven in \(proof.file)") }
}

// MARK: The table

func cell(_ text: String) -> String {
  text.replacing("|", with: "\\|").replacing("<", with: "&lt;").replacing("*", with: "\\*")
}

func line(_ requirement: Requirement) -> String {
  var status = "open"
  if let reason = deviations[requirement.id] { status = "**deviates**: \(cell(reason))" }
  if let tests = proven[requirement.id] {
    status = tests.map { "\(cell($0.sentence)) (`\($0.file.dropFirst("Tests/".count))`)" }.joined(separator: "<br>")
  }
  let cells = [
    requirement.id, requirement.level, String(requirement.priority), cell(requirement.text), status,
  ]
  return "| " + cells.joined(separator: " | ") + " |"
}

let coreRows = requirements.filter(\.isCore)
let open = coreRows.filter { proven[$0.id] == nil && deviations[$0.id] == nil }
let counts = """
  requirements: \(requirements.count); proven by a test: \(proven.count); deviating with a reason: \(deviations.count)
  of the \(coreRows.count) core rows: proven \(coreRows.count { proven[$0.id] != nil }), \
  deviating \(coreRows.count { deviations[$0.id] != nil }), open \(open.count)
  """

var text = """
  # Requirements

  Generated by `make ledger` from `requirements.tsv`, `deviations.tsv` and the traits of the tests; do not edit.
  A row is proven by the tests it names, deviates for the reason it gives, or is open.

  \(counts.replacing("\n", with: "\n\n"))

  """
var source = ""
for requirement in requirements {
  if requirement.source != source {
    source = requirement.source
    text += "\n## \(source)\n\n| id | level | priority | requirement | how it stands |\n|---|---|---|---|---|\n"
  }
  text += line(requirement) + "\n"
}

if CommandLine.arguments.contains("--check") {
  if (try? read(table)) != text { errors.append("docs/REQUIREMENTS.md is not up to date: run make ledger") }
} else {
  try text.write(to: table, atomically: true, encoding: .utf8)
}

print(counts)
print(open.isEmpty ? "no core row is open" : "open core rows: " + open.map(\.id).joined(separator: " "))
for error in errors { print("error: \(error)") }
exit(errors.isEmpty ? 0 : 1)
