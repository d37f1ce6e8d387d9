// swift-tools-version: 6.1
import PackageDescription

// Programs that only benchmarks need. A package of its own, so that the house keeps seven executables.
let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "millrace", path: "..")],
  targets: [
    .executableTarget(
      name: "bench-http-server", dependencies: [.product(name: "HTTP", package: "millrace")],
      path: "Sources/BenchmarkHTTPServer",
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
    .executableTarget(
      name: "bench-keevo-load",
      dependencies: [
        .product(name: "KeevoClient", package: "millrace"), .product(name: "EventLoop", package: "millrace"),
        .product(name: "Telemetry", package: "millrace"),
      ],
      path: "Sources/BenchmarkKeevoLoad",
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
    .executableTarget(
      name: "bench-grpc",
      dependencies: [.product(name: "GRPC", package: "millrace"), .product(name: "EventLoop", package: "millrace")],
      path: "Sources/BenchmarkGRPC",
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
  ]
)
