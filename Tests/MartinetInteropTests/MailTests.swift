import Foundation
import MartinetTestSupport
import Testing

extension KernelInterop {
  @Suite("Mail", .serialized)
  struct MailTests {
    /// Python's own SMTP client, which knows nothing of us.
    private static let client = #"""
      import hashlib, smtplib, sys
      from email.message import EmailMessage
      attachment = open(sys.argv[2], "rb").read()
      with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=30) as server:
          for number in range(3):
              message = EmailMessage()
              message["From"], message["To"], message["Subject"] = "us@example.org", "them@example.org", str(number)
              message.set_content("a line\n.\n..two dots\nthe last line\n")
              message.add_attachment(attachment, maintype="application", subtype="octet-stream", filename="original")
              assert server.send_message(message) == {}
          code, answer = server.docmd("NONSENSE")
          assert code == 500, (code, answer)
      """#

    /// What lies in a mailbox: each subject, its text, the digest of its attachment.
    private static let reader = #"""
      import email, email.policy, hashlib, pathlib, sys
      for path in pathlib.Path(sys.argv[1], "new").iterdir():
          message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
          text = message.get_body().get_content().replace("\n", "|")
          part, = message.iter_attachments()
          print(message["Subject"], text, hashlib.sha256(part.get_content()).hexdigest())
      """#

    @Test("Messages of smtplib reach aiosmtpd through martinet connect as they were sent")
    func messages() throws {
      let namespace = try NetworkNamespace()
      try Program.require(pythonModule: "aiosmtpd", in: namespace)
      try KernelSide.prepare(namespace)
      let mailbox = namespace.file("mailbox").path
      let server = try namespace.start(
        "python3",
        ["-m", "aiosmtpd", "-n", "-l", "\(OurSide.kernel4):2525", "-c", "aiosmtpd.handlers.Mailbox", mailbox])
      try namespace.awaitListener(on: 2525, of: server)
      let carrier = try namespace.startCarrier(of: 2525)
      let original = try namespace.randomFile("original", octets: 1_000_000)
      try namespace.run("python3", "-c", MailTests.client, "2525", original.path)
      let sum = try namespace.sha256(of: original)
      let read = try namespace.run("python3", "-c", MailTests.reader, mailbox).split(separator: "\n").sorted()
      #expect(read == (0..<3).map { "\($0) a line|.|..two dots|the last line| \(sum)" })
      #expect(carrier.complained == "")
      #expect(carrier.isRunning)
    }
  }
}
