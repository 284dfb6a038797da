// swift-tools-version: 6.2
import PackageDescription

/// What every target obeys: Swift 6 language mode and explicit existentials.
let common: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// What the pure modules obey besides: strict memory safety, and no warning survives.
let pure: [SwiftSetting] =
  common + [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
  ]

/// What the modules with calls obey that wait: an async call runs where its caller runs.
let calls: [SwiftSetting] = common + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

/// The modules that `import Martinet` brings along. Who uses it names them all: an incremental build follows named dependencies only.
let sockets: [Target.Dependency] = [
  "Martinet", "MartinetWire", "MartinetTCP", "MartinetStack", "MartinetSimulation", "MartinetLinks", "MartinetRuntime",
]

let package = Package(
  name: "Martinet",
  platforms: [.macOS("26.0")],
  products: [
    .library(name: "Martinet", targets: ["Martinet"]),
    .library(name: "MartinetLogging", targets: ["MartinetLogging"]),
    .library(name: "MartinetMetrics", targets: ["MartinetMetrics"]),
    .library(name: "MartinetSMPP", targets: ["MartinetSMPP"]),
    .library(name: "MartinetSimulation", targets: ["MartinetSimulation"]),
    .library(name: "MartinetStack", targets: ["MartinetStack"]),
    .library(name: "MartinetLoads", targets: ["MartinetLoads"]),
    .executable(name: "martinet", targets: ["MartinetTool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-crypto", "3.12.0"..<"5.0.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
  ],
  targets: [
    .target(name: "MartinetWire", swiftSettings: pure),
    .target(name: "MartinetTCP", dependencies: ["MartinetWire"], swiftSettings: pure),
    .target(
      name: "MartinetStack", dependencies: ["MartinetWire", "MartinetTCP"], swiftSettings: pure),
    .target(
      name: "MartinetSimulation", dependencies: ["MartinetWire", "MartinetTCP", "MartinetStack"],
      swiftSettings: pure),
    .target(name: "CMartinetLinux"),
    .target(
      name: "MartinetLinks",
      dependencies: ["CMartinetLinux", "MartinetWire", "MartinetTCP", "MartinetStack"],
      swiftSettings: common),
    .target(
      name: "MartinetRuntime",
      dependencies: [
        "CMartinetLinux", "MartinetWire", "MartinetTCP", "MartinetStack", "MartinetSimulation",
        "MartinetLinks",
      ], swiftSettings: calls),
    .target(
      name: "Martinet",
      dependencies: [
        "MartinetWire", "MartinetTCP", "MartinetStack", "MartinetSimulation", "MartinetLinks",
        "MartinetRuntime",
      ], swiftSettings: calls),
    .target(
      name: "MartinetLogging",
      dependencies: sockets + [.product(name: "Logging", package: "swift-log")], swiftSettings: common),
    .target(
      name: "MartinetMetrics",
      dependencies: sockets + [.product(name: "CoreMetrics", package: "swift-metrics")], swiftSettings: common),
    .target(name: "MartinetSMPP", dependencies: sockets, swiftSettings: common),
    .target(name: "MartinetLoads", dependencies: sockets + ["CMartinetLinux"], swiftSettings: common),
    .executableTarget(
      name: "MartinetTool",
      dependencies: sockets + [
        "CMartinetLinux", "MartinetLoads",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: calls),

    .target(
      name: "MartinetTestSupport",
      dependencies: ["MartinetWire", "MartinetTCP", "MartinetStack", "MartinetSimulation"],
      path: "Tests/MartinetTestSupport", swiftSettings: common),
    .testTarget(
      name: "MartinetWireTests", dependencies: ["MartinetWire", "MartinetSimulation", "MartinetTestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "MartinetTCPTests", dependencies: ["MartinetWire", "MartinetTCP", "MartinetTestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "MartinetStackTests",
      dependencies: ["MartinetWire", "MartinetTCP", "MartinetStack", "MartinetTestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "MartinetSimulationTests",
      dependencies: [
        "MartinetWire", "MartinetTCP", "MartinetStack", "MartinetSimulation", "MartinetTestSupport",
      ], swiftSettings: common),
    .testTarget(
      name: "MartinetLinksTests",
      dependencies: [
        "CMartinetLinux", "MartinetLinks", "MartinetStack", "MartinetTCP", "MartinetWire", "MartinetTestSupport",
      ], swiftSettings: common),
    .testTarget(
      name: "MartinetTests",
      dependencies: [
        "CMartinetLinux", "Martinet", "MartinetRuntime", "MartinetLinks", "MartinetSimulation", "MartinetStack",
        "MartinetTCP", "MartinetWire", "MartinetTestSupport",
      ], swiftSettings: common),
    .testTarget(
      name: "MartinetAdapterTests",
      dependencies: sockets + [
        "MartinetLogging", "MartinetMetrics", .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"), .product(name: "MetricsTestKit", package: "swift-metrics"),
      ], swiftSettings: common),
    .testTarget(
      name: "MartinetSMPPTests", dependencies: sockets + ["MartinetSMPP", "MartinetTestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "MartinetToolTests", dependencies: sockets + ["MartinetTool", "MartinetLoads", "MartinetTestSupport"],
      swiftSettings: common),
    .executableTarget(
      name: "InteropPeer",
      dependencies: sockets + [
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], path: "Tests/InteropPeer", swiftSettings: common),
    .executableTarget(
      name: "InteropSMPP",
      dependencies: sockets + ["MartinetSMPP", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tests/InteropSMPP", swiftSettings: common),
    .testTarget(
      name: "MartinetInteropTests",
      dependencies: ["MartinetTool", "InteropPeer", "InteropSMPP", "MartinetTestSupport"],
      swiftSettings: common),
    .testTarget(name: "HouseRulesTests", swiftSettings: common),
  ],
  swiftLanguageModes: [.v6]
)
