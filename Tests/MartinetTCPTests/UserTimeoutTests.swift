import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("The user timeout option (RFC 5482)")
struct UserTimeoutTests {
  /// Connects with timeouts advertised and accepted; the peer advertises 200 s.
  private static let agreed = """
    0.000  connect
    0.000 > SYN seq 0 <mss 1460,sackOK,ts,ws 5,uto 150s>
    0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,uto 200s>
    0.100 > ACK seq 1 ack 1 <uto 150s>

    """

  private static func play(_ text: String, configure: (inout ConnectionOptions) -> Void = { _ in }) throws {
    try Transcript(text).run(configure: {
      $0.connection.advertisedUserTimeout = .seconds(150)
      $0.connection.acceptsPeerUserTimeout = true
      configure(&$0.connection)
    })
  }

  @Test("What is advertised goes with the SYN, the first segment after it, and when it changes", .proves("5482-05"))
  func advertised() throws {
    try Self.play(
      Self.agreed + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100 <>
        0.300 < ACK seq 1 ack 101
        0.400  set advertisedUserTimeout 40000s
        0.400 > ACK seq 101 ack 1 (userTimeout) <uto 40020s>
        0.500  write 100
        0.500 > PSH.ACK seq 101 ack 1 length 100 <>
        """)
  }

  @Test("A SYN that is sent again says it again, since an option may be lost", .proves("5482-05"))
  func repeatedSYN() throws {
    try Self.play(
      """
      0.000  connect
      0.000 > SYN seq 0 <uto 150s,*>
      1.000 > SYN seq 0 <uto 150s,*>
      1.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
      1.100 > ACK seq 1 ack 1 <uto 150s>
      """)
  }

  @Test("A listener advertises in its SYN,ACK and the first segment after it", .proves("5482-05"))
  func passive() throws {
    try Self.play(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1 <mss 1460,uto 150s>
      0.100 < ACK seq 1 ack 1
      0.200  write 10
      0.200 > PSH.ACK seq 1 ack 1 length 10 <uto 150s>
      0.300 < ACK seq 1 ack 11
      0.300  write 10
      0.300 > PSH.ACK seq 11 ack 1 length 10 <>
      """)
  }

  @Test("Beside SACK blocks the option takes the place of one", .proves("5482-05"))
  func besideBlocks() throws {
    try Self.play(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460,sackOK,ts>
      0.000 > SYN.ACK seq 0 ack 1 <mss 1460,sackOK,ts,uto 150s>
      0.100 < ACK seq 1 ack 1
      0.100 < ACK seq 101 ack 1 length 100
      0.100 > ACK ack 1 <ts,sack 101-201,uto 150s>
      0.100 < ACK seq 301 ack 1 length 100
      0.100 > ACK ack 1 <ts,sack 301-401 101-201>
      0.100 < ACK seq 501 ack 1 length 100
      0.100 > ACK ack 1 <ts,sack 501-601 301-401 101-201>
      0.200  set advertisedUserTimeout 99s
      0.200 > ACK ack 1 <ts,sack 501-601 301-401,uto 99s>
      """)
  }

  @Test(
    "What the peer advertises is adopted: no less than we advertise and the lower limit, no more than the upper",
    .proves("5482-02", "5482-04"), arguments: [(200, 200), (120, 150), (7, 150), (3000, 3000), (30000, 3600)])
  func adopted(_ advertised: Int, _ adopted: Int) throws {
    try Self.play(
      """
      0.000  connect
      0.000 > SYN seq 0 <uto 150s,*>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,uto \(advertised)s>
      0.100 > ACK seq 1 ack 1 <uto 150s>
             status usertimeout \(adopted)s peerusertimeout \(advertised)s
      """)
  }

  @Test("The lower limit is 100 s, and whatever it is the retransmission timeout is less", .proves("5482-04"))
  func lowerLimit() throws {
    let text = """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,uto 1s>
      0.100 > ACK seq 1 ack 1
             status usertimeout
      """
    #expect(ConnectionOptions().userTimeoutLowerLimit == .seconds(100))
    try Self.play(text + " 100s") { $0.advertisedUserTimeout = .zero }
    // Limits without sense: the timeout would end before a first retransmission.
    try Self.play(text + " 1001ms") {
      $0.advertisedUserTimeout = .zero
      $0.userTimeoutLowerLimit = .zero
      $0.userTimeoutUpperLimit = .milliseconds(1)
    }
  }

  @Test("An adopted timeout ends a connection that waits for it, and no earlier", .proves("5482-02"))
  func expires() throws {
    try Self.play(
      Self.agreed + """
          1.000  write 10
          1.000 > PSH.ACK seq 1 ack 1 length 10
        200.900  ignore
        200.999  phase ESTABLISHED
        201.000 > RST seq 11
                 ended user-timed-out
        """)
  }

  @Test("A peer that wants it longer than R2 gets it", .proves("5482-02"))
  func longerThanR2() throws {
    try Self.play(
      """
      0.000  connect
      0.000 > SYN seq 0 <uto 150s,*>
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,uto 1800s>
      0.100 > ACK seq 1 ack 1
      1.000  write 10
      1.000 > PSH.ACK seq 1 ack 1 length 10
      1800.000 ignore
             phase ESTABLISHED
      1801.000 > RST seq 11
             ended user-timed-out
      """)
  }

  @Test("A later segment changes it, if it is an acceptable one", .proves("5482-02"))
  func changes() throws {
    try Self.play(
      Self.agreed + """
               status usertimeout 200s
        0.200 < ACK seq 1 ack 1 <uto 1000s>
               status usertimeout 1000s
        0.300 < ACK seq 900000 ack 1 <uto 500s>
        0.300 > ACK seq 1 ack 1
               status usertimeout 1000s
        0.400 < ACK seq 1 ack 5000 <uto 500s>
        0.400 > ACK seq 1 ack 1
               status usertimeout 1000s
        """)
  }

  @Test(
    "A timeout that the program set itself is not changed by the peer; what the peer said can be asked for",
    .proves("5482-03"))
  func notChangeable() throws {
    try Self.play(
      Self.agreed + """
               status usertimeout 200s
        0.200  set userTimeout 30s
        0.300 < ACK seq 1 ack 1 <uto 1000s>
               status usertimeout 30s peerusertimeout 1000s
        0.400  set userTimeout 0s
               status usertimeout 1000s
        0.500  set acceptsPeerUserTimeout off
               status usertimeout 0
        """)
  }

  @Test("Keep-alive waits longer than an adopted timeout", .proves("5482-06"))
  func keepAlive() throws {
    try Self.play(
      Self.agreed + """
          0.200  set keepAliveIdle 10s
          0.200  set keepAlive on
        200.999  wait
        201.100 > ACK seq 0 ack 1 (keepAliveProbe)
        """)
  }

  @Test("Every value is said exactly in seconds up to 32,767, rounded up to minutes beyond", .proves("5482-01"))
  func values() {
    #expect(UserTimeoutOption(.zero) == nil)
    #expect(UserTimeoutOption(.milliseconds(1)) == UserTimeoutOption(inMinutes: false, value: 1))
    #expect(UserTimeoutOption(.seconds(32767)) == UserTimeoutOption(inMinutes: false, value: 32767))
    #expect(UserTimeoutOption(.seconds(32768)) == UserTimeoutOption(inMinutes: true, value: 547))
    #expect(UserTimeoutOption(.forever) == UserTimeoutOption(inMinutes: true, value: 32767))
    #expect(UserTimeoutOption(inMinutes: true, value: 2).interval == .seconds(120))
  }
}
