import MartinetTCP
import MartinetTool
import MartinetWire

/// Trace events of two ends, made by hand: what the wire and the engines would have done.
struct Script {
  var events: [(side: Side, event: TraceEvent)] = []
  let delay: Interval
  /// The first sequence numbers of both sides.
  let origins: [Side: UInt32] = [.left: 4_294_967_000, .right: 77_000]

  init(delay: Interval = .milliseconds(10)) {
    self.delay = delay
  }

  mutating func add(_ kind: TraceKind, at milliseconds: Int64, on side: Side) {
    let event = TraceEvent(
      time: .zero + .milliseconds(milliseconds), connection: ConnectionID(slot: 0, generation: 0), kind: kind)
    events.append((side, event))
  }

  mutating func change(_ side: Side, at milliseconds: Int64, _ from: Phase, _ trigger: Trigger) {
    add(.phaseChanged(from: from, to: from.after(trigger) ?? from, trigger), at: milliseconds, on: side)
  }

  /// A segment; its numbers count from the SYNs.
  mutating func segment(
    from side: Side, at milliseconds: Int64, _ flags: TCPFlags, sequence: Int, acknowledgement: Int = 0,
    payload: Int = 0, options: TCPOptions = TCPOptions(), reason: TransmissionReason, isLost: Bool = false
  ) {
    let header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(origins[side]!) + sequence,
      acknowledgement: flags.contains(.ack)
        ? SequenceNumber(origins[side.other]!) + acknowledgement : SequenceNumber(0),
      flags: flags, window: 65535, options: options)
    let summary = SegmentSummary(header, payload: payload, windowShift: 0)
    add(.sent(summary, reason), at: milliseconds, on: side)
    if !isLost { add(.received(summary), at: milliseconds + delay.milliseconds, on: side.other) }
  }

  func sack(_ range: Range<Int>, heldBy side: Side) -> TCPOptions {
    var options = TCPOptions()
    options.present = .sack
    options.sackCount = 1
    let origin = SequenceNumber(origins[side.other]!)
    options.sackBlocks[0] = SACKBlock(from: origin + range.lowerBound, upTo: origin + range.upperBound)
    return options
  }

  var story: Story {
    let ordered = events.enumerated().sorted {
      ($0.element.event.time, $0.offset) < ($1.element.event.time, $1.offset)
    }
    var recorder = StoryRecorder(
      left: Party(name: "sender", endpoint: "10.77.0.2:50000"),
      right: Party(name: "receiver", endpoint: "10.77.0.1:9000"), wire: .watched(transit: .milliseconds(100)))
    for (_, (side, event)) in ordered { recorder.record(event, at: side) }
    return recorder.finish(at: .zero + .seconds(1000))
  }
}

enum Samples {
  /// A handshake, forty segments of which one is lost and repaired, a closing.
  static var lossyTransfer: Script {
    var script = Script()
    handshake(&script)
    for index in 0..<40 {
      script.segment(
        from: .left, at: 20 + Int64(index), .ack, sequence: 1 + index * 1000, acknowledgement: 1, payload: 1000,
        reason: .newData, isLost: index == 20)
    }
    for index in 0..<20 {
      script.segment(
        from: .right, at: 30 + Int64(index), .ack, sequence: 1, acknowledgement: 1001 + index * 1000,
        reason: .acknowledgement)
    }
    for index in 21..<40 {
      script.segment(
        from: .right, at: 30 + Int64(index), .ack, sequence: 1, acknowledgement: 20001,
        options: script.sack(21001..<(22001 + (index - 21) * 1000), heldBy: .right), reason: .duplicateAcknowledgement)
    }
    script.add(.congestion(window: 20000, threshold: 10000, inFlight: 19000, .enteredFastRecovery), at: 63, on: .left)
    script.segment(
      from: .left, at: 63, .ack, sequence: 20001, acknowledgement: 1, payload: 1000, reason: .fastRetransmission)
    script.segment(
      from: .right, at: 73, .ack, sequence: 1, acknowledgement: 40001, reason: .duplicateAcknowledgement)
    closing(&script)
    return script
  }

  /// A handshake, two segments, a closing.
  static var shortTransfer: Script {
    var script = Script()
    handshake(&script)
    for index in 0..<40 where index % 20 == 0 {
      script.segment(
        from: .left, at: 20 + Int64(index), .ack, sequence: 1 + index * 1000, acknowledgement: 1, payload: 20000,
        reason: .newData)
      script.segment(
        from: .right, at: 30 + Int64(index), .ack, sequence: 1, acknowledgement: 20001 + index * 1000,
        reason: .acknowledgement)
    }
    closing(&script)
    return script
  }

  /// A longer transfer whose window rises and falls, in one-millisecond steps.
  static var sawtooth: Script {
    var script = Script()
    handshake(&script)
    var window = 10
    var next = 0
    var instant: Int64 = 20
    while next < 3000 {
      let lost = window > 60 ? next + window / 2 : -1
      for index in 0..<window {
        script.segment(
          from: .left, at: instant + Int64(index / 4), .ack, sequence: 1 + (next + index) * 1000, acknowledgement: 1,
          payload: 1000, reason: .newData, isLost: next + index == lost)
        let number = lost >= 0 && next + index >= lost ? lost : next + index + 1
        script.segment(
          from: .right, at: instant + 10 + Int64(index / 4), .ack, sequence: 1, acknowledgement: 1 + number * 1000,
          options: lost >= 0 && next + index > lost
            ? script.sack((1 + (lost + 1) * 1000)..<(1 + (next + index + 1) * 1000), heldBy: .right) : TCPOptions(),
          reason: lost >= 0 && next + index >= lost ? .duplicateAcknowledgement : .acknowledgement,
          isLost: next + index == lost)
      }
      let length = Int64(20 + window / 4)
      let sample = Interval.milliseconds(20 + Int64(window / 8))
      script.add(
        .roundTrip(sample: sample, smoothed: sample, variation: .milliseconds(5), timeout: .milliseconds(200)),
        at: instant + 20, on: .left)
      if lost >= 0 {
        script.segment(
          from: .left, at: instant + length, .ack, sequence: 1 + lost * 1000, acknowledgement: 1, payload: 1000,
          reason: next > 1500 ? .timeout : .fastRetransmission)
        script.add(
          .congestion(window: window * 500, threshold: window * 500, inFlight: window * 1000, .enteredFastRecovery),
          at: instant + length, on: .left)
        next += window
        window /= 2
        instant += 20
      } else {
        next += window
        window = window < 40 ? window * 2 : window + 4
        script.add(
          .congestion(window: window * 1000, threshold: 1 << 30, inFlight: window * 900, .slowStart),
          at: instant + length, on: .left)
      }
      instant += length
    }
    return script
  }

  private static func handshake(_ script: inout Script) {
    var options = TCPOptions()
    options.present = [.maximumSegmentSize, .windowScale, .sackPermitted]
    options.maximumSegmentSize = 1460
    options.windowScale = WindowScale(clamping: 5)
    script.change(.left, at: 0, .closed, .activeOpen)
    script.segment(from: .left, at: 0, .syn, sequence: 0, options: options, reason: .handshake)
    script.change(.right, at: 10, .listen, .synArrives)
    script.segment(
      from: .right, at: 10, [.syn, .ack], sequence: 0, acknowledgement: 1, options: options, reason: .handshake)
    script.change(.left, at: 20, .synSent, .synAckArrives)
    script.segment(from: .left, at: 20, .ack, sequence: 1, acknowledgement: 1, reason: .acknowledgement)
    script.change(.right, at: 30, .synReceived, .ackOfSynArrives)
    script.add(.congestion(window: 10000, threshold: 1 << 30, inFlight: 0, .initialWindow), at: 20, on: .left)
    script.add(
      .roundTrip(
        sample: .milliseconds(20), smoothed: .milliseconds(20), variation: .milliseconds(10),
        timeout: .milliseconds(200)), at: 20, on: .left)
  }

  private static func closing(_ script: inout Script) {
    script.change(.left, at: 83, .established, .closeCall)
    script.segment(from: .left, at: 83, [.fin, .ack], sequence: 40001, acknowledgement: 1, reason: .fin)
    script.change(.right, at: 93, .established, .finArrives)
    script.segment(from: .right, at: 93, .ack, sequence: 1, acknowledgement: 40002, reason: .acknowledgement)
    script.change(.right, at: 94, .closeWait, .closeCall)
    script.segment(from: .right, at: 94, [.fin, .ack], sequence: 1, acknowledgement: 40002, reason: .fin)
    script.change(.left, at: 103, .finWait1, .ackOfFinArrives)
    script.change(.left, at: 104, .finWait2, .finArrives)
    script.segment(from: .left, at: 104, .ack, sequence: 40002, acknowledgement: 2, reason: .acknowledgement)
    script.change(.right, at: 114, .lastAck, .ackOfFinArrives)
    script.add(.ended(.closed), at: 114, on: .right)
  }
}
