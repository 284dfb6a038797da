import Martinet
import MartinetMetrics
import Metrics
import MetricsTestKit
import Testing

@Suite("The metrics adapter")
struct MetricsTests {
  @Test("counts what the stack counts, once")
  func counts() throws {
    let metrics = TestMetrics()
    try Exchange().run { client in
      let sampler = StackMetrics(client, dimensions: [("stack", "client")], factory: metrics)
      sampler.record()
      sampler.record()
      let expected = client.connectionTotals
      #expect(expected.segmentsSent > 3 && expected.bytesAcknowledged == 7)
      func total(_ label: String, _ more: [(String, String)] = []) -> Int64? {
        try? metrics.expectCounter("martinet_" + label, [("stack", "client")] + more).totalValue
      }
      #expect(total("segments_sent_total") == Int64(expected.segmentsSent))
      #expect(total("bytes_acknowledged_total") == 7)
      #expect(total("connections_opened_total") == 1)
      #expect(total("retransmissions_total", [("cause", "timeout")]) == 0)
      let gauge = try? metrics.expectGauge(
        "martinet_connections", [("stack", "client"), ("state", "ESTABLISHED")])
      #expect(gauge?.lastValue == 0)
    }
  }
}
