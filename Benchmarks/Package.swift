// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS("26.0")],
  dependencies: [.package(name: "Martinet", path: "..")],
  targets: [
    .executableTarget(
      name: "martinet-benchmarks", dependencies: [.product(name: "MartinetSimulation", package: "Martinet")],
      path: "Sources/MartinetBenchmarks"),
    .executableTarget(
      name: "martinet-socket-benchmarks", dependencies: [.product(name: "Martinet", package: "Martinet")],
      path: "Sources/SocketBenchmarks"),
  ],
  swiftLanguageModes: [.v6]
)
