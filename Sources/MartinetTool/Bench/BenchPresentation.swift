import MartinetLoads

/// Measures loads and shows the figures.
struct BenchPresentation {
  let loads: [Load]
  let percent: Int
  let isJSON: Bool

  func run() throws {
    var effort = Effort()
    effort.octets = effort.octets / 100 * percent
    effort.connections = effort.connections * percent / 100
    effort.rounds = effort.rounds * percent / 100
    effort.crowd = effort.crowd * percent / 100
    var measured: [JSON] = []
    for load in loads {
      do throws(LoadError) {
        for figure in try load.measure(effort) {
          if isJSON { measured.append(BenchPresentation.json(load, figure)) } else { BenchPresentation.show(figure) }
        }
      } catch {
        throw Failure("\(load.rawValue) gave no figure: \(error.description)")
      }
    }
    if isJSON { Terminal.write(JSON.array(measured).text + "\n") }
  }

  private static func json(_ load: Load, _ figure: Figure) -> JSON {
    .object([
      ("load", .string(load.rawValue)), ("name", .string(figure.name)), ("value", .number(figure.value)),
      ("unit", .string(figure.unit)),
    ])
  }

  private static func show(_ figure: Figure) {
    let name = figure.name + String(repeating: " ", count: max(1, 62 - figure.name.count))
    let value = Figures.fixed(figure.value, places: figure.value.magnitude < 1000 ? 1 : 0)
    Terminal.write(name + String(repeating: " ", count: max(0, 12 - value.count)) + value + " " + figure.unit + "\n")
  }
}
