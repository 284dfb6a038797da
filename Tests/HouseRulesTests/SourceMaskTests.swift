import Testing

@Suite("Code is told from comments and strings")
struct SourceMaskTests {
  @Test("Strings and comments are blanked, interpolations stay code")
  func masks() {
    let text = """
      let a = "// no { comment \\(call("}")) \\" " // a "comment"
      /* { /* nested */ } */ let b = #"raw " \\("#
      """
    let (code, comments) = SourceMask.split(text)
    #expect(code.contains("call("))
    #expect(code.contains("let b = "))
    #expect(!code.contains("no"))
    #expect(!code.contains("{"))
    #expect(!code.contains("raw"))
    #expect(comments.contains("// a \"comment\""))
    #expect(comments.contains("nested */ } */"))
    #expect(!comments.contains("let"))
    #expect(code.utf8.count == text.utf8.count)
  }
}
