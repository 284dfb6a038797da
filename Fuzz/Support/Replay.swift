import Foundation

/// Plays inputs from files, to find out what an input does or how much of the sources a corpus reaches: the arguments are
/// files or folders.
@main
enum Replay {
  static func main() throws {
    for argument in CommandLine.arguments.dropFirst() {
      for file in try files(argument) {
        let bytes = Array(try Data(contentsOf: file))
        Tally.inputs += 1
        bytes.withUnsafeBytes { Target.run($0) }
      }
    }
    Tally.print()
  }

  private static func files(_ path: String) throws -> [URL] {
    let url = URL(filePath: path)
    guard try url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true else { return [url] }
    return try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
      .sorted { $0.path < $1.path }
  }
}
