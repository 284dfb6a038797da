import ArgumentParser

/// `martinet send`
struct SendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Send a file.",
    discussion: "The end of the stream is the end of the file; a failure or a signal resets the connection instead.")

  @Argument(help: ArgumentHelp("What to send.", valueName: "FILE"))
  var file: String

  @Argument(
    help: ArgumentHelp("Where to: 10.77.0.1:9000, [fd77::1]:9000 or a name.", valueName: "HOST:PORT"),
    transform: HostPort.parse)
  var destination: HostPort

  @OptionGroup var link: LinkOptions

  func run() throws {
    let source = try SourceFile(path: file)
    try Sender(source: source, destination: destination).run(over: LinkPlan(link, role: .sender))
  }
}
