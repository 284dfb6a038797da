import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("The keyed table")
struct TableTests {
  private static func flow(_ number: UInt32) -> FlowKey {
    FlowKey(
      local: Endpoint(.v4(IPv4Address(10, 0, 0, 1)), 80),
      remote: Endpoint(.v4(IPv4Address(0x0B00_0000 + number)), UInt16(truncatingIfNeeded: 1024 + number * 7)))
  }

  @Test("What is put in is found, and what was taken out is not")
  func insertionAndRemoval() {
    var table = Table<FlowKey>(k0: 1, k1: 2)
    for number in 0..<1000 { table.set(UInt32(number), for: Self.flow(UInt32(number))) }
    for number in stride(from: 0, to: 1000, by: 3) {
      let removed = table.remove(Self.flow(UInt32(number)))
      #expect(removed == UInt32(number))
    }
    for number in 0..<1000 {
      #expect(table.slot(of: Self.flow(UInt32(number))) == (number % 3 == 0 ? nil : UInt32(number)))
    }
    #expect(table.count == 666)
  }

  @Test("Removing by shifting back never loses a neighbour, in any order")
  func shiftingBack() {
    var random = SplitMix(seed: 7)
    var table = Table<FlowKey>(k0: 3, k1: 4)
    var present: Set<UInt32> = []
    for _ in 0..<20_000 {
      let number = UInt32(random.next() % 300)
      if present.contains(number) {
        let removed = table.remove(Self.flow(number))
        #expect(removed == number)
        present.remove(number)
      } else {
        table.set(number, for: Self.flow(number))
        present.insert(number)
      }
    }
    for number in UInt32(0)..<300 {
      let isFound = table.slot(of: Self.flow(number)) != nil
      #expect(isFound == present.contains(number))
    }
    #expect(table.count == present.count)
  }

  @Test("A value is replaced, not doubled")
  func replacement() {
    var table = Table<FlowKey>(k0: 1, k1: 2)
    table.set(5, for: Self.flow(1))
    table.set(6, for: Self.flow(1))
    #expect(table.count == 1)
    #expect(table.slot(of: Self.flow(1)) == 6)
    let removed = [table.remove(Self.flow(1)), table.remove(Self.flow(1))]
    #expect(removed == [6, nil])
  }

  @Test(
    "A hundred thousand four-tuples that a plain hash would pile up stay within a few probes of their place",
    .proves("ATK-45"))
  func craftedTuples() {
    var table = Table<FlowKey>(k0: 0x1234, k1: 0x5678)
    // Address and port chosen so that their exclusive or is always the same.
    for number in 0..<100_000 {
      let address = IPv4Address(0x0A00_0000 | UInt32(number))
      let port = UInt16(truncatingIfNeeded: number) ^ 0x5555
      table.set(
        UInt32(number),
        for: FlowKey(local: Endpoint(.v4(IPv4Address(10, 0, 0, 1)), 80), remote: Endpoint(.v4(address), port)))
    }
    #expect(table.count == 100_000)
    #expect(table.longestProbe < 100)
  }
}

@Suite("The slab, its lists and the deadlines")
struct SlabTests {
  @Test("An old handle finds nothing after its slot was used again")
  func generations() {
    var slab = Slab<Int>(limit: 4)
    let slot = slab.insert(11)
    #expect(slot == 0)
    let generation = slab.generation(of: 0)
    let removed = slab.remove(0)
    #expect(removed == 11)
    let isGone = !slab.contains(0, generation)
    let again = slab.insert(12)
    let isOther = !slab.contains(0, generation)
    let isThere = slab.contains(0, generation &+ 1)
    let isNonsense = slab.contains(99, 1)
    #expect(again == 0)
    #expect(isGone && isOther && isThere && !isNonsense)
  }

  @Test("The limit holds, and records stay where they are while the slab grows")
  func limit() {
    var slab = Slab<Int>(limit: 200)
    for number in 0..<200 {
      let slot = slab.insert(number)
      #expect(slot == UInt32(number))
    }
    let beyond = slab.insert(200)
    #expect(beyond == nil)
    let isFull = slab.upcoming() == nil
    #expect(isFull)
    for number in 0..<200 {
      let value = slab[UInt32(number)]
      #expect(value == number)
    }
    let removed = slab.remove(77)
    let next = slab.upcoming()?.slot
    #expect(removed == 77 && next == 77)
  }

  @Test("Lists keep their order when something leaves from the middle")
  func lists() {
    var links = SlotLinks()
    var list = SlotList()
    for slot in 0..<5 { links.append(UInt32(slot), to: &list) }
    links.remove(2, from: &list)
    links.insert(9, after: 3, in: &list)
    var order: [UInt32] = []
    while let slot = links.popFirst(of: &list) { order.append(slot) }
    #expect(order == [0, 1, 3, 9, 4])
    #expect(list.isEmpty && !links.contains(3))
  }

  @Test("Deadlines come up in order of time, whatever was moved or taken out")
  func deadlines() {
    var random = SplitMix(seed: 3)
    var deadlines = Deadlines()
    var expected: [UInt32: Int64] = [:]
    for _ in 0..<5000 {
      let slot = UInt32(random.next() % 200)
      if random.next() % 4 == 0 {
        deadlines.remove(slot)
        expected[slot] = nil
      } else {
        let time = Int64(random.next() % 10_000)
        deadlines.set(Instant(nanoseconds: time), for: slot)
        expected[slot] = time
      }
    }
    #expect(deadlines.count == expected.count)
    var last = Int64.min
    var count = 0
    while let slot = deadlines.popDue(at: Instant(nanoseconds: 10_000)) {
      let time = expected.removeValue(forKey: slot)
      #expect(time != nil && time! >= last)
      last = time ?? last
      count += 1
    }
    #expect(expected.isEmpty && count > 0)
    #expect(deadlines.earliest == .never)
  }

  @Test("A deadline that moves to later is left where it is, one that moves to earlier is not")
  func lazyDeadlines() {
    var deadlines = Deadlines()
    deadlines.wake(1, noLaterThan: Instant(nanoseconds: 50))
    deadlines.wake(1, noLaterThan: Instant(nanoseconds: 80))
    #expect(deadlines.deadline(of: 1) == Instant(nanoseconds: 50))
    deadlines.wake(1, noLaterThan: Instant(nanoseconds: 20))
    #expect(deadlines.earliest == Instant(nanoseconds: 20))
    let early = deadlines.popDue(at: Instant(nanoseconds: 19))
    let due = deadlines.popDue(at: Instant(nanoseconds: 20))
    #expect(early == nil && due == 1)
  }

  @Test("A token bucket gives its burst, and then its rate")
  func tokens() {
    var limit = RateLimit(perSecond: 10, burst: 3)
    var now = Instant.zero + .seconds(5)
    let burst = (0..<5).map { _ in limit.take(at: now) }
    #expect(burst == [true, true, true, false, false])
    now = now + .milliseconds(99)
    let early = limit.take(at: now)
    now = now + .milliseconds(1)
    let due = limit.take(at: now)
    #expect(!early && due)
    now = now + .seconds(3600)
    let later = (0..<4).map { _ in limit.take(at: now) }
    #expect(later == [true, true, true, false])
    var nothing = RateLimit(perSecond: 0, burst: 5)
    let something = nothing.take(at: now)
    #expect(!something)
  }
}

/// A source of numbers for tests.
struct SplitMix {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

@Suite("What a host counts")
struct StatisticsTests {
  @Test("Every reason for a discard has a counter of its own", .proves("1122-38"))
  func reasons() {
    #expect(DiscardReason.allCases.count <= HostStatistics.reasonCapacity)
    let statistics = StackBench().statistics
    for reason in DiscardReason.allCases { #expect(statistics.discarded(reason) == 0) }
  }

  @Test("Each counter of a shard goes into the sum")
  func sum() {
    let counters: [WritableKeyPath<HostStatistics, UInt64>] = [
      \.packetsReceived, \.packetsSent, \.datagramsReassembled, \.icmpErrorsSent, \.echoRepliesSent, \.resetsSent,
      \.connectionsOpened, \.connectionsAccepted, \.halfOpenRecycled, \.synCookiesSent, \.synCookiesAccepted,
      \.fastOpensAccepted, \.fastOpensRefused, \.fastOpenCookiesSent, \.timeWaitRecycled, \.timeWaitReused,
      \.orphansReset, \.poolRefusals,
    ]
    // Each stored property but the table of discards stands in the list.
    #expect(Mirror(reflecting: StackBench().statistics).children.count == counters.count + 1)
    var part = StackBench().statistics
    for (index, counter) in counters.enumerated() { part[keyPath: counter] = UInt64(index + 1) }
    var whole = part
    whole.add(part)
    for (index, counter) in counters.enumerated() { #expect(whole[keyPath: counter] == UInt64(2 * index + 2)) }
  }
}
