import JSON
import Testing

@testable import DashboardService

@Suite struct ValidationTests {
  static func problems(_ text: String) throws -> [ConfigProblem] {
    do {
      _ = try AppFile(Array(text.utf8), schema: try AppSchema())
      return []
    } catch let invalid as AppFile.Invalid {
      return invalid.problems
    }
  }

  static func file(_ members: String) -> String { "{\"version\":1,\"app\":{\"name\":\"x\"},\n\(members)}" }

  struct Bad: Sendable, CustomTestStringConvertible {
    var text: String
    var pointer: String
    var line: Int
    var message: String
    var advice: String
    var testDescription: String { "\(pointer) \(message)" }
    init(_ text: String, _ pointer: String, line: Int, _ message: String, _ advice: String) {
      self.text = text
      self.pointer = pointer
      self.line = line
      self.message = message
      self.advice = advice
    }
  }

  static let bad: [Bad] = [
    // Not JSON.
    Bad("", "", line: 1, "there is no value", "version"),
    Bad("{\"version\":1,\n\"app\":{\"name\":\"x\"},}", "", line: 2, "unexpected", "comma"),
    Bad("{\"version\":1,\n\"app\":", "", line: 2, "ends in the middle", "Close"),
    Bad("{\"version\":1,\n\n\"version\":1}", "", line: 3, "twice", "Remove one"),
    Bad("{\"version\":1} x", "", line: 1, "more text", "Remove"),
    Bad("// comment\n{}", "", line: 1, "unexpected", "comment"),
    // The root.
    Bad("[]", "", line: 1, "this is a list", "an object"),
    Bad("{\"version\":1}", "", line: 1, "\"app\" is missing", "Add \"app\""),
    Bad("{\"app\":{\"name\":\"x\"}}", "", line: 1, "\"version\" is missing", "Add \"version\": 1"),
    Bad("{\"version\":2,\"app\":{\"name\":\"x\"}}", "/version", line: 1, "2 is not allowed", "Write 1"),
    Bad("{\"version\":\"1\",\"app\":{\"name\":\"x\"}}", "/version", line: 1, "\"1\" is not allowed", "Write 1"),
    Bad(file("\"feed_group\":[]"), "/feed_group", line: 2, "no member \"feed_group\"", "\"feed_groups\"?"),
    Bad(file("\"zzzzzz\":[]"), "/zzzzzz", line: 2, "no member \"zzzzzz\"", "Known are: $schema"),
    // The app.
    Bad("{\"version\":1,\n \"app\":{}}", "/app", line: 2, "\"name\" is missing", "Add \"name\": a string"),
    Bad("{\"version\":1,\"app\":{\"name\":\"\"}}", "/app/name", line: 1, "the text is empty", "at least 1 character"),
    Bad("{\"version\":1,\"app\":{\"name\":null}}", "/app/name", line: 1, "this is null", "Write a string"),
    Bad(
      "{\"version\":1,\"app\":{\"name\":\"\(String(repeating: "é", count: 81))\"}}", "/app/name", line: 1,
      "81 characters", "at most 80"),
    Bad("{\"version\":1,\"app\":{\"name\":\"a\\u0000b\"}}", "/app/name", line: 1, "U+0000", "Remove"),
    Bad("{\"version\":1,\"app\":{\"name\":\"x\",\"id\":0}}", "/app/id", line: 1, "0 is too small", "at least 1"),
    Bad("{\"version\":1,\"app\":{\"name\":\"x\",\"id\":1e3}}", "/app/id", line: 1, "the number 1e3", "written plainly"),
    Bad(
      "{\"version\":1,\"app\":{\"name\":\"x\",\"environment\":\"prod\"}}", "/app/environment", line: 1,
      "\"prod\" is not allowed", "\"development\" or \"production\""),
    Bad("{\"version\":1,\"app\":{\"name\":\"x\",\"region\":\"EU\"}}", "/app/region", line: 1, "form", "lower-case"),
    Bad(
      "{\"version\":1,\"app\":{\"name\":\"x\",\"suspended\":\"no\"}}", "/app/suspended", line: 1, "a string",
      "true or false"),
    // Groups.
    Bad(file("\"feed_groups\":{}"), "/feed_groups", line: 2, "an object", "a list"),
    Bad(file("\"feed_groups\":[{\"slug\":\"a\"}]"), "/feed_groups/0", line: 2, "\"type\" is missing", "\"flat\""),
    Bad(
      file("\"feed_groups\":[\n{\"slug\":\"a b\",\"type\":\"flat\"}]"), "/feed_groups/0/slug", line: 3, "form",
      "letters"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\n\"type\":\"flatt\"}]"), "/feed_groups/0/type", line: 3, "\"flatt\"",
      "\"flat\", \"aggregated\" or \"notification\""),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\",\"polcy\":\"private\"}]"), "/feed_groups/0/polcy",
      line: 2,
      "no member", "\"policy\"?"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\",\"aggregation_format\":\"x\"}]"),
      "/feed_groups/0/aggregation_format", line: 2, "type \"flat\" cannot have", "Remove"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"notification\",\"rankings\":{}}]"), "/feed_groups/0/rankings",
      line: 2, "type \"notification\" cannot have", "Remove"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"aggregated\",\"notification\":{}}]"),
      "/feed_groups/0/notification", line: 2, "type \"aggregated\" cannot have", "Remove"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\",\"rankings\":{\"ml\":{\"score\":\"1\"}}}]"),
      "/feed_groups/0/rankings/ml", line: 2, "reserved", "another name"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\",\"rankings\":{\"a/b\":{\"score\":\"1\"}}}]"),
      "/feed_groups/0/rankings/a~1b", line: 2, "has not the form", "letters"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\",\"rankings\":{\"hot\":{}}}]"),
      "/feed_groups/0/rankings/hot", line: 2, "\"score\" is missing", "Add \"score\""),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\",\"pull_above\":-1}]"), "/feed_groups/0/pull_above",
      line: 2,
      "too small", "at least 0"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"aggregated\",\"max_activities_per_group\":101}]"),
      "/feed_groups/0/max_activities_per_group", line: 2, "101 is too large", "from 1 to 100"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\",\"retention\":\"soon\"}]"), "/feed_groups/0/retention",
      line: 2, "form", "30m"),
    Bad(
      file("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\"},\n{\"slug\":\"a\",\"type\":\"flat\"}]"),
      "/feed_groups/1/slug", line: 3, "occurs twice", "Remove one"),
    // Settings.
    Bad(file("\"webhook\":5"), "/webhook", line: 2, "an integer", "null, an object"),
    Bad(file("\"webhook\":{}"), "/webhook", line: 2, "\"url\" is missing", "Add \"url\""),
    Bad(file("\"webhook\":{\"url\":\"ftp://x\"}"), "/webhook/url", line: 2, "form", "https://"),
    Bad(file("\"webhook\":[{\"url\":\"https://x\"},\n{}]"), "/webhook/1", line: 3, "\"url\" is missing", "Add"),
    Bad(
      file("\"webhook\":{\"url\":\"https://x\",\"signing_key\":\"secret\"}"), "/webhook/signing_key", line: 2,
      "a string",
      "an object"),
    Bad(
      file("\"webhook\":{\"url\":\"https://x\",\"signing_key\":{}}"), "/webhook/signing_key", line: 2, "empty",
      "from_env, from_file"),
    Bad(
      file("\"webhook\":{\"url\":\"https://x\",\"signing_key\":{\"from_env\":\"A\",\"from_file\":\"b\"}}"),
      "/webhook/signing_key", line: 2, "2 members", "1"),
    Bad(
      file("\"webhook\":{\"url\":\"https://x\",\"events\":[\"a\",\n\"a\"]}"), "/webhook/events/1", line: 3,
      "occurs twice", "Remove"),
    Bad(file("\"firehose\":[{}]"), "/firehose/0", line: 2, "\"type\" is missing", "\"sqs\", \"http\" or \"file\""),
    Bad(file("\"firehose\":[{\"type\":\"kafka\"}]"), "/firehose/0/type", line: 2, "\"kafka\"", "\"sqs\""),
    Bad(file("\"firehose\":[{\"type\":\"sqs\"}]"), "/firehose/0", line: 2, "\"queue_url\" is missing", "Add"),
    Bad(
      file("\"members\":[{\"email\":\"ada\",\"role\":\"admin\"}]"), "/members/0/email", line: 2, "e-mail",
      "ada@example.org"),
    Bad(
      file("\"limits\":{\"requests_per_minute\":{\"add\":\"many\"}}"), "/limits/requests_per_minute/add", line: 2,
      "a string", "null or an integer"),
    Bad(file("\"limits\":{\"storage_bytes\":-5}"), "/limits/storage_bytes", line: 2, "too small", "at least 0"),
    Bad(
      file("\"personalization\":{\"exploration\":0.7}"), "/personalization/exploration", line: 2, "too large",
      "from 0 to 0.5"),
    Bad(
      file("\"personalization\":{\"resources\":{\"Big\":{\"base\":\"digest\"}}}"), "/personalization/resources/Big",
      line: 2, "form", "lower-case"),
    Bad(file("\"push\":[{\"name\":\"a\",\"type\":\"sms\"}]"), "/push/0/type", line: 2, "\"sms\"", "\"fcm\""),
    Bad(
      file("\"push\":[{\"name\":\"a\",\"type\":\"fcm\"},{\"name\":\"a\",\"type\":\"apns\"}]"), "/push/1/name", line: 2,
      "occurs twice", "another name"),
    Bad(
      file("\"push\":[{\"name\":\"a\",\"type\":\"http\",\"base_url\":\"here\"}]"), "/push/0/base_url", line: 2,
      "no URL",
      "https://example.org"),
  ]

  @Test(arguments: bad)
  func everyProblemNamesItsPlaceAndWhatToWrite(bad: Bad) throws {
    let problems = try Self.problems(bad.text)
    let problem = try #require(problems.first { $0.pointer == bad.pointer }, "got \(problems)")
    #expect(problem.line == bad.line)
    #expect(problem.message.contains(bad.message), "\(problem.message)")
    #expect(problem.advice.contains(bad.advice), "\(problem.advice)")
    #expect(problems.count == 1, "\(problems)")
  }

  @Test func allProblemsOfAFileComeAtOnce() throws {
    let problems = try Self.problems(
      "{\"version\":2,\"app\":{},\n\"feed_groups\":[{\"slug\":\"\",\"type\":\"x\"}],\n\"webhook\":{\"url\":\"no\"},\"nope\":1}"
    )
    #expect(
      Set(problems.map(\.pointer))
        == ["/version", "/app", "/feed_groups/0/slug", "/feed_groups/0/type", "/webhook/url", "/nope"])
    #expect(problems.first { $0.pointer == "/webhook/url" }?.line == 3)
  }

  @Test func problemsAreBounded() throws {
    let groups = Array(repeating: "{}", count: 150).joined(separator: ",")
    let problems = try Self.problems(Self.file("\"feed_groups\":[\(groups)]"))
    #expect(problems.count == SchemaValidator.problemsMax)
  }

  @Test func theExampleOfTheSpecificationIsValid() throws {
    let example = """
      {"version":1,"app":{"name":"winds-demo","environment":"development"},
       "feed_groups":[
        {"slug":"rss","type":"flat","policy":"public_read"},{"slug":"podcast","type":"flat","policy":"public_read"},
        {"slug":"timeline","type":"flat","rankings":{"hot":{"score":"decay_linear(time) * popularity ^ 0.5","defaults":{"popularity":1}}},"realtime":true},
        {"slug":"user_article","type":"flat"},{"slug":"user_episode","type":"flat"},
        {"slug":"notification","type":"notification","aggregation_format":"{{ verb }}_{{ time.strftime(\\"%Y-%m-%d\\") }}"}],
       "personalization":{"enabled":true,"resources":{"winds_rss_recommendations":{"base":"content_recommendations","params":{"collection":"rss"}}}},
       "webhook":{"enabled":true,"url":"https://example.org/hook","signing_key":{"from_env":"HOOK_KEY"}}}
      """
    #expect(try Self.problems(example) == [])
  }

  @Test(arguments: [
    "\"webhook\":null", "\"webhook\":[]", "\"analytics\":{\"archive_retention\":null,\"session_gap\":null}",
    "\"limits\":{\"storage_bytes\":null,\"requests_per_minute\":{\"add\":5,\"read\":null},\"requests_per_15_minutes\":{\"*\":1},\"per_user\":{\"requests_per_60_minutes\":{\"*\":9}}}",
    "\"realtime\":{\"enforce_expiry\":true}", "\"push\":null", "\"feed_groups\":null",
    "\"firehose\":[{\"type\":\"file\",\"path\":\"/tmp/x\"},{\"type\":\"http\",\"url\":\"http://x\"}]",
    "\"personalization\":{\"resources\":{\"a\":{\"base\":\"similar\",\"params\":{\"n\":1,\"b\":true,\"s\":\"x\"}},\"b\":null}}",
    "\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\",\"aggregation_format\":null,\"policy\":null}]",
  ])
  func nullResetsAndGoodFormsPass(members: String) throws {
    #expect(try Self.problems(Self.file(members)) == [])
  }

  @Test func linesAndColumnsCountCharactersFromOne() {
    let index = LineIndex(Array("ab\né€x\n\nz".utf8))
    func place(_ offset: Int) -> [Int] { [index.place(of: offset).line, index.place(of: offset).column] }
    #expect(place(0) == [1, 1])
    #expect(place(1) == [1, 2])
    #expect(place(3) == [2, 1])
    #expect(place(8) == [2, 3])
    #expect(place(10) == [3, 1])
    #expect(place(11) == [4, 1])
    #expect(place(999) == [4, 2])
  }
}
