import Foundation
import Testing

/// Programs of the kernel's side that serve on its address of the device.
extension NetworkNamespace {
  /// Writes a file of the test's own and returns its path.
  func write(_ text: String, to name: String) throws -> String {
    try text.write(to: file(name), atomically: true, encoding: .utf8)
    return file(name).path
  }

  /// Waits until `server` listens on `port`.
  func awaitListener(on port: Int, of server: Child, seconds: Double = 20) throws {
    let deadline = Date().addingTimeInterval(seconds)
    while try run("ss", "-Hltn", "sport", "=", ":\(port)").isEmpty {
      guard server.isRunning, Date() < deadline else {
        throw Child.Failure("it does not listen on port \(port)", server)
      }
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  /// nginx with the files of the folder `www`, on port 8080 of both families.
  func startWebServer() throws -> Child {
    try FileManager.default.createDirectory(at: file("www"), withIntermediateDirectories: true)
    let configuration = try write(
      """
      daemon off;
      master_process off;
      pid \(folder.path)/nginx.pid;
      error_log stderr;
      events {}
      http {
        access_log off;
        client_body_temp_path \(folder.path)/body;
        proxy_temp_path \(folder.path)/proxy;
        fastcgi_temp_path \(folder.path)/fastcgi;
        uwsgi_temp_path \(folder.path)/uwsgi;
        scgi_temp_path \(folder.path)/scgi;
        server {
          listen \(OurSide.kernel4):8080;
          listen [\(OurSide.kernel6)]:8080;
          root \(folder.path)/www;
        }
      }
      """, to: "nginx.conf")
    let server = try start("nginx", ["-p", folder.path, "-c", configuration])
    try awaitListener(on: 8080, of: server)
    return server
  }

  /// dnsmasq as a name server that knows `www.example.test`, on the kernel's IPv4 address.
  func startNameServer() throws -> Child {
    // It closes the descriptors by which its end would be noticed: its parent stands for it.
    let server = try start(
      "unshare",
      [
        "--fork", "--kill-child", try Program.path(of: "dnsmasq"),
        "--no-daemon", "--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=\(OurSide.kernel4)",
        "--host-record=www.example.test,\(OurSide.kernel4)", "--conf-file=/dev/null", "--user=root", "--pid-file=",
      ])
    try awaitListener(on: 53, of: server)
    return server
  }

  /// Carries connections with `port` of 127.0.0.1 over our stack to `port` of the kernel's side: each is standard input and output of
  /// a `martinet connect`, so that a client program is used unchanged.
  func startCarrier(of port: Int) throws -> Child {
    let script = try write(
      """
      import socket, subprocess, sys
      server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
      print("listening", flush=True)
      while True:
          connection, _ = server.accept()
          subprocess.run(sys.argv[2:], stdin=connection, stdout=connection)
          connection.close()
      """, to: "carrier.py")
    let connect = [try Program.ours("martinet"), "connect", "\(OurSide.kernel4):\(port)"] + OurSide.linkArguments()
    let carrier = try start("python3", [script, String(port)] + connect)
    try carrier.awaits("listening")
    return carrier
  }
}
