import ArgumentParser
import Martinet

/// `martinet serve`
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve one of the old small services to any number of clients: echo, discard, chargen.",
    discussion: """
      echo sends back what it gets (RFC 862), discard throws it away (RFC 863), chargen sends characters for as long as they \
      are taken (RFC 864). Their ports are 7, 9 and 19 unless --port says another. It serves until a signal ends it.
      """)

  @Argument(help: ArgumentHelp("echo, discard or chargen.", valueName: "SERVICE"))
  var service: Service

  @Option(help: ArgumentHelp("Where to listen.", valueName: "1-65535"), transform: Port.parse)
  var port: Port?

  @Option(
    help: ArgumentHelp("The congestion control: \(CongestionName.list). (default: the stack's)", valueName: "NAME"))
  var congestion: CongestionName?

  @Option(
    help: ArgumentHelp(
      "How many shards the stack has, each with a thread and a queue of the device. (default: 1)", valueName: "1-64"),
    transform: Whole.number(1...NetworkStack.mostShards))
  var shards: Int = 1

  @Option(
    help: ArgumentHelp(
      "How long a thread that has to wait looks for packets before it sleeps; 0: it sleeps at once. (default: 20 with several processors, 0 with one)",
      valueName: "MICROSECONDS"),
    transform: Whole.number(0...1000, of: " of microseconds"))
  var spin: Int?

  @OptionGroup var link: LinkOptions

  func validate() throws {
    if shards > 1 && link.capture != nil {
      throw ValidationError("--capture records one queue only: leave out --shards")
    }
  }

  private var spinning: Spinning {
    switch spin {
    case nil: .automatic
    case 0?: .off
    case let limit?: .adaptive(.microseconds(limit))
    }
  }

  func run() throws {
    try ServiceCrew.serve(
      service, on: port?.number ?? service.port, options: service.options(congestion),
      over: LinkPlan(link, role: .receiver, shards: shards, spinning: spinning))
  }
}
