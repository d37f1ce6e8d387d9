// swift-tools-version: 6.1
import PackageDescription

// Fuzz targets on libFuzzer. A package of its own, because its targets have libFuzzer's `main`.
let fuzzing: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .unsafeFlags(["-parse-as-library", "-sanitize=fuzzer,address"]),
]

let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "millrace", path: "..")],
  targets: [
    .target(name: "FuzzDriver", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "FuzzHTTP", dependencies: ["FuzzDriver", .product(name: "HTTP", package: "millrace")],
      swiftSettings: fuzzing,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]),
    .executableTarget(
      name: "FuzzForm", dependencies: ["FuzzDriver", .product(name: "HTTP", package: "millrace")],
      swiftSettings: fuzzing,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]),
    .executableTarget(
      name: "FuzzBody",
      dependencies: ["FuzzDriver"]
        + [
          "Auth", "ControlPlane", "FeedAPIService", "Feeds", "HTTP", "JSON", "KeevoClient", "Model", "ObjectStorage",
          "Telemetry",
        ]
        .map { .product(name: $0, package: "millrace") }, swiftSettings: fuzzing,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]),
  ]
)
