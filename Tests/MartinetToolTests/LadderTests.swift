import MartinetTCP
import MartinetTool
import MartinetWire
import Testing

@Suite("The ladder diagram")
struct LadderTests {
  private func text(_ script: Script, _ terminal: Terminal) -> String {
    let story = script.story
    return Ladder.text(of: story, rows: Excerpt.rows(of: story), on: terminal)
  }

  @Test("A lossy transfer is drawn with its handshake, its loss, its repair and its closing")
  func golden() {
    #expect(text(Samples.lossyTransfer, Terminal(width: 100)) == wide)
  }

  @Test("A narrow terminal without Unicode gets the same in ASCII")
  func ascii() {
    let drawn = text(Samples.shortTransfer, Terminal(width: 78, isUnicode: false))
    #expect(drawn.utf8.allSatisfy { $0 < 128 })
    #expect(drawn == narrow)
  }

  @Test("No line is wider than the terminal", arguments: [60, 72, 80, 100, 133, 160])
  func width(columns: Int) {
    for script in [Samples.lossyTransfer, Samples.shortTransfer, Samples.sawtooth] {
      for line in text(script, Terminal(width: columns)).split(separator: "\n") {
        #expect(line.count <= columns, "\(line)")
      }
    }
  }

  @Test("Colours leave the text as it is")
  func colours() {
    let coloured = text(Samples.lossyTransfer, Terminal(width: 100, hasColour: true))
    var plain = ""
    var isEscape = false
    for character in coloured {
      if character == "\u{1B}" { isEscape = true }
      if !isEscape { plain.append(character) }
      if character == "m" { isEscape = false }
    }
    #expect(coloured != plain)
    #expect(plain == wide)
  }

  @Test("A long run becomes a count of its segments")
  func counts() {
    let story = Samples.lossyTransfer.story
    var shown = 0
    var counted = 0
    for row in Excerpt.rows(of: story) {
      switch row {
      case .flight: shown += 1
      case .gap(let gap): counted += gap.segments
      default: break
      }
    }
    #expect(shown + counted == story.counts.segments)
    #expect(counted > shown)
  }
}

private let wide = """
               sender                                                                         receiver
               10.77.0.2:50000                                                          10.77.0.1:9000
  ── handshake ───────────────────────────────────────────────────────────────────────────────────────
                     CLOSED │                                                           │ LISTEN
     0.000000      SYN-SENT ├─ SYN  seq 0  win 65535  (opening handshake) ─────────────►│
                            │   mss 1460, window scale 5, sack permitted                │
     0.010000               │◄─────────────────────── SYN,ACK  seq 0  ack 1  win 65535 ─┤ SYN-RECEIVED
                            │   mss 1460, window scale 5, sack permitted                │
                            │   opening handshake                                       │
     0.020000   ESTABLISHED ├─ ACK  seq 1  ack 1  win 65535  (acknowledgement) ────────►│
     0.020000               ├─ ACK  seq 1  ack 1  len 1000  win 65535  (new data) ─────►│
     0.021000               ├─ ACK  seq 1001  ack 1  len 1000  win 65535 ──────────────►│
                            │   new data                                                │
     0.022000               ├─ ACK  seq 2001  ack 1  len 1000  win 65535 ──────────────►│
                            │   new data                                                │
     0.023000               ├─ ACK  seq 3001  ack 1  len 1000  win 65535 ──────────────►│
                            │   new data                                                │
                            ┊         … 6 segments (6 ► 0 ◄), 5.9 KiB, 5.0 ms …         ┊
     0.030000               │                                   our SYN is acknowledged │ ESTABLISHED
                            ┊        … 18 segments (9 ► 9 ◄), 8.8 KiB, 8.0 ms …         ┊
     0.039000               ├─ ACK  seq 19001  ack 1  len 1000  win 65535 ─────────────►│
                            │   new data                                                │
     0.039000               │◄──── ACK  seq 1  ack 10001  win 65535  (acknowledgement) ─┤
  ── the first loss ──────────────────────────────────────────────────────────────────────────────────
     0.040000               ├─ ACK  seq 20001  ack 1  len 1000  win 65535 ───✗          │
                            │   new data, lost on the way                               │
     0.040000               │◄──── ACK  seq 1  ack 11001  win 65535  (acknowledgement) ─┤
     0.041000               ├─ ACK  seq 21001  ack 1  len 1000  win 65535 ─────────────►│
                            │   new data                                                │
                            ┊       … 19 segments (10 ► 9 ◄), 9.8 KiB, 10.0 ms …        ┊
     0.051000               │◄─────────────────────── ACK  seq 1  ack 20001  win 65535 ─┤
                            │   sack 21001–22001                                        │
                            │   acknowledgement at once: data out of order              │
     0.052000               ├─ ACK  seq 32001  ack 1  len 1000  win 65535 ─────────────►│
                            │   new data                                                │
     0.052000               │◄─────────────────────── ACK  seq 1  ack 20001  win 65535 ─┤
                            │   sack 21001–23001                                        │
                            │   acknowledgement at once: data out of order              │
     0.053000               ├─ ACK  seq 33001  ack 1  len 1000  win 65535 ─────────────►│
                            │   new data                                                │
     0.053000               │◄─────────────────────── ACK  seq 1  ack 20001  win 65535 ─┤
                            │   sack 21001–24001                                        │
                            │   acknowledgement at once: data out of order              │
                            ┊        … 16 segments (6 ► 10 ◄), 5.9 KiB, 9.0 ms …        ┊
     0.063000               ├─ ACK  seq 20001  ack 1  len 1000  win 65535 ─────────────►│
                            │   retransmission: duplicate acknowledgements show a loss  │
                            ┊             … 5 segments (0 ► 5 ◄), 4.0 ms …              ┊
  ── closing ─────────────────────────────────────────────────────────────────────────────────────────
     0.069000               │◄─────────────────────── ACK  seq 1  ack 20001  win 65535 ─┤
                            │   sack 21001–40001                                        │
                            │   acknowledgement at once: data out of order              │
     0.073000               │◄─────────────────────── ACK  seq 1  ack 40001  win 65535 ─┤
                            │   acknowledgement at once: data out of order              │
     0.083000    FIN-WAIT-1 ├─ FIN,ACK  seq 40001  ack 1  win 65535 ───────────────────►│
                            │   end of the stream                                       │
     0.093000               │◄──── ACK  seq 1  ack 40002  win 65535  (acknowledgement) ─┤ CLOSE-WAIT
     0.094000               │◄─────────────────── FIN,ACK  seq 1  ack 40002  win 65535 ─┤ LAST-ACK
                            │   end of the stream                                       │
     0.103000    FIN-WAIT-2 │ our FIN is acknowledged                                   │
     0.104000     TIME-WAIT ├─ ACK  seq 40002  ack 2  win 65535  (acknowledgement) ────►│
     0.114000               │                                   our FIN is acknowledged │ CLOSED

  """

private let narrow = """
               sender                                                   receiver
               10.77.0.2:50000                                    10.77.0.1:9000
  -- handshake -----------------------------------------------------------------
                     CLOSED |                                     | LISTEN
     0.000000      SYN-SENT |- SYN  seq 0  win 65535 ------------>|
                            |   mss 1460, window scale 5          |
                            |   sack permitted, opening handshake |
     0.010000               |<------------ SYN,ACK  seq 0  ack 1 -| SYN-RECEIVED
                            |   win 65535, mss 1460               |
                            |   window scale 5, sack permitted    |
                            |   opening handshake                 |
     0.020000   ESTABLISHED |- ACK  seq 1  ack 1  win 65535 ----->|
                            |   acknowledgement                   |
     0.020000               |- ACK  seq 1  ack 1  len 20000 ----->|
                            |   win 65535, new data               |
     0.030000               |<------------ ACK  seq 1  ack 20001 -| ESTABLISHED
                            |   win 65535, acknowledgement        |
  -- closing -------------------------------------------------------------------
     0.040000               |- ACK  seq 20001  ack 1 ------------>|
                            |   len 20000, win 65535, new data    |
     0.050000               |<------------ ACK  seq 1  ack 40001 -|
                            |   win 65535, acknowledgement        |
     0.083000    FIN-WAIT-1 |- FIN,ACK  seq 40001  ack 1 -------->|
                            |   win 65535, end of the stream      |
     0.093000               |<------------ ACK  seq 1  ack 40002 -| CLOSE-WAIT
                            |   win 65535, acknowledgement        |
     0.094000               |<-------- FIN,ACK  seq 1  ack 40002 -| LAST-ACK
                            |   win 65535, end of the stream      |
     0.103000    FIN-WAIT-2 | our FIN is acknowledged             |
     0.104000     TIME-WAIT |- ACK  seq 40002  ack 2 ------------>|
                            |   win 65535, acknowledgement        |
     0.114000               |             our FIN is acknowledged | CLOSED

  """
