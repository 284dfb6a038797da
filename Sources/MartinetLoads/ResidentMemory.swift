import CMartinetLinux
import Glibc

/// The memory of the process that is in use.
enum ResidentMemory {
  /// The octets that stand in memory; nil where the system does not say.
  static func octets() -> Int? {
    guard let file = fopen("/proc/self/statm", "r") else { return nil }
    defer { fclose(file) }
    var size: Int = 0
    var resident: Int = 0
    var text = [CChar](repeating: 0, count: 128)
    guard fgets(&text, Int32(text.count), file) != nil else { return nil }
    let fields = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
      separator: " ")
    guard fields.count > 1, let first = Int(fields[0]), let second = Int(fields[1]) else { return nil }
    (size, resident) = (first, second)
    guard size > 0 else { return nil }
    return resident * Int(getpagesize())
  }

  /// Gives back what the allocator keeps for later.
  static func trim() { martinet_trim_memory() }
}
