// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS("26.0")],
  dependencies: [
    .package(name: "Martinet", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    .executableTarget(
      name: "martinet-benchmarks", dependencies: [.product(name: "MartinetSimulation", package: "Martinet")],
      path: "Sources/MartinetBenchmarks"),
    .executableTarget(
      name: "martinet-socket-benchmarks", dependencies: [.product(name: "Martinet", package: "Martinet")],
      path: "Sources/SocketBenchmarks"),
    .executableTarget(
      name: "martinet-load-benchmarks", dependencies: [.product(name: "MartinetLoads", package: "Martinet")],
      path: "Sources/LoadBenchmarks"),
    .executableTarget(
      name: "martinet-peer-benchmarks",
      dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Sources/PeerBenchmarks"),
  ],
  swiftLanguageModes: [.v6]
)
