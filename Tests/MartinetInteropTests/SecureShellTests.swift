import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("ssh, with martinet connect as its ProxyCommand", .serialized)
  struct SecureShellTests {
    private let namespace: NetworkNamespace
    private let server: Child

    init() throws {
      try #require(geteuid() == 0, "sshd changes its user, which needs root: run the test as root")
      namespace = try NetworkNamespace()
      try KernelSide.prepare(namespace)
      for key in ["host", "user"] {
        try namespace.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", namespace.file(key).path)
      }
      let configuration = try namespace.write(
        """
        Port 2222
        ListenAddress \(OurSide.kernel4)
        HostKey \(namespace.file("host").path)
        AuthorizedKeysFile \(namespace.file("user").path).pub
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        """, to: "sshd_config")
      // sshd has a folder of its own under /run, which need not be there: it gets a /run that nobody else sees. It closes all
      // descriptors that it does not know, by which Foundation would take it for ended: its parent stays, and takes it along.
      let start = "mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec \"$@\""
      let alone = ["-m", "-p", "--mount-proc", "--fork", "--kill-child", "sh", "-c", start, "sh"]
      server = try namespace.start(
        "unshare", alone + [try Program.path(of: "sshd"), "-D", "-e", "-f", configuration])
      try namespace.awaitListener(on: 2222, of: server)
    }

    /// The arguments of `ssh` that run `command` at the other side.
    private func arguments(_ command: String) throws -> [String] {
      let connect = ["'\(try Program.ours("martinet"))'", "connect", "%h:%p"] + OurSide.linkArguments()
      return [
        "-F", "none", "-i", namespace.file("user").path, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o",
        "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=\(namespace.file("known").path)", "-o", "LogLevel=ERROR",
        "-o", "ProxyCommand=\(connect.joined(separator: " "))", "-p", "2222", "root@\(OurSide.kernel4)", command,
      ]
    }

    /// Runs `command` at the other side; a redirection is one of this side.
    @discardableResult
    private func shell(_ command: String, redirection: String = "") throws -> String {
      let script = "exec '\(try Program.path(of: "ssh"))' \"$@\" \(redirection)"
      let child = try namespace.start("sh", ["-c", script, "sh"] + arguments(command))
      try child.succeeds()
      #expect(child.complained == "")
      return child.said
    }

    @Test("A command runs at the other side, which sees our address")
    func command() throws {
      #expect(try shell("echo $SSH_CONNECTION").hasPrefix("\(OurSide.ours4) "))
    }

    @Test("Five megabytes go there and come back unchanged")
    func copies() throws {
      let original = try namespace.randomFile("original", octets: 5_000_000)
      let there = namespace.file("there")
      try shell("cat > '\(there.path)'", redirection: "< '\(original.path)'")
      #expect(try namespace.sha256(of: there) == namespace.sha256(of: original))
      let back = namespace.file("back")
      try shell("cat '\(there.path)'", redirection: "> '\(back.path)'")
      #expect(try namespace.sha256(of: back) == namespace.sha256(of: original))
    }

    @Test("What is typed is answered at once, keystroke by keystroke")
    func interactive() throws {
      let script = try namespace.write(
        """
        import subprocess, sys, time
        session = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        begin = None
        for number in range(200):
            session.stdin.write(b"%d\\n" % number)
            assert session.stdout.readline() == b"%d\\n" % number
            begin = begin or time.monotonic()
        print(time.monotonic() - begin)
        session.stdin.close()
        assert session.stdout.read() == b"" and session.wait() == 0
        """, to: "typing.py")
      let child = try namespace.start("python3", [script, Program.path(of: "ssh")] + arguments("cat"))
      try child.succeeds()
      let seconds = try #require(Double(child.said.trimmingCharacters(in: .whitespacesAndNewlines)))
      // Held back by Nagle's algorithm and a delayed acknowledgement, 200 answers would take 8 seconds.
      #expect(seconds < 4)
    }
  }
}
