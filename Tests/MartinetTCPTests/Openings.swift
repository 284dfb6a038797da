/// How most transcripts begin. Round trips take 100 ms; the times of what follows go on from there.
enum Opening {
  /// We connect to a peer that has no option but its segment size: no scaling, no timestamps, no SACK.
  static let plain = """
    0.000  connect
    0.000 > SYN seq 0 <mss 1460,sackOK,ts,*>
    0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
    0.100 > ACK seq 1 ack 1 <>

    """

  /// We connect to a peer that agrees to scaling, timestamps and SACK.
  static let modern = """
    0.000  connect
    0.000 > SYN seq 0 <mss 1460,sackOK,ts,*>
    0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,sackOK,ts,ws 7>
    0.100 > ACK seq 1 ack 1 <ts>

    """

  /// A peer without options but its segment size connects to us.
  static let passive = """
    0.000  listen
    0.000 < SYN seq 0 win 65535 <mss 1460>
    0.000 > SYN.ACK seq 0 ack 1 <mss 1460>
    0.100 < ACK seq 1 ack 1
           phase ESTABLISHED

    """
}
