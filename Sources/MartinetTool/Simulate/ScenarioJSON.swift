import FoundationEssentials

/// Any value in JSON, as it is read.
enum ScenarioJSON: Decodable {
  case null
  case flag(Bool)
  case number(Double)
  case text(String)
  case list([ScenarioJSON])
  case object([String: ScenarioJSON])

  init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: Name.self) {
      var members: [String: ScenarioJSON] = [:]
      for key in container.allKeys { members[key.stringValue] = try container.decode(ScenarioJSON.self, forKey: key) }
      self = .object(members)
      return
    }
    if var list = try? decoder.unkeyedContainer() {
      var values: [ScenarioJSON] = []
      while !list.isAtEnd { values.append(try list.decode(ScenarioJSON.self)) }
      self = .list(values)
      return
    }
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let flag = try? value.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else {
      self = .text(try value.decode(String.self))
    }
  }

  /// Where and why what was read is no JSON, as far as the decoder tells; empty where it does not.
  static func place(of error: any Error) -> String {
    guard case DecodingError.dataCorrupted(let context) = error else { return "" }
    return ": \(context.underlyingError.map { "\($0)" } ?? context.debugDescription)"
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

/// An object of a scenario file, whose errors name the field.
struct ScenarioObject {
  private let path: String
  private let members: [String: ScenarioJSON]

  /// - Parameter names: the fields that there can be; any other is an error.
  init(_ value: ScenarioJSON, at path: String, fields names: [String]) throws(Failure) {
    guard case .object(let members) = value else {
      throw Failure("\(path.isEmpty ? "a scenario" : path) must be an object")
    }
    self.path = path
    self.members = members
    for name in members.keys.sorted() where !names.contains(name) {
      throw Failure("\(field(name)) is no field; there are \(names.joined(separator: ", "))")
    }
  }

  func field(_ name: String) -> String { path.isEmpty ? name : path + "." + name }

  func has(_ name: String) -> Bool { members[name] != nil }

  /// A number within `range`; without a default it must be there.
  func number(_ name: String, _ range: ClosedRange<Double>, default value: Double? = nil) throws(Failure) -> Double {
    guard let member = members[name] else {
      if let value { return value }
      throw Failure("\(field(name)) is missing")
    }
    guard case .number(let number) = member, range.contains(number) else {
      throw Failure(
        "\(field(name)) must be a number from \(Plot.short(range.lowerBound)) to \(Plot.short(range.upperBound))")
    }
    return number
  }

  func integer(_ name: String, _ range: ClosedRange<Int>, default value: Int? = nil) throws(Failure) -> Int {
    let number = try number(name, Double(range.lowerBound)...Double(range.upperBound), default: value.map(Double.init))
    guard let whole = Int(exactly: number) else { throw Failure("\(field(name)) must be a whole number") }
    return whole
  }

  func flag(_ name: String) throws(Failure) -> Bool {
    guard let member = members[name] else { return false }
    guard case .flag(let flag) = member else { throw Failure("\(field(name)) must be true or false") }
    return flag
  }

  func text(_ name: String) throws(Failure) -> String? {
    guard let member = members[name] else { return nil }
    guard case .text(let text) = member else { throw Failure("\(field(name)) must be a text") }
    return text
  }

  func list(_ name: String) throws(Failure) -> [(path: String, value: ScenarioJSON)] {
    guard let member = members[name] else { return [] }
    guard case .list(let values) = member else { throw Failure("\(field(name)) must be a list") }
    return values.enumerated().map { ("\(field(name))[\($0.offset)]", $0.element) }
  }

  func value(_ name: String) -> ScenarioJSON? { members[name] }
}
