import Glibc
import MartinetLinks
import MartinetRuntime
import MartinetStack
import Synchronization

/// Lays the wire and keeps it until a signal, or the end of a device, ends it.
struct ImpairRun {
  private let plan: ImpairPlan
  private let isJSON: Bool

  init(_ plan: ImpairPlan, isJSON: Bool) {
    self.plan = plan
    self.isJSON = isJSON
  }

  func run() throws(Failure) {
    // A signal waits until there is a wire to end, so that no thread of the program lacks the mask.
    let laid = Laid(isJSON: isJSON)
    SignalWatch.start { number in laid.finish(with: 128 + number) }
    do throws(LinkError) {
      let (first, second) = (try plan.first.open(), try plan.second.open())
      let bridge = try ImpairedBridge(
        first.link, second.link, forth: plan.forth, back: plan.back, seed: plan.seed)
      laid.bridge.withLock { $0 = bridge }
      Terminal.write(readiness(first, second), to: isJSON ? STDERR_FILENO : STDOUT_FILENO)
      while true { try bridge.turn() }
    } catch {
      _ = laid.finish(with: 1)
      throw Failure("\(error)")
    }
  }

  /// One line that says what the wire is.
  private func readiness(_ first: NamespacedDevice.Opened, _ second: NamespacedDevice.Opened) -> String {
    func words(_ end: NamespacedDevice, _ opened: NamespacedDevice.Opened) -> String {
      "\(end) (\(opened.isNew ? "created" : "was there"), MTU \(opened.link.description.mtu))"
    }
    let forth = WireWords.of(plan.forth)
    let wire = plan.back == plan.forth ? "\(forth) each way" : "forth \(forth); back \(WireWords.of(plan.back))"
    return "ready: \(words(plan.first, first)) and \(words(plan.second, second)): \(wire); seed \(plan.seed)\n"
  }

  /// The wire, once it is laid, for whoever gets the signal.
  private final class Laid: Sendable {
    let bridge = Mutex<ImpairedBridge?>(nil)
    private let isJSON: Bool

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// Says what became of the packets. A wire is there to be ended by a signal, so that is success; without a wire it is `status`.
    func finish(with status: Int32) -> Int32 {
      guard let bridge = bridge.withLock({ $0 }) else { return status }
      let summary = ImpairSummary(
        ImpairedBridge.Direction.allCases.map { direction in
          ImpairSummary.Way(
            statistics: bridge.statistics(of: direction), lateness: bridge.lateness(of: direction),
            refused: bridge.exitStatistics(of: direction).packetsDropped)
        })
      Terminal.write(isJSON ? summary.json.text + "\n" : summary.table)
      return 0
    }
  }
}
