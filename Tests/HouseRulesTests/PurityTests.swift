import Testing

@Suite("The pure modules stay pure")
struct PurityTests {
  static let pure = ["MartinetWire", "MartinetTCP", "MartinetStack", "MartinetSimulation"]

  /// What each module may import.
  static let imports: [String: Set<String>] = {
    let wire: Set = ["MartinetWire"]
    let tcp = wire.union(["MartinetTCP"])
    let stack = tcp.union(["MartinetStack"])
    let simulation = stack.union(["MartinetSimulation"])
    let system: Set = ["Foundation", "FoundationEssentials", "Glibc", "Musl", "Darwin", "Synchronization"]
    let links = stack.union(system).union(["CMartinetLinux"])
    let runtime = simulation.union(links).union(["MartinetLinks"])
    let sockets = runtime.union(["MartinetRuntime"])
    return [
      "MartinetWire": ["Synchronization"], "MartinetTCP": wire, "MartinetStack": tcp, "MartinetSimulation": stack,
      "MartinetLinks": links, "MartinetRuntime": runtime, "Martinet": sockets,
      "MartinetLogging": sockets.union(["Martinet", "Logging"]),
      "MartinetMetrics": sockets.union(["Martinet", "CoreMetrics"]),
      "MartinetSMPP": sockets.union(["Martinet"]),
      "MartinetLoads": sockets.union(["Martinet"]),
      "MartinetTool": sockets.union([
        "Martinet", "MartinetLoads", "ArgumentParser", "Crypto", "Dispatch", "NIOCore", "NIOEmbedded", "NIOHTTP1",
      ]),
    ]
  }()

  @Test(
    "Imports point only upward in the list of modules",
    arguments: Package.sources.filter { $0.path.hasSuffix(".swift") })
  func imports(file: SourceFile) throws {
    let allowed = try #require(PurityTests.imports[file.module ?? ""], "a module that the list does not have")
    for match in file.code.matches(
      of: /(?m)^\s*(?:@\w+(?:\(\w+\))? |public |package |internal )*import (?:struct |func |enum |class )?(\w+)/)
    {
      #expect(allowed.contains(String(match.1)), "\(file.path) imports \(match.1)")
    }
  }

  /// What would bring a clock, entropy, a lock, a thread, a log, reflection or a changing order into the core, or keep
  /// it from being Embedded Swift.
  static let forbidden = [
    #"\bDictionary\b"#, #"\bSet<"#, #"\bHasher\b"#, #"\[[A-Z]\w*: [A-Z]\w*\]"#, #"\bContinuousClock\b"#,
    #"\bSuspendingClock\b"#, #"\bSystemRandomNumberGenerator\b"#, #"\.random\("#, #"\.shuffled?\("#, #"\basync\b"#,
    #"\bawait\b"#, #"\bactor\b"#, #"\bTask\b"#, #"\bMutex\b"#, #"\bAtomic\b"#, #"\bprint\("#, #"\bdebugPrint\("#,
    #"\bMirror\b"#, #"\bCodable\b"#, #"\bDecodable\b"#, #"\bEncodable\b"#, #"String\(describing:"#,
    #"String\(reflecting:"#, #"\bany [A-Z(]"#, #"\bthrows\b(?!\()"#, #"\bDuration\b"#,
  ]

  @Test("Nothing of the forbidden list stands in a pure module", arguments: forbidden)
  func purity(pattern: String) throws {
    let regex = try Regex(pattern, as: Substring.self)
    let places = Package.sources(of: PurityTests.pure).flatMap { $0.places(of: regex, in: $0.code) }
    #expect(Exceptions.remove(from: places) == [])
  }

  @Test(
    "The engine computes in integers", arguments: [#"\bDouble\b"#, #"\bFloat\b"#, #"\.rounded\("#, #"\b\d+\.\d+\b"#])
  func integers(pattern: String) throws {
    let regex = try Regex(pattern, as: Substring.self)
    let modules = ["MartinetWire", "MartinetTCP", "MartinetStack"]
    let places = Package.sources(of: modules).flatMap { $0.places(of: regex, in: $0.code) }
    #expect(Exceptions.remove(from: places) == [])
  }

  @Test("Only the files that hold memory are unsafe")
  func unsafeFiles() {
    let allowed = [
      "Bytes.swift", "Checksum.swift", "Buffers.swift", "PageChain.swift", "BufferReading.swift", "Loan.swift",
      "Packet.swift", "OwnedArray.swift", "Slab.swift", "Part.swift", "SpareParts.swift",
    ]
    let places = Package.sources(of: PurityTests.pure).filter { !allowed.contains($0.name) }
      .flatMap {
        $0.places(of: /\bunsafe\b|@safe\b|\bUnsafe\w+|\bwithUnsafe\w+|unsafeLoad|\bunsafeBitCast\b/, in: $0.code)
      }
    #expect(Exceptions.remove(from: places) == [])
  }
}
