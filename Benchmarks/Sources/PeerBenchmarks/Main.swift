import ArgumentParser
import Foundation

/// Measures Martinet and other user-space stacks side by side, each on a TUN device of its own with this machine's kernel as the peer.
@main
struct PeerBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martinet-peer-benchmarks",
    abstract: "Measure Martinet beside other stacks over TUN, with the kernel as the peer.",
    discussion: """
      Needs a network namespace in which it may make devices: run it under `unshare -Urn`, or as root.

      Each file DIR/NAME is a program `NAME sink|source|echo TUN ADDRESS PORT` that attaches to the TUN device, answers as \
      ADDRESS, takes connections at PORT, and discards, sends without end, or echoes, to \(KernelClients.count) connections at a time.
      """)

  @Option(help: ArgumentHelp("The program martinet.", valueName: "path"))
  var martinet: String

  @Option(help: ArgumentHelp("A directory of other stacks' programs.", valueName: "dir"))
  var peers: String?

  @Option(help: ArgumentHelp("How often each load runs on each program, in turns.", valueName: "n"))
  var rounds = 5

  @Option(help: ArgumentHelp("How long each run of a bulk load takes.", valueName: "seconds"))
  var seconds = 5.0

  @Option(
    name: .customLong("load"), help: ArgumentHelp("Only this load; may be given several times.", valueName: "load"))
  var loads: [Load] = []

  func validate() throws {
    guard rounds > 0, rounds % 2 == 1 else { throw ValidationError("--rounds is an odd number, for the median") }
    guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds is more than 0 and at most 600") }
  }

  func run() throws {
    let all = try Contestant.all(martinet: martinet, peers: peers)
    for load in loads.isEmpty ? Load.allCases : loads {
      let contestants = all.filter { load.isWaiting || !$0.isOnlyForWaiting }
      // What a round trip costs without any of them stands beside it.
      let names = contestants.map(\.name) + (load == .echo ? [KernelEcho.name] : [])
      var results = names.map { _ in [Outcome]() }
      for round in 1...rounds {
        for (index, contestant) in contestants.enumerated() {
          FileHandle.standardError.write(Data("\(load.title): round \(round) of \(rounds), \(contestant.name)\n".utf8))
          do {
            results[index].append(try Run(load: load, contestant: contestant, seconds: seconds).perform())
          } catch let failure as Failure where !contestant.isOurs {
            // Not every program has every load; ours has.
            FileHandle.standardError.write(Data("\(failure)\n".utf8))
          }
        }
        if load == .echo { results[contestants.count].append(try KernelEcho.measure(seconds: seconds)) }
      }
      print(Table(load: load, names: names, results: results).text)
    }
  }
}
