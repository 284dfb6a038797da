import MartinetSMPP
import Testing

@Suite("Text in short messages")
struct TextTests {
  static func message(_ words: String) -> SMPPMessage {
    SMPPMessage(from: SMPPAddress("1000"), to: SMPPAddress("33612345678", ton: 1, npi: 1), saying: words)
  }

  // MARK: The alphabet

  @Test("The alphabet of GSM has its characters at the codes of TS 23.038")
  func codes() {
    #expect(GSMAlphabet.encode("@£$¥") == [0, 1, 2, 3])
    #expect(GSMAlphabet.encode("\n\r_ A Z a z") == [10, 13, 17, 32, 65, 32, 90, 32, 97, 32, 122])
    #expect(GSMAlphabet.encode("¡ÄÖÑÜ§¿äöñüà") == [64, 91, 92, 93, 94, 95, 96, 123, 124, 125, 126, 127])
    #expect(GSMAlphabet.encode("ΔΦΓΛΩΠΨΣΘΞ") == [16, 18, 19, 20, 21, 22, 23, 24, 25, 26])
    #expect(
      GSMAlphabet.encode("€[]{}\\~^|\u{0C}") == [
        27, 0x65, 27, 0x3C, 27, 0x3E, 27, 0x28, 27, 0x29, 27, 0x2F, 27, 0x3D, 27, 0x14, 27, 0x40, 27, 0x0A,
      ])
    #expect(GSMAlphabet.encode("ç") == nil && GSMAlphabet.encode("你") == nil && GSMAlphabet.encode("\u{1B}") == nil)
    #expect(GSMAlphabet.encode("e\u{301}") == [5], "an accent may be a character of its own")
    #expect(GSMAlphabet.encode("a\r\nb") == [97, 13, 10, 98])
  }

  @Test("Every code but the escape is one character and comes back")
  func roundTrip() throws {
    for code in UInt8(0)..<128 where code != 27 {
      let text = try #require(GSMAlphabet.decode([code]))
      #expect(text.count == 1 && GSMAlphabet.encode(text) == [code])
    }
  }

  @Test("What the extension lacks is read as the alphabet, and an escape of nothing as a space")
  func unknownEscapes() {
    #expect(GSMAlphabet.decode([27, 65]) == "A")
    #expect(GSMAlphabet.decode([27, 27, 65]) == " A")
    #expect(GSMAlphabet.decode([65, 27]) == "A ")
    #expect(GSMAlphabet.decode([128]) == nil)
    #expect(GSMAlphabet.decode([]) == "")
  }

  // MARK: Messages

  @Test(
    "A message takes the alphabet of GSM where it can, else UTF-16", arguments: ["salut €", "ça va", "你好", "😀", ""])
  func words(text: String) {
    let message = TextTests.message(text)
    #expect(message.words == text)
    #expect(message.dataCoding == (GSMAlphabet.encode(text) == nil ? 8 : 0))
  }

  @Test("ASCII and Latin-1 are read; what is not coded as it says is no text")
  func codings() {
    func words(_ octets: [UInt8], _ coding: UInt8) -> String? {
      SMPPMessage(from: SMPPAddress(), to: SMPPAddress(), octets, dataCoding: coding).words
    }
    #expect(words([0x40, 0x41], 1) == "@A" && words([0x80], 1) == nil)
    #expect(words([0xE9], 3) == "é")
    #expect(words([0x00], 8) == nil && words([0xD8, 0x3D], 8) == nil)
    #expect(words([1, 2, 3], 4) == nil)
  }

  // MARK: Parts

  @Test(
    "A long message is cut to what a telephone takes, between characters, and comes back whole",
    arguments: ["a", "€", "x€", "é", "ç", "😀", "ç😀"], [1, 69, 70, 71, 80, 153, 160, 161, 306, 1000])
  func parts(unit: String, count: Int) throws {
    let text = String(repeating: unit, count: count)
    let whole = TextTests.message(text)
    let isGSM = whole.dataCoding == 0
    let parts = try whole.segmented(reference: 7)
    if whole.text.count <= (isGSM ? 160 : 140) {
      #expect(parts == [whole])
      return
    }
    var reassembly = SMPPReassembly()
    var results: [SMPPMessage] = []
    for (index, part) in parts.enumerated() {
      #expect(part.segment == SMPPSegment(reference: 7, count: UInt8(parts.count), number: UInt8(index + 1)))
      #expect(part.text.count <= (isGSM ? 6 + 153 : 140))
      // Every part is text by itself.
      #expect(part.words.map { text.contains($0) } == true)
      _ = try SMPPPDU(.submit(part), sequence: 1).octets()
    }
    for part in parts.shuffled() { if let message = reassembly.add(part, at: .zero) { results.append(message) } }
    #expect(results.count == 1 && results.first?.words == text && results.first?.segment == nil)
    #expect(results.first?.esmClass == 0 && reassembly.incompleteCount == 0)
  }

  @Test("More than 255 parts, or a header that is there already, can't be cut")
  func refused() throws {
    let fits = TextTests.message(String(repeating: "a", count: 255 * 153))
    #expect(try fits.segmented(reference: 1).count == 255)
    let tooLong = TextTests.message(String(repeating: "a", count: 255 * 153 + 1))
    #expect(throws: SMPPError.self) { _ = try tooLong.segmented(reference: 1) }
    var headed = fits
    headed.esmClass = 0x40
    #expect(throws: SMPPError.self) { _ = try headed.segmented(reference: 1) }
  }

  @Test("A header is read with a reference of either size, beside other elements, and passed over if it makes no sense")
  func headers() {
    func segment(_ octets: [UInt8], esmClass: UInt8 = 0x43) -> SMPPSegment? {
      var message = SMPPMessage(from: SMPPAddress(), to: SMPPAddress(), octets)
      message.esmClass = esmClass
      return message.segment
    }
    let expected = SMPPSegment(reference: 0x1234, count: 3, number: 2)
    #expect(segment([6, 8, 4, 0x12, 0x34, 3, 2, 65]) == expected)
    #expect(segment([10, 0x24, 2, 1, 1, 8, 4, 0x12, 0x34, 3, 2]) == expected)
    #expect(segment([6, 8, 4, 0x12, 0x34, 3, 2, 65], esmClass: 3) == nil)
    for nonsense: [UInt8] in [
      [], [5], [5, 0, 3, 1, 2], [5, 0, 3, 1, 2, 3], [5, 0, 3, 1, 2, 0], [5, 0, 4, 1, 2, 1], [1, 0], [0, 65],
    ] {
      #expect(segment(nonsense) == nil, "\(nonsense)")
    }
  }

  @Test(
    "Parts that come twice count once; those of others do not mix; what is incomplete is bounded in number and time")
  func bounds() throws {
    let text = String(repeating: "a", count: 200)
    let parts = try TextTests.message(text).segmented(reference: 1)
    var reassembly = SMPPReassembly(largestCount: 1, patience: .seconds(10))
    #expect(reassembly.add(parts[0], at: .zero) == nil && reassembly.add(parts[0], at: .seconds(9)) == nil)
    var other = parts[1]
    other.source = SMPPAddress("2000")
    #expect(reassembly.add(other, at: .seconds(9)) == nil && reassembly.refusedParts == 1)
    #expect(reassembly.add(parts[1], at: .seconds(9))?.words == text)
    #expect(reassembly.add(parts[1], at: .seconds(9)) == nil && reassembly.incompleteCount == 1)
    #expect(reassembly.add(parts[0], at: .seconds(19)) == nil && reassembly.forgottenMessages == 1)
    let single = TextTests.message("alone")
    #expect(reassembly.add(single, at: .zero) == single)
  }
}
