import Glibc
import MartinetTestSupport
import MartinetTool
import Testing

@Suite("Bad input", .blocksThreads)
struct RefusalTests {
  /// Runs the program and expects one line on standard error that has `part`, nothing on standard output, and a status that is not 0.
  private func expectRefusal(_ arguments: [String], _ part: String) throws {
    let program = try Program(arguments)
    let status = try #require(program.status(within: 20))
    #expect(status != 0)
    #expect(Program.wait(seconds: 5) { program.standardError.hasSuffix("\n") })
    let lines = program.standardError.split(separator: "\n")
    #expect(lines.count == 1, "\(program.standardError)")
    #expect(program.standardError.contains(part), "\(program.standardError)")
    #expect(program.standardOutput == "")
  }

  @Test(
    "What is not there or not allowed is said in one line",
    arguments: [
      (["send", "/nonexistent/file", "10.77.0.1:9000"], "no such file"),
      (["send", "/etc", "10.77.0.1:9000"], "is a directory"),
      (["receive", "/nonexistent/inbox"], "no such directory"),
      (["receive", "/etc/passwd"], "not a directory"),
      (["receive", "/proc/self"], "cannot create files"),
      (["demo", "--file", "/nonexistent/file"], "no such file"),
      (["demo", "--size", "1KB", "--report", "/nonexistent/r.html"], "no such directory"),
      (["demo", "--size", "1KB", "--capture", "/nonexistent/c.pcapng"], "no such directory"),
      (["impair", "nowhere/tun0", "nowhere/tun1"], "there is none"),
      (["impair", "/etc/passwd/tun0", "/etc/passwd/tun1"], "no network namespace"),
    ])
  func paths(arguments: [String], part: String) throws {
    try expectRefusal(arguments, part)
  }

  @Test(
    "Malformed arguments are said in one line",
    arguments: [
      (["receive", "/tmp", "--port", "65536"], "65536"), (["receive", "/tmp", "--port", "0"], "--port"),
      (["receive", "/tmp", "--port", "http"], "http"), (["receive", "/tmp", "--backlog", "0"], "--backlog"),
      (["receive", "/tmp", "--limit", "0"], "--limit"), (["receive", "/tmp", "--idle-timeout", "-1"], "idle-timeout"),
      (["receive", "/tmp", "--link", "hub:127.0.0.1"], "port"), (["receive", "/tmp", "--link", "wire:x"], "wire"),
      (["receive", "/tmp", "--link", "tun:mt0,mtu=5"], "MTU"), (["receive", "/tmp", "--link", "tun:mt0"], "--address"),
      (["receive", "/tmp", "--address", "10.0.0.1"], "prefix"),
      (["receive", "/tmp", "--address", "10.0.0.1/33"], "prefix"),
      (["receive", "/tmp", "--gateway", "nowhere"], "address"), (["receive"], "DIRECTORY"),
      (["send", "/etc/passwd", "10.77.0.1:99999"], "99999"), (["send", "/etc/passwd", "10.77.0.1"], "10.77.0.1"),
      (["send", "/etc/passwd"], "HOST:PORT"), (["demo", "--loss", "101"], "101"), (["demo", "--loss", "-1"], "loss"),
      (["demo", "--delay", "soon"], "soon"), (["demo", "--rate", "0"], "--rate"), (["demo", "--seed", "-3"], "seed"),
      (["demo", "--size", "8 apples"], "8 apples"), (["demo", "--unfold", "0"], "--unfold"),
      (["demo", "--size", "1KB", "--file", "/etc/passwd"], "exclude"), (["fly"], "fly"),
      (["bench", "foo"], "following: bulk, trains, "), (["serve", "daytime"], "'discard' or 'chargen'"),
      (["connect"], "HOST:PORT"), (["connect", "10.77.0.1"], "10.77.0.1"), (["connect", "a:0"], "a:0"),
      (["connect", "a:1", "b:2"], "b:2"), (["connect", "a:1", "--link", "tun:mt0"], "--address"),
      (["listen"], "PORT"), (["listen", "0"], "0"), (["listen", "http"], "http"), (["http"], "URL"),
      (["http", "https://example.org/"], "no TLS"), (["http", "example.org"], "begins with http://"),
      (["http", "ftp://example.org/"], "only http"), (["http", "http://"], "no host"),
      (["http", "http://a:0/"], "1 to 65535"), (["http", "http://me@a/"], "user name"),
      (["http", "http://a/b c"], "percent-encoded"), (["http", "http://a/", "--dns", "10.77.0.1"], "--link"),
      (["http", "http://a/", "--address", "10.77.0.2/16"], "--link"),
      (["http", "http://a/", "--link", "udp:127.0.0.1:7", "--dns", "dns.example"], "DNS server"),
      (["halfopen", "--bound", "0"], "--bound"), (["halfopen", "--bound", "1.9"], "--bound"),
      (["halfopen", "--bound", "3601"], "--bound"), (["halfopen", "--bound", "soon"], "soon"),
      (["halfopen", "--proxy", "squid"], "squid"), (["halfopen", "--proxy", "haproxy", "--bound", "3"], "real proxy"),
      (["demo", "--congestion", "vegas"], "vegas"), (["halfopen", "now"], "now"), (["serve"], "SERVICE"),
      (["serve", "time"], "time"),
      (["serve", "echo", "--port", "0"], "--port"), (["serve", "echo", "--congestion", "vegas"], "vegas"),
      (["serve", "echo", "--spin", "1001"], "--spin"), (["serve", "echo", "--spin", "never"], "never"),
      (["serve", "echo", "--link", "tun:mt0"], "--address"), (["impair", "tun0"], "TUN"),
      (["impair", "tun0", "tun0"], "different ends"), (["impair", "a/tun0", "/tun0"], "namespace"),
      (["impair", "tun0", "a/a-name-too-long-for-a-device"], "15 octets"),
      (["impair", "t0", "t1", "--loss", "101"], "101"),
      (["impair", "t0", "t1", "--loss", "1/2/3"], "1/2/3"), (["impair", "t0", "t1", "--rate", "0"], "--rate"),
      (["impair", "t0", "t1", "--queue", "9000"], "--rate"), (["impair", "t0", "t1", "--ecn", "9000"], "--rate"),
      (["impair", "t0", "t1", "--burst", "3"], "--loss"),
      (["impair", "t0", "t1", "--reorder-delay", "3"], "--reorder"),
      (["impair", "t0", "t1", "--loss", "90", "--burst", "2"], "longer"),
      (["impair", "t0", "t1", "--loss", "9", "--burst", "0"], "--burst"), (["impair", "t0,mtu=5", "t1"], "MTU"),
    ])
  func arguments(arguments: [String], part: String) throws {
    try expectRefusal(arguments, part)
  }

  @Test(
    "A value that is refused comes with what is allowed",
    arguments: [
      (["demo", "--rate", "0"], "'--rate <MBIT/S>': it must be a rate from 0.001 to 1000000 Mbit/s"),
      (
        ["impair", "t0", "t1", "--rate", "1/0"],
        "from 0.001 to 1000000 Mbit/s with at most six decimals, or one for each"
      ),
      (["demo", "--delay", "3600001"], "milliseconds from 0 to 3600000"), (["demo", "--loss", "101"], "from 0 to 100"),
      (["demo", "--size", "5TiB"], "up to 4TiB"), (["demo", "--seed", "x"], "from 0 to 18446744073709551615"),
      (["demo", "--unfold", "0"], "a whole number from 1 to"),
      (["impair", "t0", "t1", "--seed", "1.5"], "a whole number"),
      (["impair", "t0", "t1", "--loss", "9", "--burst", "0"], "a number of packets from 1 to 1000000"),
      (["serve", "echo", "--port", "0"], "it must be a port from 1 to 65535"),
      (["serve", "echo", "--shards", "65"], "a whole number from 1 to 64"),
      (["serve", "echo", "--spin", "1001"], "microseconds from 0 to 1000"),
      (["listen", "0"], "it must be a port from 1 to 65535"),
      (["listen", "http"], "it must be a port from 1 to 65535"),
      (["receive", "/tmp", "--port", "65536"], "a port from 1 to 65535"),
      (["receive", "/tmp", "--backlog", "0"], "a whole number from 1 to 65535"),
      (["receive", "/tmp", "--limit", "none"], "a whole number from 1"),
      (["receive", "/tmp", "--idle-timeout", "1.2345"], "a number of seconds from 0 to 31622400"),
      (["bench", "--effort", "1001"], "a whole number from 1 to 1000"),
      (["simulate", "fairness", "--seed", "x"], "a whole number"),
      (["simulate", "fairness", "--set", "rate=0"], "a rate from 0.001 to 1000000 Mbit/s"),
      (["halfopen", "--bound", "soon"], "a number of seconds from 0 to 31622400"),
      (["connect", "10.77.0.1"], "the port is missing: it must be HOST:PORT"),
      (["connect", "a"], "the port is missing"),
      (["connect", "fd77::1"], "the port is missing"), (["connect", "[fd77::1]"], "the port is missing"),
      (["connect", ":9"], "the host is missing"), (["connect", "a:0"], "a port from 1 to 65535"),
      (["connect", "a:"], "a port from 1 to 65535"), (["connect", "fd77::1:70000"], "a port from 1 to 65535"),
      (["connect", "a b:9"], "neither an address nor a name"),
      (["send", "/etc/passwd", "1.2.3:9"], "neither an address"),
    ])
  func allowed(arguments: [String], part: String) throws {
    try expectRefusal(arguments, part)
  }

  @Test(
    "A page that cannot be had is said in one line",
    arguments: [
      ("http://nowhere.invalid/", "no address is known for \"nowhere.invalid\""),
      ("http://10.77.9.9/", "connect 10.77.9.9:80: timed out"), ("http://a/garbage", "the response is malformed"),
    ])
  func pages(url: String, part: String) throws {
    try expectRefusal(["http", url], part)
  }

  @Test("A response that ends before its end is printed as far as it goes, and said in one line")
  func truncated() throws {
    let program = try Program(["http", "http://a/truncated"])
    #expect(program.status(within: 20) == 1)
    #expect(program.waitForComplaint("the response is truncated"))
    #expect(program.standardError.split(separator: "\n").count == 1)
    #expect(program.standardOutput.hasPrefix("This page"))
  }

  @Test("A packet that there is not is said in one line")
  func unfoldBeyondTheEnd() throws {
    let program = try Program(["demo", "--size", "1", "--unfold", "100000", "--json"])
    #expect(program.status(within: 20) == 1)
    #expect(Program.wait(seconds: 5) { program.standardError.contains("no packet 100000") })
  }

  @Test("A hub port that is in use is said in one line")
  func portInUse() throws {
    let folder = try Folder()
    let port = try Program.freePort()
    let link = "hub:127.0.0.1:\(port)"
    let first = try Program(["receive", folder.path, "--link", link])
    #expect(first.wait(for: "listening on"))
    try expectRefusal(["receive", folder.path, "--link", link], "in use")
    #expect(folder.names == [])
    first.signal(SIGTERM)
  }

  @Test("Nobody who answers is said in one line, and the sender ends")
  func nobodyListens() throws {
    let folder = try Folder()
    let port = try Program.freePort()
    let hub = try Program(["receive", folder.path, "--link", "hub:127.0.0.1:\(port)"])
    #expect(hub.wait(for: "listening on"))
    try expectRefusal(
      ["send", "/etc/passwd", "10.77.0.1:9001", "--link", "udp:127.0.0.1:\(port)"], "connection refused")
    hub.signal(SIGTERM)
  }
}
