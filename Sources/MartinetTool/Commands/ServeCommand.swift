import ArgumentParser

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

  @Option(help: ArgumentHelp("Where to listen.", valueName: "1-65535"))
  var port: Port?

  @Option(
    help: ArgumentHelp("The congestion control: \(CongestionName.list). (default: the stack's)", valueName: "NAME"))
  var congestion: CongestionName?

  @OptionGroup var link: LinkOptions

  func run() throws {
    try ServiceCrew.serve(
      service, on: port?.number ?? service.port, options: service.options(congestion),
      over: LinkPlan(link, role: .receiver))
  }
}
