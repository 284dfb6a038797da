import ArgumentParser
import MartinetWire

/// `martinet http`
struct HTTPCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "http",
    abstract: "Get a page, and show how: name resolution, handshake, request, response, closing.",
    discussion: """
      The body goes to standard output, the ladder of the five steps to standard error. With --link the server is a real one; \
      without it the server is simulated, in virtual time: every name is its name (but those in .invalid), and its pages are \
      /, /large, /chunked and /close, and /truncated and /garbage to see a response fail.
      """)

  @Argument(
    help: ArgumentHelp("What to get: http://example.org/, http://10.99.0.1:8080/page.", valueName: "URL"),
    transform: WebAddress.init)
  var url: WebAddress

  @OptionGroup var link: LinkOptions

  @Option(
    help: ArgumentHelp("The DNS server to ask over the link, instead of the system's resolver.", valueName: "SERVER"),
    transform: HTTPCommand.server)
  var dns: IPAddress?

  private static func server(_ text: String) throws -> IPAddress {
    guard let address = IPAddress(parsing: text) else { throw ValidationError("the address of a DNS server is wanted") }
    return address
  }

  func validate() throws {
    guard link.specification == nil else { return }
    if dns != nil { throw ValidationError("--dns needs --link: the simulated server's name is no secret") }
    if !link.addresses.isEmpty || link.gateway != nil {
      throw ValidationError("--address and --gateway need --link: the simulated hosts have theirs")
    }
  }

  func run() throws {
    if link.specification == nil {
      try SimulatedVisit.present(url, capturePath: link.capture)
    } else {
      try LiveVisit.present(url, over: LinkPlan(link, role: .sender), asking: dns)
    }
  }
}
