import Glibc
import MartinetTool
import Testing

@Suite("Saving files")
struct FileSaverTests {
  @Test("A file has its name only when it is finished, and is hidden before")
  func appearsWhole() throws {
    let folder = try Folder()
    let saver = try FileSaver(into: folder.path, files: PartialFiles())
    let file = try saver.begin(address: "10.77.0.2", port: 50000)
    try file.write([1, 2, 3])
    #expect(folder.names.allSatisfy { $0.hasPrefix(".") })
    #expect(folder.names.count == 1)
    #expect(try file.finish() == "10.77.0.2_50000")
    #expect(folder.names == ["10.77.0.2_50000"])
    #expect(folder.octets(of: "10.77.0.2_50000") == [1, 2, 3])
  }

  @Test("Nothing is overwritten: a name that is taken gets a number")
  func numbers() throws {
    let folder = try Folder()
    let saver = try FileSaver(into: folder.path, files: PartialFiles())
    folder.write("10.0.0.1_1", [9])
    var names: [String] = []
    for octet: UInt8 in 1...3 {
      let file = try saver.begin(address: "10.0.0.1", port: 1)
      try file.write([octet])
      names.append(try file.finish())
    }
    #expect(names == ["10.0.0.1_1.1", "10.0.0.1_1.2", "10.0.0.1_1.3"])
    #expect(folder.octets(of: "10.0.0.1_1") == [9])
    #expect(folder.octets(of: "10.0.0.1_1.3") == [3])
  }

  @Test("Two streams from the same address and port at once are two files")
  func twins() throws {
    let folder = try Folder()
    let saver = try FileSaver(into: folder.path, files: PartialFiles())
    let one = try saver.begin(address: "fd77::2", port: 7)
    let other = try saver.begin(address: "fd77::2", port: 7)
    try one.write([1])
    try other.write([2])
    #expect(try other.finish() == "fd77::2_7")
    #expect(try one.finish() == "fd77::2_7.1")
    #expect(folder.octets(of: "fd77::2_7.1") == [1])
  }

  @Test("A file that is not finished leaves nothing, whether it is discarded or forgotten")
  func discards() throws {
    let folder = try Folder()
    let saver = try FileSaver(into: folder.path, files: PartialFiles())
    let file = try saver.begin(address: "10.0.0.1", port: 1)
    try file.write([1])
    file.discard()
    _ = try saver.begin(address: "10.0.0.1", port: 2)
    #expect(folder.names == [])
  }

  @Test("When the run is abandoned, everything unfinished goes and nothing can be finished")
  func abandons() throws {
    let folder = try Folder()
    let files = PartialFiles()
    let saver = try FileSaver(into: folder.path, files: files)
    let file = try saver.begin(address: "10.0.0.1", port: 1)
    try file.write([1])
    files.abandon()
    #expect(folder.names == [])
    #expect(throws: Failure.self) { try file.finish() }
    #expect(throws: Failure.self) { try saver.begin(address: "10.0.0.1", port: 2) }
    #expect(folder.names == [])
  }

  @Test("A directory that is missing, a file, or not writable is refused with its reason")
  func refusals() {
    expectRefusal("no such directory") { try FileSaver(into: "/nonexistent/inbox", files: PartialFiles()) }
    expectRefusal("not a directory") { try FileSaver(into: "/etc/passwd", files: PartialFiles()) }
    expectRefusal("cannot create files there") { try FileSaver(into: "/proc/self", files: PartialFiles()) }
  }

  @Test("A report replaces an older one only when it is whole")
  func replaces() throws {
    let folder = try Folder()
    let path = folder.path + "/report.html"
    folder.write("report.html", [1])
    do {
      let unfinished = try OutputFile(path, files: PartialFiles())
      try unfinished.write([2, 2])
    }
    #expect(folder.octets(of: "report.html") == [1])
    let file = try OutputFile(path, files: PartialFiles())
    try file.write([3, 3, 3])
    try file.finish()
    #expect(folder.names == ["report.html"])
    #expect(folder.octets(of: "report.html") == [3, 3, 3])
  }

  @Test("A device is written to, not replaced")
  func devices() throws {
    let file = try OutputFile("/dev/null", files: PartialFiles())
    try file.write([1])
    try file.finish()
    var status = stat()
    #expect(stat("/dev/null", &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test("An output path that cannot be written is refused")
  func wrongOutputs() {
    expectRefusal("no such directory") { try OutputFile("/nonexistent/a.html", files: PartialFiles()) }
    expectRefusal("is a directory") { try OutputFile("/tmp", files: PartialFiles()) }
  }

  @Test("A seed gives the same octets however they are asked for")
  func seeds() {
    var whole = [UInt8](repeating: 0, count: 1000)
    var one = SeededOctets(seed: 7)
    whole.withUnsafeMutableBytes { one.fill($0) }
    var pieces: [UInt8] = []
    var other = SeededOctets(seed: 7)
    for length in [1, 2, 3, 500, 494] {
      var piece = [UInt8](repeating: 0, count: length)
      piece.withUnsafeMutableBytes { other.fill($0) }
      pieces += piece
    }
    #expect(whole == pieces)
    var third = SeededOctets(seed: 8)
    whole.withUnsafeMutableBytes { third.fill($0) }
    #expect(whole != pieces)
  }

  private func expectRefusal(_ reason: String, _ body: () throws -> Any) {
    do {
      _ = try body()
      Issue.record("nothing was refused")
    } catch {
      #expect("\(error)".contains(reason), "\(error)")
      #expect(!"\(error)".contains("\n"))
    }
  }
}

/// A directory that lives as long as a test.
final class Folder {
  let path: String

  init() throws {
    var template = Array("/tmp/martinet-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure.system("mkdtemp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// What is in it, hidden files included, sorted.
  var names: [String] {
    guard let directory = opendir(path) else { return ["cannot open \(path)"] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  func octets(of name: String) -> [UInt8] {
    guard let file = fopen(path + "/" + name, "r") else { return [] }
    defer { fclose(file) }
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { return octets }
      octets += buffer[..<count]
    }
  }

  func write(_ name: String, _ octets: [UInt8]) {
    guard let file = fopen(path + "/" + name, "w") else { return }
    fwrite(octets, 1, octets.count, file)
    fclose(file)
  }

  deinit {
    for name in names { unlink(path + "/" + name) }
    rmdir(path)
  }
}
