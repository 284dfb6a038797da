import MartinetTCP
import MartinetTool
import Testing

@Suite("A simulated visit")
struct VisitTests {
  private func visit(_ url: String) throws -> (text: String, body: [UInt8], outcome: VisitOutcome, story: Story) {
    var body: [UInt8] = []
    let (outcome, story) = try SimulatedVisit.perform(WebAddress(url)) { body += $0 }
    let text = VisitPresentation.text(of: outcome, story, on: Terminal(width: 78, isUnicode: false))
    return (text, body, outcome, story)
  }

  @Test("is drawn in its five steps")
  func steps() throws {
    #expect(try visit("http://example.org/chunked").text == golden)
  }

  @Test("is the same each time")
  func deterministic() throws {
    #expect(try visit("http://example.org/large").text == visit("http://example.org/large").text)
  }

  @Test(
    "brings the body whole, however its end is told",
    arguments: ["http://a/", "http://a/chunked", "http://a/close", "http://[fd77::1]/", "http://10.77.0.1:8080/?x"])
  func whole(url: String) throws {
    let (_, body, outcome, story) = try visit(url)
    #expect(body.count == outcome.octets)
    #expect(String(decoding: body, as: UTF8.self).hasSuffix("those of the goodbye.\n"))
    #expect(story.counts.finalPhase == [.left: .closed, .right: .timeWait])
  }

  @Test("counts a long response and draws its ends")
  func large() throws {
    let (text, body, outcome, story) = try visit("http://a/large")
    #expect(body.count > 1 << 20)
    #expect(body.count == outcome.octets)
    #expect(text.split(separator: "\n").count < 60)
    #expect(story.counts.segments > 700)
  }

  @Test("shows a status that is an error, and prints its body")
  func notFound() throws {
    let (text, body, _, _) = try visit("http://a/nothing")
    #expect(text.contains("4 response: HTTP/1.1 404 Not Found"))
    #expect(String(decoding: body, as: UTF8.self) == "There is no such page.\n")
  }

  @Test("asks nobody for an address")
  func literal() throws {
    let (text, _, outcome, _) = try visit("http://10.77.0.1/")
    #expect(text.contains("10.77.0.1 is an address: nobody is  |\n"))
    #expect(outcome.resolved == outcome.begin)
  }

  @Test("ends with the failure of whoever takes the body")
  func refusedBody() {
    let failure = #expect(throws: Failure.self) {
      try SimulatedVisit.perform(WebAddress("http://a/large")) { _ throws(Failure) in throw Failure("no room") }
    }
    #expect(failure?.message == "http://a/large: no room")
  }
}

private let golden = """
  http://example.org/chunked in five steps

               client                                                     server
               10.77.0.2:59744                                      10.77.0.1:80
  -- 1 name resolution ---------------------------------------------------------
                     CLOSED |                                     | LISTEN
     0.000000               | who is example.org?                 |
     0.040000               | example.org is 10.77.0.1            |
  -- 2 handshake ---------------------------------------------------------------
     0.040000      SYN-SENT |- SYN  seq 0  win 65535 ------------>|
                            |   mss 1460, window scale 10         |
                            |   sack permitted, ts 0              |
                            |   opening handshake                 |
     0.060005               |<------------ SYN,ACK  seq 0  ack 1 -| SYN-RECEIVED
                            |   win 65535, mss 1460               |
                            |   window scale 10, sack permitted   |
                            |   ts 0 echo 0, opening handshake    |
     0.080010   ESTABLISHED |- ACK  seq 1  ack 1 ---------------->|
                            |   win 1048576, ts 40 echo 0         |
                            |   opening handshake                 |
  -- 3 request: GET /chunked HTTP/1.1 ------------------------------------------
     0.080010               |- PSH,ACK  seq 1  ack 1  len 98 ---->|
                            |   win 1048576, ts 40 echo 0         |
                            |   new data                          |
     0.100014               |             our SYN is acknowledged | ESTABLISHED
     0.100026               |<--------------- ACK  seq 1  ack 99 -|
                            |   win 1048576, ts 40 echo 40        |
                            |   acknowledgement                   |
  -- 4 response: HTTP/1.1 200 OK -----------------------------------------------
     0.100026               |<----------- PSH,ACK  seq 1  ack 99 -|
                            |   len 304, win 1048576              |
                            |   ts 40 echo 40, new data           |
  -- 5 closing -----------------------------------------------------------------
     0.100026               |<--------- FIN,ACK  seq 305  ack 99 -| FIN-WAIT-1
                            |   win 1048576, ts 40 echo 40        |
                            |   end of the stream                 |
     0.120058               |- ACK  seq 99  ack 305 ------------->|
                            |   win 1048576, ts 80 echo 40        |
                            |   acknowledgement                   |
     0.120063    CLOSE-WAIT |- ACK  seq 99  ack 306 ------------->|
                            |   win 1048576, ts 80 echo 40        |
                            |   acknowledgement                   |
     0.120063      LAST-ACK |- FIN,ACK  seq 99  ack 306 --------->|
                            |   win 1048576, ts 80 echo 40        |
                            |   end of the stream                 |
     0.140067               |             our FIN is acknowledged | FIN-WAIT-2
     0.140071               |<------------ ACK  seq 306  ack 100 -| TIME-WAIT
                            |   win 1048576, ts 80 echo 80        |
                            |   acknowledgement                   |
     0.160075        CLOSED | our FIN is acknowledged             |

  Name resolution  40.0 ms  the server is 10.77.0.1:80
  Handshake        40.0 ms
  Request          40.0 ms  until the first octets of the response
  Response         0 s  HTTP/1.1 200 OK: 195 octets, text/plain
  Closing          40.0 ms  CLOSED, TIME-WAIT

  """
