import ArgumentParser
import MartinetRuntime
import MartinetSimulation
import MartinetTCP
import MartinetTool
import Testing

@Suite("A bad wire: its options and its table")
struct ImpairTests {
  @Test(
    "The end of a wire is a device, in a namespace with a name or a path",
    arguments: [
      ("tun0", nil, "tun:tun0"), ("left/tun0", "/var/run/netns/left", "tun:tun0"),
      ("/proc/42/ns/net/tun0,mtu=1400", "/proc/42/ns/net", "tun:tun0,mtu=1400"),
    ])
  func ends(text: String, path: String?, device: String) throws {
    let end = try NamespacedDevice(parsing: text)
    #expect(end.namespace?.path == path)
    #expect("\(end.device)" == device)
    #expect("\(end)" == text)
  }

  @Test(
    "What is no end of a wire is refused",
    arguments: ["", "/tun0", "left/", "left/a:b", "left/tun0,mtu=9", "left/tun0,offload=on", "tun 0"])
  func wrongEnds(text: String) {
    #expect(throws: (any Error).self) { try NamespacedDevice(parsing: text) }
  }

  @Test("A value holds for both directions, or there is one for each")
  func bothWays() throws {
    let same = try #require(BothWays<Percent>(argument: "0.5"))
    #expect(same.forth == same.back)
    #expect(same.forth.probability == .perMille(5))
    let each = try #require(BothWays<Megabits>(argument: "100/0.064"))
    #expect(each.forth.bitsPerSecond == 100_000_000)
    #expect(each.back.bitsPerSecond == 64_000)
    for text in ["", "/", "1/", "/1", "1/2/3", "1//2", "x"] { #expect(BothWays<Percent>(argument: text) == nil) }
  }

  @Test(
    "A number of packets is from 1 to a million", arguments: ["0", "-1", "+1", "", "1.5", "1000001", "99999999999"])
  func wrongCounts(text: String) {
    #expect(PacketCount(argument: text) == nil)
    #expect(PacketCount(argument: "1000000")?.count == 1_000_000)
  }

  @Test("What is not asked for does not happen")
  func nothing() throws {
    let options = try WireOptions.parse([])
    #expect(try options.forth == Impairment())
    #expect(try options.back == Impairment())
    #expect(WireWords.of(try options.forth) == "nothing")
  }

  @Test("Every option comes to the direction that it is for, and is said in words")
  func options() throws {
    let options = try WireOptions.parse([
      "--rate", "100/10", "--delay", "10/20", "--jitter", "1/0", "--loss", "5/0", "--burst", "4", "--reorder", "2/0",
      "--reorder-delay", "3", "--duplicate", "1/0", "--corrupt", "0.5/0", "--queue", "250KB/125KB", "--ecn",
      "30KB/20KB",
    ])
    var forth = Impairment(rate: 100_000_000, delay: .milliseconds(10))
    forth.jitter = .milliseconds(1)
    forth.burstLoss = BurstLoss(losing: .percent(5), inBurstsOf: 4)
    forth.reordering = .percent(2)
    forth.reorderingDelay = .milliseconds(3)
    forth.duplication = .percent(1)
    forth.corruption = .perMille(5)
    forth.queueCapacity = 250_000
    forth.markingThreshold = 30_000
    #expect(try options.forth == forth)
    var back = Impairment(rate: 10_000_000, delay: .milliseconds(20))
    back.reorderingDelay = .milliseconds(3)
    back.queueCapacity = 125_000
    back.markingThreshold = 20_000
    #expect(try options.back == back)
    #expect(
      WireWords.of(forth) == """
        100.0 Mbit/s, 244.1 KiB of queue, marks above 29.3 KiB, 10.0 ms, jitter up to 1.0 ms, 5 % loss in bursts of 4, \
        2 % held back by 3.0 ms, 1 % twice, 0.5 % corrupted
        """)
    #expect(WireWords.of(back) == "10.0 Mbit/s, 122.1 KiB of queue, marks above 19.5 KiB, 20.0 ms")
  }

  private static var summary: ImpairSummary {
    var statistics = ChannelStatistics()
    statistics.entered = 1200
    statistics.lostToFullQueue = 200
    statistics.lostAtRandom = 10
    statistics.delivered = 990
    statistics.waited = .seconds(5)
    var lateness = Lateness()
    lateness.packets = 990
    lateness.total = .milliseconds(99)
    lateness.worst = .milliseconds(2)
    return ImpairSummary([
      ImpairSummary.Way(statistics: statistics, lateness: lateness, refused: 3),
      ImpairSummary.Way(statistics: ChannelStatistics(), lateness: Lateness(), refused: 0),
    ])
  }

  @Test("The table has a line for each figure and a column for each direction")
  func table() {
    let lines = ImpairTests.summary.table.split(separator: "\n").map { line in
      line.split(separator: "  ").map { $0.trimmingPrefix(" ") }.filter { !$0.isEmpty }.map(String.init)
    }
    #expect(lines.first == ["forth", "back"])
    for wanted in [
      ["packets in", "1 200", "0"], ["passed", "990", "0"], ["lost at random", "10", "0"],
      ["lost to the full queue", "200", "0"], ["not taken by the device", "3", "0"],
      // The 1,000 packets that the queue took.
      ["mean wait in the queue", "5.0 ms", "0 s"], ["late by, mean", "100.0 µs", "0 s"],
      ["late by, worst", "2.0 ms", "0 s"],
    ] {
      #expect(lines.contains(wanted), "\(wanted)")
    }
  }

  @Test("The object has a member for each direction, with times in milliseconds")
  func json() {
    let text = ImpairTests.summary.json.text
    for part in ["\"forth\": {", "\"back\": {", "\"queue_drops\": 200", "\"mean_wait_ms\": 5.0", "\"passed\": 990"] {
      #expect(text.contains(part), "\(part)")
    }
  }
}
