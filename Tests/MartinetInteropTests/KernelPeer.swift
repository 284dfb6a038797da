import Foundation
import Testing

/// The kernel's TCP, played by a Python program in the namespace: it connects or listens, sends and receives, and reports as JSON.
struct KernelPeer: Peer {
  let child: Child

  init(in namespace: NetworkNamespace, _ arguments: [String]) throws {
    let script = namespace.file("peer.py")
    try KernelPeer.script.write(to: script, atomically: true, encoding: .utf8)
    child = try namespace.start("python3", [script.path] + arguments)
  }

  private static let script = #"""
    import argparse, array, errno, fcntl, hashlib, json, select, socket, struct, sys, threading, time

    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["connect", "listen"])
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--send", help="a file to send")
    parser.add_argument("--duplex", action="store_true", help="send and receive at the same time")
    parser.add_argument("--urgent-after", type=int, help="octets of the file after which the urgent octet 33 is sent")
    parser.add_argument("--urgent-inline", action="store_true")
    parser.add_argument("--local-port", type=int)
    parser.add_argument("--receive-buffer", type=int)
    parser.add_argument("--send-buffer", type=int)
    parser.add_argument("--pause", type=float, default=0, help="seconds before the first read")
    parser.add_argument("--piece", type=int, default=1 << 16, help="octets per read")
    parser.add_argument("--nap", type=float, default=0, help="seconds between reads")
    parser.add_argument("--end", choices=["half-close", "close", "reset", "wait", "answer"], default="half-close")
    parser.add_argument("--delay", type=float, default=0, help="seconds before the end begins")
    parser.add_argument("--stay", type=float, default=0, help="seconds to stay open at the end")
    options = parser.parse_args()
    report = {"received": 0, "sha256": "", "sent": 0, "error": None, "seconds": 0.0, "options": None, "state": None,
              "longestGap": 0.0, "segment": None, "urgent": [], "mark": None}
    states = [None, "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
              "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"]

    def information(connection):
        try:
            octets = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
            return states[octets[0]], octets[5], struct.unpack_from("=I", octets, 16)[0]
        except OSError:
            return None, None, None

    def prepare(handle):
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.urgent_inline:
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        if options.receive_buffer:
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.receive_buffer)
        if options.send_buffer:
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options.send_buffer)
        return handle

    def establish():
        family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
        handle = prepare(socket.socket(family, socket.SOCK_STREAM))
        handle.settimeout(100)
        if options.role == "connect":
            if options.local_port:
                handle.bind(("", options.local_port))
            handle.connect((options.address, options.port))
            return handle
        handle.bind((options.address, options.port))
        handle.listen(8)
        print("listening", flush=True)
        connection, _ = handle.accept()
        handle.close()
        connection.settimeout(100)
        return connection

    def send(connection):
        with open(options.send, "rb") as source:
            if options.urgent_after is not None:
                connection.sendall(source.read(options.urgent_after))
                connection.send(b"!", socket.MSG_OOB)
                report["sent"] += options.urgent_after
            while piece := source.read(1 << 16):
                connection.sendall(piece)
                report["sent"] += len(piece)

    def look_for_urgent(connection):
        _, _, exceptional = select.select([connection], [], [connection])
        if exceptional and not options.urgent_inline and not report["urgent"]:
            report["urgent"] += list(connection.recv(1, socket.MSG_OOB))
        answer = array.array("i", [0])
        fcntl.ioctl(connection, 0x8905, answer)  # SIOCATMARK
        if answer[0] and report["mark"] is None:
            report["mark"] = report["received"]

    def receive(connection, digest):
        time.sleep(options.pause)
        last = time.monotonic()
        while True:
            look_for_urgent(connection)
            piece = connection.recv(options.piece)
            report["longestGap"] = max(report["longestGap"], time.monotonic() - last)
            last = time.monotonic()
            if not piece:
                return
            digest.update(piece)
            report["received"] += len(piece)
            if options.nap:
                time.sleep(options.nap)

    def send_all(connection):
        try:
            send(connection)
            connection.shutdown(socket.SHUT_WR)
        except OSError as problem:
            report["error"] = errno.errorcode.get(problem.errno, str(problem))

    digest = hashlib.sha256()
    begin = time.monotonic()
    connection = None
    try:
        connection = establish()
        report["options"] = information(connection)[1]
        if options.end == "answer":
            receive(connection, digest)
        if options.duplex:
            sender = threading.Thread(target=send_all, args=[connection])
            sender.start()
            receive(connection, digest)
            sender.join()
        elif options.send:
            send(connection)
        time.sleep(options.delay)
        if options.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif options.end == "half-close" and not options.duplex:
            connection.shutdown(socket.SHUT_WR)
            receive(connection, digest)
        elif options.end == "wait":
            receive(connection, digest)
            connection.shutdown(socket.SHUT_WR)
        elif options.end == "answer":
            connection.shutdown(socket.SHUT_WR)
        if options.end == "reset":
            connection.close()
            connection = None
        time.sleep(options.stay)
        if connection:
            report["state"], _, report["segment"] = information(connection)
    except OSError as problem:
        report["error"] = errno.errorcode.get(problem.errno, str(problem))
    if connection:
        connection.close()
    report["seconds"] = time.monotonic() - begin
    report["sha256"] = digest.hexdigest()
    print(json.dumps(report), flush=True)
    """#
}
