import MartinetTool
import Testing

@Suite("The ladder diagram")
struct LadderTests {
  @Test("A lossy transfer is drawn with its handshake, its loss, its repair and its closing")
  func golden() {
    let story = Samples.lossyTransfer.story
    let text = Ladder.text(of: story, rows: Excerpt.rows(of: story), on: Terminal(width: 100))
    print(text)
    let text2 = Ladder.text(of: story, rows: Excerpt.rows(of: story), on: Terminal(width: 76, isUnicode: false))
    print(text2)
  }
}
