import Feeds
import JSON
import Testing

/// K1, K3, K11a, K13: what a definition is refused for, and where.
@Suite struct RankingDefinitionTests {
  @Test(arguments: [
    ("", 1, 1, "found the end"), ("1 +", 1, 4, "found the end"), ("1 2", 1, 3, "an operator or the end"),
    ("(1", 1, 3, "expected \")\""), ("a..b", 1, 3, "name of a member"), ("a.", 1, 3, "name of a member"),
    ("f(1,)", 1, 5, "found \")\""),
    ("max(1", 1, 6, "\",\" or \")\""), ("1 < 2 < 3", 1, 7, "do not chain"), ("1 ? 2", 1, 6, "expected \":\""),
    ("--1", 1, 2, "found \"-\""),
    ("'abc", 1, 1, "closing quote"), (#"'\n'"#, 1, 2, "after \\"), ("5d", 1, 2, "units"),
    ("1 # 2", 1, 3, "unexpected character"), ("a = 1", 1, 3, "unexpected"),
    ("1 +\n  foo(2)", 2, 3, "no function foo"), ("é + ü + $", 1, 9, "unexpected character"),
    ("ln()", 1, 1, "takes one argument, not 0"),
    ("max(1)", 1, 1, "two or more"), ("rand(1)", 1, 1, "no arguments or two"), ("dist(1,2,3)", 1, 1, "four numbers"),
    ("dist(1,2,3,4,'X')", 1, 14, "'K', 'M' or 'N'"), ("decay_exp(1,2)", 1, 1, "one argument, not 2"),
    ("a.b(1)", 1, 4, "no point"),
    ("external + 1", 1, 1, "external.<name>"), ("1 + reaction_counts", 1, 5, "reaction_counts.<kind>"),
    ("time.hour", 1, 1, "no members"),
    ("analytics.a.b", 1, 1, "analytics.<name>"), ("1e999", 1, 1, "too great"),
  ])
  func errorsSayWhereAndWhatWasExpected(expression: String, line: Int, column: Int, message: String) throws {
    let problem = try #require(RankingSamples.problems(expression).first)
    #expect(problem.pointer == "/score")
    #expect(problem.line == line && problem.column == column, "\(problem)")
    #expect(problem.message.contains(message), "\(problem)")
  }

  @Test func theCostIsBounded() {
    func first(_ expression: String) -> String { RankingSamples.problems(expression).first?.message ?? "" }
    #expect(first(String(repeating: "1", count: 2_049)).contains("2048 bytes"))
    #expect(first(String(repeating: " ", count: 2_047) + "1") == "")
    #expect(first(String(repeating: "(", count: 63) + "1" + String(repeating: ")", count: 63)) == "")
    #expect(first(String(repeating: "(", count: 64) + "1" + String(repeating: ")", count: 64)).contains("64 levels"))
    #expect(first(Array(repeating: "2", count: 80).joined(separator: "^")).contains("64 levels"))
    #expect(first(Array(repeating: "1?2:", count: 80).joined() + "3").contains("64 levels"))
    #expect(first(Array(repeating: "1", count: 128).joined(separator: "+")) == "")
    #expect(first(Array(repeating: "1", count: 129).joined(separator: "+")).contains("256 values"))
  }

  @Test func allThatIsWrongOutsideTheExpressionIsTold() throws {
    let definition = try JSONValue(
      parsing: #"{"scor":"1","defaults":[],"functions":{"a":{"base":"x","scale":-1},"b":{"base":"decay_exp"}}}"#)
    let error = try #require(throws: RankingDefinitionError.self) { try RankingMethod(definition) }
    #expect(error.problems.map(\.pointer) == ["/scor", "/defaults", "/functions/a/base", "/functions/a/scale", ""])
    #expect(throws: RankingDefinitionError.self) { try RankingMethod(.string("1")) }
    #expect(throws: RankingDefinitionError.self) { try RankingMethod(JSONValue(parsing: #"{"score":1}"#)) }
    #expect(
      RankingSamples.problems("popularity", defaults: #"{"popularity":[1]}"#).first?.message.contains(
        "default of popularity") == true)
    #expect(
      RankingSamples.problems("a.b", defaults: #"{"a":{"b":{}}}"#).first?.message.contains("default of a.b") == true)
  }

  @Test func externalsAreCheckedWholly() throws {
    for (text, path) in [
      ("[1]", ""), ("7", ""), ("{", ""), (#"{"a":[1]}"#, "a"), (#"{"a":{"b":null}}"#, "a.b"), (#"{"a":1e999}"#, "a"),
      (#"{"a":"\#(String(repeating: "x", count: 4_096))"}"#, ""),
      (#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}"#, "a.a.a.a.a.a.a.a"),
    ] {
      do throws(RankingExternals.Invalid) {
        _ = try RankingExternals(parsing: text)
        Issue.record("\(text.prefix(60)) is let through")
      } catch { #expect(error.path == path, "\(text.prefix(60)): \(error)") }
    }
    _ = try RankingExternals(parsing: #"{"a":1,"b":true,"c":"x","d":{"e":-1.5}}"#)
  }
}
