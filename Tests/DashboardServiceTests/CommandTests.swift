import Foundation
import JSON
import ServiceKit
import Testing

@testable import DashboardService

@Suite struct CommandTests {
  @Test func optionsComeInAnyOrder() throws {
    let options = try CommandOptions(
      ["a.json", "--wait", "--app", "5", "--org=acme"], values: ["app", "org"], flags: ["wait", "yes"])
    #expect(options.words == ["a.json"])
    #expect(options.flags == ["wait"])
    #expect(try options.integer("app") == 5)
    #expect(options.values["org"] == "acme")
  }

  @Test(arguments: [["--nope"], ["--app"], ["--wait=1"], ["--wait", "--nope=1"]])
  func unknownOrHalfOptionsAreRefused(words: [String]) {
    #expect(throws: CommandOptions.Misuse.self) { try CommandOptions(words, values: ["app"], flags: ["wait"]) }
  }

  @Test func flagsMayBeRepeatedAndWordsMayBeginWithDashes() throws {
    let options = try CommandOptions(
      ["--follow", "a", "x", "--follow=b", "--", "--follow", "-"], values: ["follow"], flags: [])
    #expect(options.values["follow"] == "b" && options.lists["follow"] == ["a", "b"])
    #expect(options.words == ["x", "--follow", "-"])
  }

  @Test(arguments: ["0", "11", "x", "", "1.0"])
  func numbersHaveARange(text: String) throws {
    let options = try CommandOptions(["--limit=\(text)"], values: ["limit", "more"], flags: [])
    #expect(throws: CommandOptions.Misuse.self) { try options.integer("limit", 1...10) }
    #expect(try options.integer("more", 1...10) == nil)
    #expect(try CommandOptions(["--limit=10"], values: ["limit"], flags: []).integer("limit", 1...10) == 10)
  }

  @Test func aSecretOnTheCommandLineIsNotRepeatedInTheMessage() {
    do throws(CommandOptions.Misuse) {
      _ = try CommandOptions(["--secret=hunter2"], values: ["app"], flags: [])
      Issue.record("it was taken")
    } catch {
      #expect(error.description.contains("--secret ") && !error.description.contains("hunter2"))
    }
  }

  @Test(arguments: [("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800), ("1500ms", 1), ("0s", 0)])
  func durationsHaveUnits(text: String, seconds: Int64) throws {
    #expect(try CommandOptions(["--overlap", text], values: ["overlap"], flags: []).seconds("overlap") == seconds)
  }

  @Test(arguments: ["5", "h", "-1h", "1w", "99999999999999999999d", "9223372036854775807d", "1.5h"])
  func otherDurationsAreRefused(text: String) throws {
    let options = try CommandOptions(["--overlap=\(text)"], values: ["overlap"], flags: [])
    #expect(throws: CommandOptions.Misuse.self) { try options.seconds("overlap") }
  }

  @Test(arguments: ["0", "-1", "x", ""])
  func numbersOfAppsArePositive(text: String) throws {
    let options = try CommandOptions(["--app=\(text)"], values: ["app"], flags: [])
    #expect(throws: CommandOptions.Misuse.self) { try options.required("app") }
  }

  @Test func everyCommandIsThereAndRefusesWordsItDoesNotKnow() async {
    let commands = dashboardSpecification().commands
    #expect(
      commands.map(\.name).sorted() == [
        "apply", "apps", "audit", "export", "keys", "migrate", "schema", "token", "usage",
      ])
    for command in commands {
      #expect(await command.run(["--no-such-option"], Configuration(values: [:])) == 2, "\(command.name)")
    }
  }

  @Test func applySaysThatAFileIsNotThereAndThatPostgresIsNot() async throws {
    let settings = Configuration(values: [
      "postgres": "host=/nonexistent port=1 dbname=x", "master-key-file": "/nonexistent/key",
    ])
    let apply = try #require(dashboardSpecification().commands.first { $0.name == "apply" })
    #expect(await apply.run([], settings) == 2)
    #expect(await apply.run(["/nonexistent/app.json"], settings) == 2)
    let file = FileManager.default.temporaryDirectory.appending(path: "millrace-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("{\"version\":1,\"app\":{\"name\":\"x\"}}".utf8).write(to: file)
    #expect(await apply.run([file.path], settings) == 5)
    try Data("{\"version\":1,\"app\":{\"name\":5}}".utf8).write(to: file)
    #expect(await apply.run([file.path], settings) == 2)
  }

  /// The files that ship must pass what ships.
  @Test func theLocalAppsAreValid() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Infra/local/apps")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "json" }
    #expect(files.count >= 3)
    for file in files {
      let bytes = [UInt8](try Data(contentsOf: file))
      #expect(throws: Never.self, "\(file.lastPathComponent)") { try AppFile(bytes, schema: try AppSchema()) }
    }
  }

  @Test func secretsComeFromTheEnvironmentOrAFile() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "millrace-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("from a file\n".utf8).write(to: file)
    func resolve(_ name: String, _ value: String) -> [UInt8]? {
      let reference = JSONValue.object([.init(name, .string(value))])
      guard case .value(let bytes) = SecretReferences.resolve(reference) else { return nil }
      return bytes
    }
    #expect(resolve("from_file", file.path) == Array("from a file".utf8))
    #expect(resolve("from_file", "/nonexistent/secret") == nil)
    #expect(resolve("from_env", "PATH") != nil)
    #expect(resolve("from_env", "MILLRACE_NO_SUCH_VARIABLE") == nil)
  }
}
