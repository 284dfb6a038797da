import Foundation
import Martinet
import MartinetSMPP
import MartinetTestSupport
import Testing

@Suite("The README on SMPP")
struct ReadmeSampleTests {
  @Test("The sample does what the README says")
  func sample() throws {
    let pair = SMPPPair()
    let notes = Notebook()
    try pair.simulation.run {
      let server = try pair.listen()
      try pair.server.startThread("server") { try? server.run { _, _ in .accepted("m1") } }
      try converse(on: pair.client) { notes.note($0) }
      server.close()
    }
    #expect(notes.all == ["m1"])
  }

  private func converse(on stack: NetworkStack, print: (String) -> Void) throws {
    // The README's sample begins here.
    let client = try SMPPClient(host: "10.0.0.2", on: stack)
    try client.bind(.transceiver, as: SMPPBind("bird", password: "secret"))
    let (source, destination) = (SMPPAddress("1000"), SMPPAddress("33612345678", ton: 1, npi: 1))
    let id = try client.submit(SMPPMessage(from: source, to: destination, Array("salut".utf8)))
    print(id)
    try client.unbind()
    // The README's sample ends here.
  }

  @Test("The README shows the sample that is compiled here")
  func sameText() throws {
    let test = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    let start = try #require(test.firstRange(of: "// The README's sample begins here.\n"))
    let end = try #require(test.firstRange(of: "    // The README's sample ends here."))
    let sample = test[start.upperBound..<end.lowerBound]
      .split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(4) }.joined(separator: "\n")
    let readme = try String(contentsOf: RequirementTable.root.appending(path: "README.md"), encoding: .utf8)
    #expect(readme.contains("```swift\nimport MartinetSMPP\n\n\(sample)```"))
  }
}
