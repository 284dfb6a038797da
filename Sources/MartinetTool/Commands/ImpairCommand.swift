import ArgumentParser
import MartinetLinks
import MartinetRuntime

/// `martinet impair`
struct ImpairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "impair",
    abstract: "Lay a bad wire between two TUN devices, each in a network namespace.",
    discussion: """
      What the kernel, or anything else, sends into one device comes out of the other: late, at a rate, in another order, \
      twice, altered or not at all. NETNS is a name of `ip netns` or a path such as /proc/PID/ns/net; a device that is not \
      there is created, and both are switched on. Addresses and routes are yours to set.

      A value such as 5 holds for both directions; 5/0 is one for each, the first from the first device to the second. It \
      runs until a signal ends it, and then says what became of the packets.
      """)

  @Argument(
    help: ArgumentHelp("One end of the wire, with an optional ,mtu=N.", valueName: "[NETNS/]TUN"),
    transform: ImpairCommand.device)
  var first: NamespacedDevice

  @Argument(help: ArgumentHelp("The other end.", valueName: "[NETNS/]TUN"), transform: ImpairCommand.device)
  var second: NamespacedDevice

  @OptionGroup(title: "The wire") var wire: WireOptions

  @Option(
    help: ArgumentHelp("What every chance follows from. (default: 1)", valueName: "N"),
    transform: Whole.number(0...UInt64.max))
  var seed: UInt64 = 1

  @Flag(help: "Print one JSON object and nothing else on standard output.")
  var json = false

  private static func device(_ text: String) throws -> NamespacedDevice {
    do throws(LinkError) {
      return try NamespacedDevice(parsing: text)
    } catch {
      if case .malformed(_, let reason) = error { throw ValidationError(reason) }
      throw ValidationError("\(error)")
    }
  }

  func validate() throws {
    if first.namespace == second.namespace && first.device.medium == second.device.medium {
      throw ValidationError("a wire has two different ends")
    }
  }

  func run() throws {
    try ImpairRun(
      ImpairPlan(first: first, second: second, forth: try wire.forth, back: try wire.back, seed: seed), isJSON: json
    ).run()
  }
}
