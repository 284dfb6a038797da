import ArgumentParser

/// `martinet listen`
struct ListenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "listen",
    abstract: "Take one connection, and join standard input and output to it.",
    discussion: """
      Standard error says where it listens. The end of input ends that direction only; the program ends when both \
      directions have.
      """)

  @Argument(help: ArgumentHelp("Where to listen.", valueName: "PORT"), transform: Port.parse)
  var port: Port

  @OptionGroup var link: LinkOptions

  func run() throws {
    try Conversation.listen(on: port.number, over: LinkPlan(link, role: .receiver))
  }
}
