import Glibc
import MartinetTCP
import MartinetTool
import MartinetWire
import Testing

@Suite("The report")
struct PageTests {
  @Test("show")
  func show() {
    let story = Samples.sawtooth.story
    let html = Page.html(
      title: "8 MiB across 5 % loss", subtitle: "100 Mbit/s, 10 ms each way, seed 1",
      facts: [Fact("Goodput", "93.4 Mbit/s"), Fact("Time", "1.2 s", note: "virtual")], story: story,
      rows: Excerpt.rows(of: story))
    let file = fopen("/tmp/probe/report.html", "w")!
    fputs(html, file)
    fclose(file)
  }
}
