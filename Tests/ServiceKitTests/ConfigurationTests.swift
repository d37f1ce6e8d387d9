import FoundationEssentials
import Testing

@testable import ServiceKit

@Suite struct ConfigurationTests {
  static let specification = ServiceSpecification(
    name: "example", summary: "an example",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8080", help: "where"),
      Setting("page-size-max", .integer(1...100), default: "25", help: "entries a page"),
      Setting("postgres", .text, help: "connection", isSecret: true),
      Setting("verbose", .flag, help: "say more"),
    ],
    commands: [.init(name: "apply", summary: "applies") { _, _ in 0 }],
    build: { _ in throw CancellationError() })

  func read(
    _ arguments: [String], environment: [String: String] = [:], files: [String: [String: String]] = [:]
  ) throws(ConfigurationError) -> Invocation {
    try Invocation.read(Self.specification, arguments: arguments, environment: environment) {
      path throws(ConfigurationError) in
      guard let members = files[path] else { throw .unreadableFile(path, reason: "missing") }
      return members
    }
  }

  @Test func flagsWinOverVariablesOverFileOverDefaults() throws {
    let file = ["a.json": ["page-size-max": "10"]]
    #expect(try read([]).configuration.integer("page-size-max") == 25)
    #expect(try read(["--config", "a.json"], files: file).configuration.integer("page-size-max") == 10)
    let environment = ["MILLRACE_PAGE_SIZE_MAX": "11", "MILLRACE_CONFIG": "a.json"]
    #expect(try read([], environment: environment, files: file).configuration.integer("page-size-max") == 11)
    let all = try read(["--page-size-max=12"], environment: environment, files: file)
    #expect(all.configuration.integer("page-size-max") == 12)
    #expect(all.sources["page-size-max"] == .flag("--page-size-max"))
  }

  @Test func aBadValueNamesSettingValueSourceAndForm() {
    let error = #expect(throws: ConfigurationError.self) {
      try read([], environment: ["MILLRACE_PAGE_SIZE_MAX": "101"])
    }
    #expect(
      error?.description
        == "page-size-max is \"101\" (variable MILLRACE_PAGE_SIZE_MAX), which cannot be used: write a whole number from 1 to 100"
    )
  }

  @Test(arguments: ["127.0.0.1", "127.0.0.1:65536", ":80", "host:", "host:x", ""])
  func anAddressNeedsHostAndPort(_ text: String) {
    #expect(throws: ConfigurationError.self) { try read(["--listen", text]) }
  }

  @Test(arguments: ["[::1]:80", "localhost:0", "10.0.0.1:65535"])
  func anAddressIsTaken(_ text: String) throws {
    #expect(try read(["--listen", text]).configuration.string("listen") == text)
  }

  @Test func anUnknownFlagIsRefusedWithTheNearestName() {
    #expect(throws: ConfigurationError.unknownFlag("--lisen", suggestion: "--listen")) { try read(["--lisen", "a:1"]) }
    #expect(throws: ConfigurationError.unknownFlag("--zzzzzzzz", suggestion: nil)) { try read(["--zzzzzzzz"]) }
    #expect(throws: ConfigurationError.unknownFlag("-x", suggestion: nil)) { try read(["-x"]) }
  }

  @Test func anUnknownMemberOfTheFileIsRefused() {
    #expect(throws: ConfigurationError.unknownMember("listn", file: "a.json", suggestion: "listen")) {
      try read(["--config", "a.json"], files: ["a.json": ["listn": "a:1"]])
    }
  }

  @Test func aFlagWithoutItsValueSaysWhatToWrite() {
    #expect(throws: ConfigurationError.missingValue(flag: "--postgres", form: "TEXT")) { try read(["--postgres"]) }
  }

  @Test func booleanFlagsStandAlone() throws {
    #expect(try read(["--verbose"]).configuration.flag("verbose"))
    #expect(try !read(["--verbose=false"]).configuration.flag("verbose"))
    #expect(try !read([]).configuration.flag("verbose"))
  }

  @Test func aCommandKeepsItsOwnWordsAndSettingsAreTakenOut() throws {
    let invocation = try read(["apply", "app.json", "--page-size-max", "7", "--dry-run", "--", "--listen"])
    #expect(invocation.action == .command(name: "apply", arguments: ["app.json", "--dry-run", "--listen"]))
    #expect(invocation.configuration.integer("page-size-max") == 7)
    #expect(throws: ConfigurationError.unknownCommand("aply", known: ["apply"])) { try read(["aply"]) }
  }

  @Test func checkVersionAndHelpAreActions() throws {
    #expect(try read(["--check"]).action == .check)
    #expect(try read(["--version"]).action == .version)
    #expect(try read(["--listen", "a:1", "--help"]).action == .help)
    #expect(throws: ConfigurationError.self) { try read(["--check", "--listen", "nonsense"]) }
  }

  @Test func secretsAreNeverPrinted() throws {
    let invocation = try read(["--postgres", "password=hunter2"])
    #expect(!Self.specification.checkText(invocation).contains("hunter2"))
    #expect(Self.specification.checkText(invocation).contains("(secret)"))
  }

  @Test func helpNamesEverySettingVariableAndCommand() {
    let text = Self.specification.helpText
    for part in ["--listen", "MILLRACE_PAGE_SIZE_MAX", "--admin-listen", "--drain-seconds", "apply", "--check"] {
      #expect(text.contains(part))
    }
  }

  @Test func everyServiceHasTheBaseSettingsAndItsOwnWin() {
    let own = Setting("admin-listen", .address, default: "127.0.0.1:9", help: "own")
    let specification = ServiceSpecification(name: "x", summary: "", settings: [own]) { _ in throw CancellationError() }
    #expect(specification.allSettings.filter { $0.name == "admin-listen" }.map(\.defaultValue) == ["127.0.0.1:9"])
    #expect(specification.allSettings.contains { $0.name == "loops" })
  }

  @Test func theFileHoldsTextsNumbersAndBooleans() throws {
    let values = try ConfigurationFile.parse(
      Data(#"{"listen": "a:1", "page-size-max": 9, "verbose": true}"#.utf8), path: "x")
    #expect(values == ["listen": "a:1", "page-size-max": "9", "verbose": "true"])
  }

  @Test(arguments: ["", "[]", "{", "{\"a\": []}", "{\"a\": 1.5}", "{\"a\": null}"])
  func aFileOfAnotherShapeIsRefused(_ text: String) {
    #expect(throws: ConfigurationError.self) { try ConfigurationFile.parse(Data(text.utf8), path: "x") }
  }

  @Test func aMissingFileSaysItsName() {
    let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile.read("/nonexistent/millrace.json") }
    #expect(error?.description.contains("/nonexistent/millrace.json") == true)
  }
}
