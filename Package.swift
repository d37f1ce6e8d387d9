// swift-tools-version: 6.1
import PackageDescription

/// Every target speaks Swift 6 with strict concurrency; plain `nonisolated async` functions stay on the
/// caller's executor, so that a request never leaves its event loop by accident.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  // Specialises generics and inlines across modules: a page read takes less than half the CPU with it.
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

func cLibrary(_ name: String, pkgConfig: String? = nil, apt: String? = nil) -> Target {
  .systemLibrary(
    name: name, path: "Shared/\(name)", pkgConfig: pkgConfig, providers: apt.map { [.apt([$0])] })
}

func shared(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Shared/\(name)", exclude: exclude, swiftSettings: settings)
}

/// A service's library. `exclude`: folders that are targets of their own, beside `Main`.
func service(
  _ name: String, _ folder: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
  resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Services/\(folder)", exclude: ["Main"] + exclude,
    resources: resources, swiftSettings: settings)
}

func executable(_ name: String, _ folder: String, _ library: String) -> Target {
  .executableTarget(
    name: name, dependencies: [.target(name: library), "ServiceKit"], path: "Services/\(folder)/Main",
    swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, resources: resources,
    swiftSettings: settings)
}

let package = Package(
  name: "millrace",
  products: [
    .executable(name: "feed-api", targets: ["feed-api"]),
    .executable(name: "keevo", targets: ["keevo"]),
    .executable(name: "realtime", targets: ["realtime"]),
    .executable(name: "analytics", targets: ["analytics"]),
    .executable(name: "personalization", targets: ["personalization"]),
    .executable(name: "dashboard-api", targets: ["dashboard-api"]),
    .executable(name: "worker", targets: ["worker"]),
    // For Benchmarks/ and Fuzz/.
    .library(name: "HTTP", targets: ["HTTP"]),
    .library(name: "EventLoop", targets: ["EventLoop"]),
    .library(name: "Telemetry", targets: ["Telemetry"]),
    .library(name: "GRPC", targets: ["GRPC"]),
    .library(name: "JSON", targets: ["JSON"]),
    .library(name: "KeevoClient", targets: ["KeevoClient"]),
    .library(name: "Model", targets: ["Model"]),
    .library(name: "ControlPlane", targets: ["ControlPlane"]),
    .library(name: "Auth", targets: ["Auth"]),
    .library(name: "Feeds", targets: ["Feeds"]),
    .library(name: "ObjectStorage", targets: ["ObjectStorage"]),
    .library(name: "FeedAPIService", targets: ["FeedAPIService"]),
  ],
  targets: [
    // System libraries: headers only.
    cLibrary("CLinux"),
    cLibrary("CRocksDB", pkgConfig: "rocksdb", apt: "librocksdb-dev"),
    cLibrary("CNGHTTP2", pkgConfig: "libnghttp2", apt: "libnghttp2-dev"),
    cLibrary("CPostgreSQL"),
    cLibrary("CRedis"),
    cLibrary("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
    cLibrary("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    cLibrary("CJemalloc"),
    cLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    cLibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
    cLibrary("CLibXML2", pkgConfig: "libxml-2.0", apt: "libxml2-dev"),

    // libvips behind functions that Swift can call; GLib's headers lie where Debian puts them for the machine's kind.
    .target(
      name: "CVips", path: "Shared/CVips",
      cSettings: [
        .unsafeFlags(
          ["-I/usr/include/glib-2.0"]
            + ["x86_64", "aarch64"].map { "-I/usr/lib/\($0)-linux-gnu/glib-2.0/include" })
      ],
      linkerSettings: [.linkedLibrary("vips"), .linkedLibrary("gobject-2.0"), .linkedLibrary("glib-2.0")]),

    // Shared modules, lowest first: a module may depend only on those above it in this file.
    shared("JSON"),
    shared("Model", ["JSON", "COpenSSL"]),
    shared("Telemetry", ["JSON"]),
    shared("EventLoop", ["CLinux"]),
    shared("HTTP", ["EventLoop", "Telemetry", "JSON", "CLinux", "CCurl", "CZlib", "CZstd"]),
    shared("ObjectStorage", ["HTTP", "EventLoop", "Model"]),
    shared("PubSub", ["EventLoop", "Telemetry", "CRedis"]),
    shared("Protobuf"),
    shared("GRPC", ["EventLoop", "Telemetry", "Protobuf", "CNGHTTP2", "CLinux"]),
    shared("KeevoClient", ["GRPC", "Protobuf", "EventLoop", "Telemetry", "Model", "JSON"], exclude: ["keevo.proto"]),
    shared("ControlPlane", ["PubSub", "EventLoop", "Telemetry", "Model", "JSON", "CPostgreSQL", "COpenSSL"]),
    shared("Auth", ["ControlPlane", "Model", "JSON", "COpenSSL"]),
    shared("Jobs", ["KeevoClient", "EventLoop", "Telemetry", "Model", "JSON"]),
    shared("Feeds", ["Jobs", "KeevoClient", "ObjectStorage", "EventLoop", "Telemetry", "Model", "JSON"]),
    shared(
      "ServiceKit",
      ["KeevoClient", "PubSub", "ObjectStorage", "HTTP", "EventLoop", "Telemetry", "JSON", "CLinux", "CJemalloc"]),

    // Services: a library each, and a thin @main over it. A service never imports another service.
    service(
      "FeedAPIService", "API",
      [
        "ServiceKit", "Feeds", "Jobs", "Auth", "ControlPlane", "KeevoClient", "PubSub", "ObjectStorage", "HTTP",
        "EventLoop", "Telemetry", "Model", "JSON", "CLibXML2", "CVips",
      ]),
    service(
      "KeevoService", "Keevo",
      [
        "ServiceKit", "KeevoClient", "GRPC", "Protobuf", "HTTP", "EventLoop", "Telemetry", "Model", "JSON", "CRocksDB",
        "CLinux",
      ], exclude: ["Raft"]),
    // The store's consensus, pure: it imports nothing.
    .target(name: "Raft", path: "Services/Keevo/Raft", swiftSettings: settings),
    service("RealtimeService", "Realtime", ["ServiceKit", "HTTP", "EventLoop", "Telemetry", "JSON"]),
    service("AnalyticsService", "Analytics", ["ServiceKit", "HTTP", "EventLoop", "Telemetry", "JSON"]),
    service("PersonalizationService", "Personalization", ["ServiceKit", "HTTP", "EventLoop", "Telemetry", "JSON"]),
    service(
      "DashboardService", "Dashboard",
      [
        "ServiceKit", "Feeds", "ControlPlane", "Auth", "KeevoClient", "PubSub", "HTTP", "EventLoop", "Telemetry",
        "Model",
        "JSON",
      ],
      resources: [.embedInCode("Resources/app-config.schema.json")]),
    service(
      "WorkerService", "Workers",
      [
        "ServiceKit", "Feeds", "Jobs", "Auth", "ControlPlane", "KeevoClient", "ObjectStorage", "HTTP", "EventLoop",
        "Telemetry", "Model", "JSON", "CLibXML2",
      ]),
    executable("feed-api", "API", "FeedAPIService"),
    executable("keevo", "Keevo", "KeevoService"),
    executable("realtime", "Realtime", "RealtimeService"),
    executable("analytics", "Analytics", "AnalyticsService"),
    executable("personalization", "Personalization", "PersonalizationService"),
    executable("dashboard-api", "Dashboard", "DashboardService"),
    executable("worker", "Workers", "WorkerService"),

    // Module tests: fast, deterministic, no process started.
    tests("ArchitectureTests", []),
    tests("JSONTests", ["JSON"]),
    tests("ModelTests", ["Model", "JSON"]),
    tests("TelemetryTests", ["Telemetry", "JSON"]),
    tests("EventLoopTests", ["EventLoop", "CLinux"]),
    tests("PubSubTests", ["PubSub", "EventLoop", "Telemetry"]),
    tests("HTTPTests", ["HTTP", "EventLoop", "CLinux", "Telemetry", "CZlib", "CZstd"]),
    tests("ObjectStorageTests", ["ObjectStorage"]),
    tests("ProtobufTests", ["Protobuf"]),
    tests("GRPCTests", ["GRPC", "EventLoop", "Protobuf", "Telemetry", "CLinux"]),
    tests("KeevoClientTests", ["KeevoClient", "Protobuf", "KeevoService", "GRPC", "EventLoop", "Telemetry", "Model"]),
    tests(
      "KeevoServiceTests", ["KeevoService", "KeevoClient", "GRPC", "ServiceKit", "EventLoop", "Telemetry", "Model"]),
    tests("RaftTests", ["Raft"], exclude: ["Oracle", "Transcripts"]),
    tests("ControlPlaneTests", ["ControlPlane", "PubSub", "EventLoop", "Telemetry", "Model", "JSON"]),
    tests("AuthTests", ["Auth", "ControlPlane", "Model", "JSON"]),
    tests("JobsTests", ["Jobs", "KeevoClient", "EventLoop", "Telemetry", "Model"]),
    tests(
      "FeedsTests", ["Feeds", "Jobs", "KeevoClient", "ObjectStorage", "EventLoop", "Telemetry", "Model", "JSON"]),
    tests("ServiceKitTests", ["ServiceKit", "KeevoClient", "HTTP", "EventLoop", "Telemetry", "JSON"]),
    tests(
      "FeedAPIServiceTests",
      [
        "FeedAPIService", "KeevoService", "ServiceKit", "Feeds", "Jobs", "Auth", "ControlPlane", "KeevoClient", "GRPC",
        "HTTP", "ObjectStorage", "EventLoop", "Telemetry", "CLinux", "CZlib", "Model", "JSON",
      ]),
    tests(
      "DashboardServiceTests",
      ["DashboardService", "ControlPlane", "ServiceKit", "Feeds", "KeevoClient", "Model", "JSON"]),
    tests(
      "WorkerServiceTests",
      [
        "WorkerService", "ServiceKit", "Feeds", "Jobs", "KeevoClient", "ObjectStorage", "HTTP", "EventLoop",
        "Telemetry",
        "Model", "JSON",
      ]),
  ]
)
