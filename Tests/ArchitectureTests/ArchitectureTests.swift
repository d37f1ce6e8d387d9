import Foundation
import Testing

/// The house keeps its shape: arrows point down the blueprint's list only, services know nothing of each other, seven
/// executables and no eighth.
@Suite struct ArchitectureTests {
  /// The blueprint's list, top first; each line may import lines below it, and modules of its own line never each other.
  static let floors: [[String]] = [
    ["ServiceKit"], ["Feeds"], ["Jobs"], ["Auth"], ["ControlPlane"], ["KeevoClient"], ["GRPC", "Protobuf"], ["PubSub"],
    ["ObjectStorage"], ["HTTP"], ["EventLoop"], ["Telemetry"], ["Model"], ["JSON"],
  ]
  /// The one arrow inside a floor: framing carries messages.
  static let sameFloor: Set<String> = ["GRPC>Protobuf"]
  static let executables = [
    "feed-api", "keevo", "realtime", "analytics", "personalization", "dashboard-api", "worker",
  ]
  static let services = [
    "API": "FeedAPIService", "Keevo": "KeevoService", "Realtime": "RealtimeService", "Analytics": "AnalyticsService",
    "Personalization": "PersonalizationService", "Dashboard": "DashboardService", "Workers": "WorkerService",
  ]
  /// C libraries and the modules that may touch each: one file a module keeps it.
  static let sqlOwner = "ControlPlane"

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func sources(under folder: String) throws -> [URL] {
    let start = root.appending(path: folder)
    guard let files = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil) else { return [] }
    return files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
  }

  static func imports(of text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      var words = line.split(separator: " ").map(String.init)
      while let first = words.first,
        first.hasPrefix("@") || ["public", "internal", "private", "fileprivate"].contains(first)
      {
        words.removeFirst()
      }
      guard words.count >= 2, words[0] == "import" else { return nil }
      let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
      let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
      return String(name.prefix { $0 != "." })
    }
  }

  static func floor(of module: String) -> Int? { floors.firstIndex { $0.contains(module) } }

  /// What is wrong with `module` importing `imported`, if anything.
  static func complaint(module: String, imports imported: String) -> String? {
    if services.values.contains(imported) { return "\(module) imports the service \(imported)" }
    guard let from = floor(of: module), let to = floor(of: imported) else { return nil }
    if to > from || sameFloor.contains("\(module)>\(imported)") { return nil }
    return "\(module) imports \(imported), which stands \(to == from ? "beside" : "above") it in the blueprint's list"
  }

  /// Rules can be broken on purpose in test builds only: the setting stands behind a flag that the build which ships does not
  /// set, and nothing else switches a rule off.
  @Test func servicesCanBreakRulesInTestBuildsOnly() throws {
    for file in try Self.sources(under: "Services") + Self.sources(under: "Shared") {
      let text = try String(contentsOf: file, encoding: .utf8)
      switch file.lastPathComponent {
      case "FeedFaults.swift":
        let parts = text.components(separatedBy: "#else")
        #expect(
          parts.count == 2 && parts[0].contains("#if MILLRACE_FAULTS") && !parts[1].contains("FeedEngine.Faults("))
      case "FeedEngine+faults.swift": #expect(text.hasPrefix("#if MILLRACE_FAULTS\n"))
      default:
        for line in text.split(separator: "\n") where line.contains("options.faults = ") {
          #expect(line.contains("try FeedFaults.read(context)"), "\(file.path): \(line)")
        }
      }
    }
    let build = try String(
      contentsOf: Self.root.appending(path: "Infra/local/supervisor/build.py"), encoding: .utf8)
    #expect(!build.contains("MILLRACE_FAULTS"))
  }

  @Test func importsOfSharedModulesPointDownTheBlueprintsList() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Shared").path).sorted()
    let swiftFolders = try folders.filter { try !Self.sources(under: "Shared/\($0)").isEmpty }
    #expect(swiftFolders.count >= 10, "the sources were not found under \(Self.root.path)")
    for module in swiftFolders {
      #expect(Self.floor(of: module) != nil, "Shared/\(module) is not on the blueprint's list")
      for file in try Self.sources(under: "Shared/\(module)") {
        for imported in Self.imports(of: try String(contentsOf: file, encoding: .utf8)) where imported != module {
          let complaint = Self.complaint(module: module, imports: imported)
          #expect(complaint == nil, "\(file.lastPathComponent): \(complaint ?? "")")
        }
      }
    }
  }

  @Test func noServiceImportsAnother() throws {
    for (folder, library) in Self.services.sorted(by: { $0.key < $1.key }) {
      let files = try Self.sources(under: "Services/\(folder)")
      #expect(!files.isEmpty, "Services/\(folder) has no sources")
      for file in files {
        for imported in Self.imports(of: try String(contentsOf: file, encoding: .utf8)) {
          let foreign = Self.services.values.contains(imported) && imported != library
          #expect(!foreign, "\(file.path) imports \(imported)")
        }
      }
    }
  }

  /// Consensus is a pure step function: without an import there is no clock, disk, network or randomness to reach.
  @Test func raftImportsNothing() throws {
    let files = try Self.sources(under: "Services/Keevo/Raft")
    #expect(files.count > 10, "the module was not found")
    for file in files {
      let imported = Self.imports(of: try String(contentsOf: file, encoding: .utf8))
      #expect(imported.isEmpty, "\(file.lastPathComponent) imports \(imported.joined(separator: ", "))")
    }
  }

  @Test func mainsAreThin() throws {
    for folder in Self.services.keys.sorted() {
      let text = try String(
        contentsOf: Self.root.appending(path: "Services/\(folder)/Main/main.swift"), encoding: .utf8)
      let lines = text.split(separator: "\n").filter { !$0.hasPrefix("//") }
      #expect(lines.count <= 10, "Services/\(folder)/Main/main.swift has \(lines.count) lines")
      #expect(text.contains("ServiceMain.run("))
    }
  }

  @Test func thePackageHasExactlyTheSevenExecutables() throws {
    let text = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
    let products = text.matches(of: /\.executable\(name: "([^"]+)", targets: \["([^"]+)"\]\)/).map { String($0.1) }
    #expect(products == Self.executables)
    let targets = text.matches(of: /\n    executable\("([^"]+)"/).map { String($0.1) }
    #expect(targets.sorted() == Self.executables.sorted())
    // However it is spelled, one call makes all of them: `executable(…)`, whose body is the one `.executableTarget`.
    #expect(text.matches(of: /\.executableTarget\(/).count == 1)
    #expect(text.contains("swiftLanguageMode(.v6)") && text.contains("NonisolatedNonsendingByDefault"))
    #expect(!text.contains(".package(url"), "an outside package: the house stands on Debian's libraries alone")
  }

  @Test func sqlStaysInTheControlPlane() throws {
    for folder in ["Shared", "Services"] {
      for file in try Self.sources(under: folder) where !file.path.contains("/Shared/\(Self.sqlOwner)/") {
        let imported = Self.imports(of: try String(contentsOf: file, encoding: .utf8))
        #expect(!imported.contains("CPostgreSQL"), "\(file.path) speaks to PostgreSQL")
      }
    }
  }

  @Test func theRulesFindWhatTheyShould() {
    #expect(Self.complaint(module: "JSON", imports: "HTTP") != nil)
    #expect(Self.complaint(module: "HTTP", imports: "Feeds") != nil)
    #expect(Self.complaint(module: "Protobuf", imports: "GRPC") != nil)
    #expect(Self.complaint(module: "Feeds", imports: "WorkerService") != nil)
    #expect(Self.complaint(module: "Feeds", imports: "JSON") == nil)
    #expect(Self.complaint(module: "GRPC", imports: "Protobuf") == nil)
    #expect(
      Self.imports(of: "@testable import A\npublic import B\nimport struct C.D\n// import E\nimport F") == [
        "A", "B", "C", "F",
      ])
  }
}
