import Martinet
import MartinetRuntime
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

@Suite("Blocking code in virtual time")
struct VirtualTimeTests {
  let pair = VirtualPair()
  let notes = Notebook()

  @Test("Sleeping takes virtual time and no other")
  func sleeping() throws {
    let clock = ContinuousClock()
    let elapsed = try clock.measure {
      try pair.simulation.run { try pair.simulation.sleep(for: .seconds(86_400)) }
    }
    #expect(pair.simulation.now == .seconds(86_400))
    #expect(elapsed < .seconds(10))
  }

  @Test("Threads run in the order in which they were spawned, and one at a time")
  func order() throws {
    try pair.simulation.run {
      for name in ["a", "b", "c"] {
        try pair.simulation.spawn(name) { [pair, notes] in
          notes.note("\(name) begins")
          try? pair.simulation.sleep(for: .milliseconds(1))
          notes.note("\(name) ends")
        }
      }
      notes.note("main waits")
    }
    #expect(
      notes.all == ["main waits", "a begins", "b begins", "c begins", "a ends", "b ends", "c ends"])
  }

  @Test("The earliest deadline comes first, whoever set it")
  func deadlines() throws {
    try pair.simulation.run {
      for (name, time) in [("late", 30), ("early", 10), ("middle", 20)] {
        try pair.simulation.spawn(name) { [pair, notes] in
          try? pair.simulation.sleep(for: .milliseconds(time))
          notes.note("\(name) at \(pair.simulation.now)")
        }
      }
    }
    #expect(notes.all == ["early at 0.01 seconds", "middle at 0.02 seconds", "late at 0.03 seconds"])
  }

  @Test("Joining a thread waits for its end")
  func joining() throws {
    try pair.simulation.run {
      let thread = try pair.simulation.spawn("worker") { [pair, notes] in
        try? pair.simulation.sleep(for: .seconds(5))
        notes.note("worked")
      }
      try thread.join()
      notes.note("joined")
    }
    #expect(notes.all == ["worked", "joined"])
    #expect(pair.simulation.now == .seconds(5))
  }

  @Test("A thread that is not registered gets an error instead of a place in time")
  func unregistered() throws {
    #expect(socketError { try pair.simulation.sleep(for: .seconds(1)) }?.reason == .unregisteredThread)
    let error = socketError { _ = try Socket(to: Endpoint(VirtualPair.serverAddress, 80), on: pair.client) }
    #expect(error?.reason == .unregisteredThread)
    #expect(error?.kind == .simulation)
    #expect(socketError { try pair.simulation.spawn("nobody's") {} }?.reason == .unregisteredThread)
  }

  @Test("A thread can't be registered twice")
  func registeredTwice() throws {
    let other = VirtualPair()
    try pair.simulation.run {
      #expect(socketError { try other.simulation.run {} }?.reason == .alreadyRegistered)
      #expect(socketError { try other.simulation.sleep(for: .seconds(1)) }?.reason == .unregisteredThread)
    }
  }

  @Test("When everybody waits for ever and nothing is left to happen, the waiting calls fail and say so")
  func deadlock() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let other = try pair.simulation.spawn("other") { [pair, notes] in
        let error = socketError { _ = try ServerSocket(port: 81, on: pair.client).accept() }
        notes.note("other: \(error.map { "\($0.reason)" } ?? "nothing")")
      }
      #expect(socketError { _ = try listener.accept() }?.reason == .deadlock)
      try other.join()
    }
    #expect(notes.all == ["other: every thread of the simulation waits and nothing is left to happen"])
  }

  @Test("The end of a thread that somebody joins is no deadlock, and neither is a thread that waits with a deadline")
  func noDeadlock() throws {
    try pair.simulation.run {
      let worker = try pair.simulation.spawn("worker") { [pair] in try? pair.simulation.sleep(for: .seconds(1)) }
      let listener = try ServerSocket(port: 80, on: pair.server)
      try listener.setAcceptTimeout(.seconds(3))
      #expect(socketError { _ = try listener.accept() }?.reason == .timedOut(.seconds(3)))
      try worker.join()
    }
  }

  @Test("An error of the body comes out after the spawned threads have ended")
  func failure() throws {
    struct Failure: Error {}
    #expect(throws: Failure.self) {
      try pair.simulation.run {
        try pair.simulation.spawn("worker") { [pair, notes] in
          try? pair.simulation.sleep(for: .seconds(1))
          notes.note("ended")
        }
        throw Failure()
      }
    }
    #expect(notes.all == ["ended"])
  }
}

@Suite("A gate")
struct GateTests {
  @Test("Lets one through at a time, in the order of their coming")
  func order() throws {
    let pair = VirtualPair()
    let notes = Notebook()
    let gate = Gate()
    try pair.simulation.run {
      for name in ["a", "b", "c"] {
        try pair.simulation.spawn(name) {
          let waiter = ThreadWaiter.current
          guard pair.client.core.enter(gate, waiter) == .fired else { return }
          notes.note("\(name) in")
          try? pair.simulation.sleep(for: .milliseconds(10))
          notes.note("\(name) out")
          gate.leave()
        }
      }
    }
    #expect(notes.all == ["a in", "a out", "b in", "b out", "c in", "c out"])
  }
}
