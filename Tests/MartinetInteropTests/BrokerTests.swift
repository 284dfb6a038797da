import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("A message broker", .serialized)
  struct BrokerTests {
    /// pika's client, which knows nothing of us: declares a queue, publishes with confirmation, consumes, compares.
    private static let client = #"""
      import hashlib, pika, sys
      original = open(sys.argv[2], "rb").read()
      bodies = [b"", b"one", original] + [b"%d" % number for number in range(500)]
      connection = pika.BlockingConnection(pika.ConnectionParameters(
          "127.0.0.1", int(sys.argv[1]), heartbeat=10, blocked_connection_timeout=30, socket_timeout=30))
      channel = connection.channel()
      channel.confirm_delivery()
      queue = channel.queue_declare("", exclusive=True).method.queue
      for body in bodies:
          channel.basic_publish("", queue, body, mandatory=True)
      seen = []
      for method, _, body in channel.consume(queue, inactivity_timeout=30):
          assert method is not None, "no message for 30 s, after %d" % len(seen)
          seen.append(body)
          channel.basic_ack(method.delivery_tag)
          if len(seen) == len(bodies):
              break
      assert channel.cancel() == 0
      assert seen == bodies
      connection.close()
      print(len(seen))
      """#

    /// RabbitMQ with all its files in the test's folder.
    private func startBroker(in namespace: NetworkNamespace) throws -> (epmd: Child, broker: Child) {
      let folder = namespace.folder.path
      let names = try namespace.start("epmd", [])
      try namespace.awaitListener(on: 4369, of: names)
      let variables = [
        "HOME=\(folder)", "RABBITMQ_NODENAME=martinet@localhost", "RABBITMQ_MNESIA_BASE=\(folder)/mnesia",
        "RABBITMQ_LOG_BASE=\(folder)/log", "RABBITMQ_LOGS=-", "RABBITMQ_PID_FILE=\(folder)/pid",
        "RABBITMQ_CONFIG_FILE=\(try namespace.write("loopback_users = none\n", to: "rabbitmq.conf"))",
        "RABBITMQ_ENABLED_PLUGINS_FILE=\(try namespace.write("[].\n", to: "plugins"))",
        "RABBITMQ_NODE_IP_ADDRESS=\(OurSide.kernel4)", "RABBITMQ_NODE_PORT=5672",
        // The script makes way for the broker, so that the end of the one is the end of the other.
        "RABBITMQ_ALLOW_INPUT=1", "RABBITMQ_SERVER_START_ARGS=-noinput",
      ]
      // The command that the package puts into the path insists on a user of its own and on folders of the system.
      let program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
      guard access(program, X_OK) == 0 else { throw Program.Missing(program: "rabbitmq-server") }
      let broker = try namespace.start("env", variables + [program])
      try namespace.awaitListener(on: 5672, of: broker, seconds: 90)
      return (names, broker)
    }

    @Test("RabbitMQ and pika exchange messages through martinet connect: declared, published, confirmed, consumed")
    func messages() throws {
      let namespace = try NetworkNamespace()
      try Program.require(pythonModule: "pika", in: namespace)
      try KernelSide.prepare(namespace)
      let (names, broker) = try startBroker(in: namespace)
      let carrier = try namespace.startCarrier(of: 5672)
      let original = try namespace.randomFile("original", octets: 3_000_000)
      #expect(try namespace.run("python3", "-c", BrokerTests.client, "5672", original.path) == "503\n")
      #expect(broker.said.contains("connection <") && broker.said.contains("\(OurSide.ours4):"))
      // RabbitMQ closes with a linger time of zero, which makes it a reset: both sides have said goodbye in AMQP by then.
      for line in carrier.complained.split(separator: "\n") { #expect(line.contains("the peer reset the connection")) }
      #expect(carrier.isRunning && names.isRunning)
    }
  }
}
