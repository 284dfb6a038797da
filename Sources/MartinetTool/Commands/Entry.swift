import ArgumentParser
import Glibc

/// The program.
@main
struct Entry: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martinet",
    abstract: "TCP to the letter, in user space.",
    discussion: """
      Move files through a TCP of its own and see every segment, state, window and decision.

        martinet demo                              a file crosses a simulated network
        martinet halfopen                          a peer dies in silence: who notices, and when
        martinet receive inbox                     save what others send
        martinet send photo.jpg 10.77.0.1:9000     send it from another terminal
        martinet listen 9000                       one connection, joined to standard input and output
        martinet connect 10.77.0.1:9000            the other end of it
        martinet http http://example.org/          a page in five steps, each segment in view
        martinet serve echo                        echo, discard or chargen, for any number of clients
        martinet impair a/tun0 b/tun0 --loss 1     a bad wire between two network namespaces
        martinet simulate fairness                 experiments in virtual time, with tables and pictures
        martinet bench                             what the stack costs in memory, without a network
      """,
    subcommands: [
      DemoCommand.self, HalfOpenCommand.self, ReceiveCommand.self, SendCommand.self, ConnectCommand.self,
      ListenCommand.self, HTTPCommand.self, ServeCommand.self, ImpairCommand.self, SimulateCommand.self,
      BenchCommand.self,
    ])

  static func main() {
    // A reader of our output that goes away is seen by the write that fails.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try Entry.parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      if !failure.message.isEmpty { Terminal.complain(failure.message) }
      Glibc.exit(failure.status)
    } catch {
      refuse(error)
    }
  }

  /// What the arguments lack, in one line; help that was asked for as it is.
  private static func refuse(_ error: any Error) -> Never {
    let code = exitCode(for: error)
    let lines = message(for: error).split(separator: "\n")
    guard code != .success, let first = lines.first else { Entry.exit(withError: error) }
    // Where the values that there are would not fit a line, they stand below it in a list.
    let mark = "  - "
    let values = lines.dropFirst().prefix { $0.hasPrefix(mark) }.map { $0.dropFirst(mark.count) }
    let line = values.isEmpty ? String(first) : "\(first) \(values.joined(separator: ", "))"
    let command = CommandLine.arguments.dropFirst().first.flatMap { name in
      configuration.subcommands.first { $0.configuration.commandName == name }?.configuration.commandName
    }
    Terminal.complain("\(line) (see martinet \(command.map { $0 + " " } ?? "")--help)")
    Glibc.exit(code.rawValue)
  }
}
