import Testing

@Suite("Small named things")
struct SizeTests {
  @Test("A file has at most 400 lines", arguments: Package.swift)
  func fileLength(file: SourceFile) {
    #expect(file.lineCount <= 400, "\(file.path) has \(file.lineCount) lines")
  }

  @Test("A function has at most 50 lines", arguments: Package.sources.filter { $0.path.hasSuffix(".swift") })
  func functionLength(file: SourceFile) {
    for function in SizeTests.functions(in: file.code) {
      #expect(function.lines <= 50, "\(file.path):\(function.line): \(function.name) has \(function.lines) lines")
    }
  }

  struct Function: Equatable {
    var name: String
    var line: Int
    var lines: Int
  }

  /// The functions and initialisers of `code` that have a body, from their first line to the closing brace.
  static func functions(in code: String) -> [Function] {
    var scan = FunctionScan()
    for (index, line) in code.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if isDeclaration(line), let match = line.firstMatch(of: /\b(?:func ([^\s(<]+)|(init)[?]?[(<]|(deinit)\b)/) {
        scan.declare(String(match.1 ?? match.2 ?? match.3 ?? ""), at: index)
      }
      for character in line.utf8 { scan.take(character, at: index) }
    }
    return scan.found
  }

  /// Follows braces and parentheses to the end of each function.
  struct FunctionScan {
    private var open: [(name: String, line: Int, braces: Int, parentheses: Int, entered: Bool)] = []
    private(set) var found: [Function] = []
    private var braces = 0
    private var parentheses = 0

    mutating func declare(_ name: String, at line: Int) {
      // A requirement of a protocol has no body: the next declaration ends it.
      if let last = open.last, !last.entered { open.removeLast() }
      open.append((name, line, braces, parentheses, false))
    }

    mutating func take(_ character: UInt8, at line: Int) {
      switch character {
      case UInt8(ascii: "("): parentheses += 1
      case UInt8(ascii: ")"): parentheses -= 1
      case UInt8(ascii: "{"):
        if let last = open.last, braces == last.braces, parentheses == last.parentheses {
          open[open.count - 1].entered = true
        }
        braces += 1
      case UInt8(ascii: "}"):
        braces -= 1
        guard let last = open.last else { return }
        if last.entered && braces == last.braces && parentheses == last.parentheses {
          found.append(Function(name: last.name, line: last.line + 1, lines: line - last.line + 1))
          open.removeLast()
        } else if braces < last.braces {
          open.removeLast()
        }
      default: break
      }
    }
  }

  private static func isDeclaration(_ line: Substring) -> Bool {
    line.firstMatch(of: /\bfunc \S/) != nil
      || line.firstMatch(
        of:
          /^\s*(?:@\w+(?:\([^)]*\))? |public |package |private |internal |fileprivate |convenience |consuming )*(?:init[?]?[(<]|deinit\b)/
      )
        != nil
  }

  @Test("The scanner finds where a function ends")
  func scanner() {
    let code = """
      protocol P {
        func a()
        func b()
      }
      struct S {
        init(x: Int) {
          self.init()
        }
        func one() { if true { } }
        func two(
          _ x: () -> Void = { }
        ) {
          func inner() {
          }
        }
      }
      """
    let functions = SizeTests.functions(in: code)
    #expect(functions.map(\.name) == ["init", "one", "inner", "two"])
    #expect(functions.map(\.lines) == [3, 1, 2, 6])
  }
}
