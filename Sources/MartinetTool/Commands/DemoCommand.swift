import ArgumentParser
import MartinetSimulation

/// `martinet demo`
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Send a file across a simulated network, in virtual time, and show what happened.",
    discussion: "The same seed and options give the same packets every time.")

  @Option(
    help: ArgumentHelp("How large the file is that the seed makes. (default: 8MiB)", valueName: "SIZE"),
    transform: ByteSize.parse)
  var size: ByteSize?

  @Option(help: ArgumentHelp("Send this file instead.", valueName: "PATH"))
  var file: String?

  @Option(
    help: ArgumentHelp("Packets that get lost in each direction, in percent.", valueName: "0-100"),
    transform: Percent.parse)
  var loss = Percent(argument: "0")!

  @Option(
    help: ArgumentHelp("The delay each way in milliseconds. (default: 10)", valueName: "MS"),
    transform: Milliseconds.parse)
  var delay = Milliseconds(argument: "10")!

  @Option(
    help: ArgumentHelp("The rate of the wire in Mbit/s. (default: 100)", valueName: "MBIT/S"),
    transform: Megabits.parse)
  var rate = Megabits(argument: "100")!

  @Option(
    help: ArgumentHelp("What every chance follows from. (default: 1)", valueName: "N"),
    transform: Whole.number(0...UInt64.max))
  var seed: UInt64 = 1

  @Flag(
    name: .customLong("ecn"),
    help: "Ask for explicit congestion notification, and mark packets where more than 32 KiB wait.")
  var hasECN = false

  @Option(
    help: ArgumentHelp("The sender's congestion control: \(CongestionName.list). (default: cubic)", valueName: "NAME"))
  var congestion: CongestionName?

  @Option(help: ArgumentHelp("Write a report as one HTML page.", valueName: "PATH.html"))
  var report: String?

  @Option(help: ArgumentHelp("Record what the sender's host sees in a pcapng file.", valueName: "PATH.pcapng"))
  var capture: String?

  @Option(
    help: ArgumentHelp("Take packet N of the sender's host apart.", valueName: "N"),
    transform: Whole.number(1...Int(Int32.max)))
  var unfold: Int?

  @Flag(help: "Print one JSON object and nothing else on standard output.")
  var json = false

  func validate() throws {
    if file != nil && size != nil { throw ValidationError("--size and --file exclude each other") }
  }

  func run() throws {
    let plan = DemoPlan(
      size: size?.count ?? 8 << 20, file: file, loss: loss.probability, delay: delay.interval, rate: rate.bitsPerSecond,
      seed: seed,
      ecn: hasECN, congestion: congestion?.algorithm, unfold: unfold)
    try DemoPresentation(plan, reportPath: report, capturePath: capture, isJSON: json).run()
  }
}
