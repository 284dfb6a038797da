import Foundation
import MartinetLoads
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("The loads that are measured", .blocksThreads)
struct BenchTests {
  @Test("Each load carries what it says, and gives figures above zero with their units", arguments: Load.allCases)
  func loads(load: Load) throws {
    let figures = try load.measure(.least)
    #expect(!figures.isEmpty)
    for figure in figures {
      // Two hundred idle connections are less than what the allocator takes at once.
      #expect(figure.value > 0 || load == .idle, "\(figure.name): \(figure.value) \(figure.unit)")
      #expect(!figure.unit.isEmpty)
    }
  }

  @Test("The load of connections goes on when every ephemeral port was used")
  func allPorts() throws {
    var description = JoinDescription()
    description.configuration.ephemeralPorts = 50_000...50_099
    description.configuration.timeWaitReuse = .milliseconds(5)
    var load = try ConnectionsLoad(description)
    #expect(try load.run(count: 250) == 250)
    #expect(load.hosts.left.statistics.timeWaitReused == 150)
  }

  @Test("By each way to call the engine everything arrives", arguments: Way.allCases)
  func ways(way: Way) throws {
    #expect(try WaysLoad.carry(blocks: 5, by: way) == 5 * 65_536)
  }

  @Test("The figures are printed as one JSON array")
  func json() throws {
    let program = try Program(["bench", "connections", "--json", "--effort", "1"])
    #expect(program.status() == 0)
    let figures = try #require(
      try JSONSerialization.jsonObject(with: Data(program.standardOutput.utf8)) as? [[String: Any]])
    #expect(figures.first?["load"] as? String == "connections")
    #expect(figures.first?["unit"] as? String == "per second")
    #expect((figures.first?["value"] as? Double ?? 0) > 0)
  }

  @Test("A load that does not exist is refused")
  func unknown() throws {
    let program = try Program(["bench", "nonsense"])
    #expect(program.status() != 0)
    #expect(program.standardError.contains("nonsense"))
  }
}
