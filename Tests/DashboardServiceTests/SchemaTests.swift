import JSON
import Testing

@testable import DashboardService

@Suite struct SchemaTests {
  @Test func theShippedSchemaIsJSONAndNamesItself() throws {
    let schema = try AppSchema()
    #expect(schema.root["$id"]?.string == "urn:millrace:app-config:1")
    #expect(schema.sectionNames.contains("webhook") && !schema.sectionNames.contains("feed_groups"))
  }

  /// A keyword that the validator does not know would be a rule that is not enforced.
  @Test func theValidatorKnowsEveryKeywordOfTheSchema() throws {
    let known: Set<String> = [
      "$schema", "$id", "$ref", "$defs", "title", "description", "default", "type", "required", "additionalProperties",
      "properties", "propertyNames", "items", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "format",
      "minimum", "maximum", "enum", "const", "oneOf", "allOf", "if", "then", "not", "anyOf", "minProperties",
      "maxProperties",
    ]
    func walk(_ schema: JSONValue) {
      for member in schema.members ?? [] {
        #expect(known.contains(member.name), "\(member.name)")
        switch member.name {
        case "properties", "$defs": for inner in member.value.members ?? [] { walk(inner.value) }
        case "items", "additionalProperties", "propertyNames", "if", "then", "not": walk(member.value)
        case "oneOf", "allOf", "anyOf": for inner in member.value.array ?? [] { walk(inner) }
        default: break
        }
      }
    }
    walk(try AppSchema().root)
  }

  @Test func everyPatternCompilesAndIsPutInWords() throws {
    func patterns(_ value: JSONValue) -> [String] {
      switch value {
      case .object(let members):
        members.flatMap { $0.name == "pattern" ? [$0.value.string].compactMap { $0 } : patterns($0.value) }
      case .array(let elements): elements.flatMap(patterns)
      default: []
      }
    }
    let all = Set(patterns(try AppSchema().root))
    #expect(all.count >= 6)
    for pattern in all {
      #expect(throws: Never.self) { try Regex(pattern) }
      #expect(pattern.hasPrefix("^"))
      #expect(!SchemaWords.form(pattern).contains("matches"), "\(pattern) has no words")
    }
  }

  @Test(arguments: [
    ("30m", "^[0-9]+(ms|s|m|h|d)$", true), ("3 days", "^[0-9]+(ms|s|m|h|d)$", false),
    ("30m\n", "^[0-9]+(ms|s|m|h|d)$", false), ("٣m", "^[0-9]+(ms|s|m|h|d)$", false),
    ("https://x", "^https?://", true), ("ftp://x", "^https?://", false), ("xhttps://", "^https?://", false),
    ("*.example.org", "^(\\*\\.)?[A-Za-z0-9.-]+$", true), ("", "^[a-z0-9-]{2,40}$", false),
  ])
  func patternsMatchAsTheSchemaMeans(text: String, pattern: String, expected: Bool) {
    #expect(SchemaWords.matches(text, pattern) == expected)
  }

  @Test func referencesAreFollowedAndTheirOwnMembersWin() throws {
    let schema = try AppSchema()
    let gap = schema.member("session_gap", of: schema.section("analytics"))
    #expect(gap?["default"]?.string == "30m")
    #expect(gap?["pattern"]?.string != nil)
  }
}
