// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "MartinetExamples",
  platforms: [.macOS("26.0")],
  dependencies: [.package(name: "Martinet", path: "..")],
  targets: [
    .executableTarget(name: "IterativeServer", dependencies: [.product(name: "Martinet", package: "Martinet")]),
    .executableTarget(name: "ConcurrentServer", dependencies: [.product(name: "Martinet", package: "Martinet")]),
  ],
  swiftLanguageModes: [.v6]
)
