import ArgumentParser

/// `martinet connect`
struct ConnectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connect",
    abstract: "Connect, and join standard input and output to the connection.",
    discussion: """
      The end of input ends that direction only; the program ends when both directions have. It serves as a ProxyCommand: \
      ssh -o ProxyCommand='martinet connect %h:%p --link tun:mt0 --address 10.99.0.2/24' 10.99.0.1
      """)

  @Argument(
    help: ArgumentHelp("Where to: 10.77.0.1:9000, [fd77::1]:9000 or a name.", valueName: "HOST:PORT"),
    transform: HostPort.parse)
  var destination: HostPort

  @OptionGroup var link: LinkOptions

  func run() throws {
    try Conversation.connect(to: destination, over: LinkPlan(link, role: .sender))
  }
}
