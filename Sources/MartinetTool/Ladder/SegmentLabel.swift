import Martinet
import MartinetTCP

/// What is written on an arrow, and what does not fit there.
package struct SegmentLabel {
  package var head: String
  /// Phrases for the lines below: what is left of the header, options, the reason.
  package var rest: [String] = []

  /// A label whose head takes at most `room` columns.
  package init(_ flight: Flight, room: Int) {
    var parts = SegmentLabel.fields(of: flight)
    head = parts.removeFirst()
    while let next = parts.first, head.count + 2 + next.count <= room {
      head += "  " + next
      parts.removeFirst()
    }
    rest = parts + flight.options.words
    let cause = flight.reason.words
    if parts.isEmpty && head.count + 4 + cause.count <= room {
      head += "  (\(cause))"
    } else {
      rest.append(cause)
    }
    if flight.isLost { rest.append("lost on the way") }
    if let discarded = flight.discarded { rest.append("dropped by the receiver: \(discarded.words)") }
  }

  /// Flags, sequence number, acknowledgement, length, window.
  package static func fields(of flight: Flight) -> [String] {
    var parts = [flight.flags.names.joined(separator: ","), "seq \(flight.sequence)"]
    if let number = flight.acknowledgement { parts.append("ack \(number)") }
    if flight.payload > 0 { parts.append("len \(flight.payload)") }
    parts.append("win \(flight.window)")
    return parts
  }
}
