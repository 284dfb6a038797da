import Foundation
import Testing

/// A session of SMPP in Python: smpplib as the program, smpp34 as the message centre.
struct SMPPPeer {
  let child: Child

  init(in namespace: NetworkNamespace, _ arguments: [String]) throws {
    for module in ["smpplib", "smpp34"] { try Program.require(pythonModule: module, in: namespace) }
    let script = namespace.file("smpp.py")
    try SMPPPeer.script.write(to: script, atomically: true, encoding: .utf8)
    child = try namespace.start("python3", ["-W", "ignore", script.path] + arguments)
  }

  /// A stack of ours with a session, in a process of its own.
  static func ours(in namespace: NetworkNamespace, _ arguments: [String]) throws -> SMPPPeer {
    SMPPPeer(child: try namespace.start(Program.ours("InteropSMPP"), arguments + OurSide.linkArguments()))
  }

  private init(child: Child) { self.child = child }

  struct Report: Decodable {
    var messageIDs: [String] = []
    var messages: [String] = []
    var enquireLinksSent = 0
    var enquireLinksReceived = 0
    var malformed = 0
    var error: String?
    var end: String?
    var seconds = 0.0
  }

  /// Waits for its end and returns its report.
  func report(seconds: Double = 60) throws -> Report {
    try child.succeeds(seconds: seconds)
    let line = try #require(child.said.split(separator: "\n").last { $0.hasPrefix("{") })
    return try JSONDecoder().decode(Report.self, from: Data(line.utf8))
  }

  private static let script = #"""
    import argparse, asyncio, json, os, socket, time

    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["submit", "serve"])
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--kind", default="transceiver")
    parser.add_argument("--password", default="secret")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--idle", type=float, default=0)
    parser.add_argument("--long", default="")
    options = parser.parse_args()
    report = {"messageIDs": [], "messages": [], "enquireLinksSent": 0, "enquireLinksReceived": 0, "malformed": 0,
              "error": None, "end": None, "seconds": 0.0}

    def submit():
        import smpplib.client, smpplib.exceptions, smpplib.gsm
        client = smpplib.client.Client(options.address, options.port, timeout=20, allow_unknown_opt_params=True)
        client.connect()
        try:
            getattr(client, "bind_" + options.kind)(system_id="bird", password=options.password)
        except smpplib.exceptions.PDUError as problem:
            report["error"] = str(problem.args[0])
            client.disconnect()
            return
        client.set_message_sent_handler(lambda pdu: report["messageIDs"].append(pdu.message_id.decode()))
        parts = {}
        def received(pdu):
            octets = pdu.short_message
            if pdu.esm_class & 0x40:
                # A user data header with a reference of one octet (3GPP TS 23.040 section 9.2.3.24.1).
                parts[octets[5]], count = octets[6:], octets[4]
                if len(parts) < count:
                    return
                octets = b"".join(parts[number] for number in range(1, count + 1))
            report["messages"].append("".join(smpplib.gsm.GSM_CHARACTER_TABLE[octet] for octet in octets))
        client.set_message_received_handler(received)
        answer = client._enquire_link_received
        def enquired(pdu):
            report["enquireLinksReceived"] += 1
            answer(pdu)
        client._enquire_link_received = enquired
        def submit_one(octets, coding=0, esm_class=0):
            client.send_message(source_addr_ton=1, source_addr_npi=1, source_addr="1000", dest_addr_ton=1, dest_addr_npi=1,
                                destination_addr="33612345678", short_message=octets, data_coding=coding,
                                esm_class=esm_class)
        submitted = 0 if options.kind == "receiver" else options.count
        for number in range(submitted):
            submit_one(f"message {number}".encode())
        if options.long:
            pieces, coding, esm_class = smpplib.gsm.make_parts(options.long)
            for piece in pieces:
                submit_one(piece, coding, esm_class)
            submitted += len(pieces)
        wanted = 0 if options.kind == "transmitter" else options.count
        while len(report["messageIDs"]) < submitted or len(report["messages"]) < wanted:
            client.read_once(auto_send_enquire_link=False)
        deadline = time.monotonic() + options.idle
        client._socket.settimeout(0.2)
        while time.monotonic() < deadline:
            try:
                client.read_once(auto_send_enquire_link=False)
            except socket.timeout:
                pass
        client._socket.settimeout(20)
        client.unbind()
        client.disconnect()

    async def serve():
        import smpp34
        server = smpp34.Server(host=options.address, port=options.port, system_id="rust")
        await server.start()
        print("listening", flush=True)
        sessions, deliveries = {}, []
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                sessions[event.session_id] = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                report["messages"].append(event.short_message.decode())
                event.accept(message_id=f"m{len(report['messages'])}")
                program = sessions.get(event.session_id)
                if program and program.can_receive:
                    # The program may answer only after it has heard of what it submitted.
                    deliveries.append(asyncio.ensure_future(program.deliver_sm(
                        source_addr=event.destination_addr, destination_addr=event.source_addr,
                        short_message=event.short_message)))
            elif isinstance(event, smpp34.Unbound):
                report["end"] = "unbound"
                break
        await asyncio.gather(*deliveries)
        await asyncio.sleep(0.5)
        await server.stop()

    begin = time.monotonic()
    submit() if options.role == "submit" else asyncio.run(serve())
    report["seconds"] = time.monotonic() - begin
    print(json.dumps(report), flush=True)
    # smpp34's threads may crash an interpreter that takes itself apart.
    os._exit(0)
    """#
}
