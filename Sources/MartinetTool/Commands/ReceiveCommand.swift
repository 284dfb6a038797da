import ArgumentParser

/// `martinet receive`
struct ReceiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Save what others send, each connection as a file named after its peer.",
    discussion: """
      A file appears as ADDRESS_PORT when its stream has ended, with .1, .2 and so on behind it if that name is taken. \
      Nothing is ever overwritten.
      """)

  @Argument(help: ArgumentHelp("Where the files go.", valueName: "DIRECTORY"))
  var directory: String

  @Option(help: ArgumentHelp("Where to listen. (default: 9000)", valueName: "1-65535"), transform: Port.parse)
  var port = Port(argument: "9000")!

  @Option(
    help: ArgumentHelp("Connections that may wait to be accepted. (default: 50)", valueName: "N"),
    transform: Whole.number(1...65535))
  var backlog = 50

  @Option(
    help: ArgumentHelp("End when nobody has come for so many seconds; 0: never. (default: 60)", valueName: "SECONDS"),
    transform: Seconds.parse)
  var acceptTimeout = Seconds(argument: "60")!

  @Option(
    help: ArgumentHelp(
      "Give a client up that was silent for so many seconds; 0: never. (default: 60)", valueName: "SECONDS"),
    transform: Seconds.parse)
  var idleTimeout = Seconds(argument: "60")!

  @Option(
    help: ArgumentHelp("End when so many files are complete.", valueName: "N"),
    transform: Whole.number(1...Int(Int32.max)))
  var limit: Int?

  @OptionGroup var link: LinkOptions

  func run() throws {
    let files = PartialFiles()
    let saver = try FileSaver(into: directory, files: files)
    try Receiver(
      saver: saver, files: files, port: port.number, backlog: backlog, acceptTimeout: acceptTimeout.limit,
      idleTimeout: idleTimeout.limit, limit: limit
    ).run(over: LinkPlan(link, role: .receiver))
  }
}
