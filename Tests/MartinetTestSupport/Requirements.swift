import Foundation
import Testing

/// The ids of `docs/requirements.tsv` that a test proves.
///
/// Ids stand as literal strings, one each, so that the ledger finds them in the source. An id that the table does not have
/// fails the test before it runs.
public struct ProvenRequirements: TestTrait, SuiteTrait {
  public let ids: [String]

  public var isRecursive: Bool { false }

  public var comments: [Comment] { [Comment(rawValue: "proves " + ids.joined(separator: " "))] }

  public func prepare(for test: Test) async throws {
    for id in ids where !RequirementTable.ids.contains(id) {
      throw UnknownRequirement(id: id)
    }
  }
}

extension Trait where Self == ProvenRequirements {
  /// States which rows of `docs/requirements.tsv` the test proves: `.proves("1071-01", "9293-MUST-2")`.
  public static func proves(_ ids: String...) -> ProvenRequirements {
    ProvenRequirements(ids: ids)
  }
}

/// An id that `docs/requirements.tsv` does not have.
public struct UnknownRequirement: Error, CustomStringConvertible {
  public let id: String
  public var description: String { "docs/requirements.tsv has no row \(id)" }
}

/// The ids of `docs/requirements.tsv`.
public enum RequirementTable {
  /// The package's root folder.
  public static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  public static let ids: Set<String> = {
    let file = root.appending(path: "docs/requirements.tsv")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    return Set(text.split(separator: "\n").dropFirst().compactMap { $0.split(separator: "\t").first.map(String.init) })
  }()
}
