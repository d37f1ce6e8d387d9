import Model
import Testing

@testable import Feeds

/// The aggregation format language (feeds J), table by table.
@Suite struct AggregationFormatTests {
  static let custom =
    #","count":3,"ratio":0.50,"big":12345678901234567890,"tags":["b","A","c","a"],"place":{"city":"Oslo","at":[1,2]},"#
    + #""flag":true,"nothing":null,"empty":"","text":"  the quick brown fox jumps  ","to_name":"x","name":"O'Neil""#

  /// 2026-11-21 was a Saturday.
  static func subject(time: String = "2026-11-21T10:05:09.123456", custom: String = custom) throws -> AggregationSubject
  {
    let time = try #require(ActivityTime(time))
    let input = ActivityInput(
      actor: "SU:Alice", verb: "like", object: "SO:food:b1", target: "t", foreignID: "like:7", time: time,
      customMembers: Array(custom.utf8), idLowBits: 5)
    let id = input.id(at: time)
    let body = ActivityBody(input, id: id, time: time, to: [])
    return try AggregationSubject(
      StoredActivity(id: id, version: .zero, body: body.bytes, originOffset: body.originOffset))
  }

  static func key(_ format: String, time: String = "2026-11-21T10:05:09.123456") throws -> String {
    let feed = try #require(FeedID("notification:alice"))
    return try AggregationFormat(format).key(subject(time: time), feed: feed)
  }

  @Test(arguments: [
    // J2: text, trimming, comments.
    ("plain", "plain"), ("  spaces around  ", "spaces around"), ("", ""), ("{", "{"), ("a } b", "a } b"),
    ("{{ verb }}", "like"), ("{{verb}}", "like"), ("x {{- verb -}} y", "xlikey"), ("x {{ verb }} y", "x like y"),
    ("a {# no {{ verb #} b", "a  b"), ("a {#- no -#} b", "ab"), ("{{ '}}' }}", "}}"), ("{{ \"a'b\" }}", "a'b"),
    ("{{ 'a\\'b\\n' }}|", "a'b\n|"),
    // J3: variables.
    ("{{ actor }}_{{ verb }}_{{ object }}_{{ target }}", "SU:Alice_like_SO:food:b1_t"),
    ("{{ verb.infinitive }} {{ verb.id }}", "like like"), ("{{ foreign_id }}", "like:7"),
    ("{{ feed.group }}/{{ feed.user_id }}/{{ feed.id }}", "notification/alice/notification:alice"),
    ("{{ count }} {{ ratio }} {{ big }}", "3 0.5 12345678901234567890"),
    ("{{ place.city }} {{ place['city'] }} {{ place.at[1] }} {{ place.at.0 }} {{ place.at[-1] }}", "Oslo Oslo 2 1 2"),
    ("{{ to }}{{ origin }}", ""),
    // J4: time.
    ("{{ time.strftime('%Y-%m-%d') }}", "2026-11-21"), ("{{ time.strftime(\"%H:%M:%S.%f\") }}", "10:05:09.123456"),
    ("{{ time.strftime('%j %U %W %V %G %u %w') }}", "325 46 46 47 2026 6 6"),
    (
      "{{ time.strftime('%a %A %b %B %y %I %p %Z %z %% %Q %') }}", "Sat Saturday Nov November 26 10 AM UTC +0000 % %Q %"
    ),
    (
      "{{ time.year }}-{{ time.month }}-{{ time.day }} {{ time.hour }}:{{ time.minute }}:{{ time.second }}",
      "2026-11-21 10:5:9"
    ),
    ("{{ time.weekday() }}", "5"), ("{{ time.isoformat() }}", "2026-11-21T10:05:09.123456"),
    ("{{ time }}", "2026-11-21 10:05:09.123456"), ("{{ time.hour // 6 }}", "1"),
    // J5: filters and methods.
    (
      "{{ actor|lower }} {{ verb|upper }} {{ 'aBC'|capitalize }} {{ 'the (old) man-hour'|title }}",
      "su:alice LIKE Abc The (Old) Man-Hour"
    ),
    ("[{{ text|trim }}]", "[the quick brown fox jumps]"),
    ("{{ tags|length }} {{ verb|count }} {{ place|length }}", "4 4 2"),
    (
      "{{ missing|default('x') }} {{ missing|d('y') }} {{ empty|default('z') }}|{{ empty|default('z', true) }}",
      "x y |z"
    ),
    ("{{ verb|replace('i', 'oo') }} {{ verb.replace('l', '') }}", "looke ike"),
    ("{{ (text|trim)|truncate(12) }}", "the..."), ("{{ verb|truncate(3) }}", "like"),
    ("{{ (text|trim)|truncate(12, true) }}", "the quick..."),
    ("{{ 'abcdefghijklmnop'|truncate(8, true) }}", "abcde..."),
    ("{{ tags|first }} {{ tags|last }} {{ verb|first }} {{ verb|last }}", "b a l e"),
    ("{{ tags|sort|join(',') }} {{ tags|unique|join }} {{ tags|join('-') }}", "A,a,b,c bAc b-A-c-a"),
    ("{{ '42'|int }} {{ '4.7'|int }} {{ 'x'|int }} {{ 'x'|int(9) }} {{ 3.9|int }}", "42 4 0 9 3"),
    ("{{ '1.5'|float }} {{ 3|float }} {{ 'x'|float }}", "1.5 3.0 0.0"),
    (
      "{{ count|string ~ '!' }} {{ -3|abs }} {{ 2.567|round(1) }} {{ 2.5|round }} {{ 'ab'|list }}",
      "3! 3 2.6 2.0 ['a', 'b']"
    ),
    ("{{ actor.split(':')[1] }} {{ ' a b '.split() }}", "Alice ['a', 'b']"),
    (
      "{{ actor.startswith('SU:') }} {{ actor.endswith('x') }} {{ actor.lower() }} {{ verb.upper() }}",
      "True False su:alice LIKE"
    ),
    // J6: printing and what is not defined.
    ("{{ missing }}{{ missing.deeper }}{{ place.nothing }}", ""), ("{{ missing == missing2 }}", "True"),
    ("{{ missing == '' }} {{ missing == none }}", "False False"), ("{{ flag }} {{ nothing }}", "True None"),
    ("{{ place }}", "{'city': 'Oslo', 'at': [1, 2]}"),
    ("{{ [name, 1.0, true, none] }}", "[\"O'Neil\", 1.0, True, None]"),
    ("{{ missing is defined }} {{ verb is defined }} {{ missing is not defined }}", "False True True"),
    // J7: truth.
    ("{% if empty %}a{% elif count %}b{% else %}c{% endif %}", "b"), ("{% if 0 %}a{% endif %}", ""),
    ("{% if nothing or [] or missing or '' %}a{% else %}b{% endif %}", "b"),
    ("{% if not missing and verb == 'like' %}yes{% endif %}", "yes"), ("{{ '' or 'x' }} {{ 'a' and 'b' }}", "x b"),
    // Operators.
    (
      "{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % 3 }}",
      "7 9 3.5 3 -4 2 1"
    ),
    ("{{ 1 ~ 2 ~ 'a' }} {{ 'a' + 'b' }} {{ 10 - 2 - 3 }}", "12a ab 5"),
    ("{{ 1 < 2 }} {{ 'b' <= 'a' }} {{ 2 >= 2.0 }} {{ 1 == 1.0 }} {{ 'a' != 'b' }}", "True False True True True"),
    ("{{ 'A' in tags }} {{ 'z' not in tags }} {{ 'ik' in verb }} {{ 'city' in place }}", "True True True True"),
    ("{{ 'a' if count > 2 else 'b' }} {{ 'a' if missing else 'b' if empty else 'c' }}", "a c"),
    ("{% set day = time.strftime('%d') %}{% if count > 2 %}{% set day = 'x' ~ day %}{% endif %}{{ day }}", "x21"),
    (
      "{%- if verb == \"like\" -%} {{ verb }}_{{ time.strftime('%Y') }} {%- else -%} {{ id }} {%- endif -%}",
      "like_2026"
    ),
  ])
  func formatsGiveTheKey(_ format: String, _ key: String) throws {
    #expect(try Self.key(format) == key, "\(format)")
  }

  @Test func idGivesEveryActivityItsOwnGroup() throws {
    #expect(try Self.key("{{ id }}").utf8.count == 36)
    #expect(try Self.key("{{ id }}") != Self.key("{{ id }}", time: "2026-11-21T10:05:09.123457"))
  }

  @Test(arguments: [
    ("2021-01-01T00:00:00", "001 00 00 53 2020 5 5"), ("2024-12-30T23:59:59", "365 52 53 01 2025 1 1"),
    ("2024-02-29T12:00:00", "060 08 09 09 2024 4 4"), ("2026-01-04T00:00:00", "004 01 00 01 2026 7 0"),
    ("2020-12-31T00:00:00", "366 52 52 53 2020 4 4"), ("1969-12-31T23:59:59", "365 52 52 01 1970 3 3"),
  ])
  func weeksAreThoseOfC(_ time: String, _ shown: String) throws {
    #expect(try Self.key("{{ time.strftime('%j %U %W %V %G %u %w') }}", time: time) == shown)
  }

  @Test(arguments: [
    ("{{test[]}}", 1, 8, "a value is expected here, not \"]\""), ("{{ verb", 1, 1, "{{ is never closed"),
    ("a\n {% if verb %}x", 2, 2, "{% if %} has no {% endif %}"),
    ("{% for a in b %}{% endfor %}", 1, 4, "loops are not part of the format"),
    ("{% else %}", 1, 1, "there is no {% if %} that {% else %} belongs to"),
    ("{% if a %}{% else %}{% elif b %}{% endif %}", 1, 24, "after {% else %} only {% endif %} may come"),
    ("{{ verb|nosuch }}", 1, 9, "there is no filter \"nosuch\""), ("{{ }}", 1, 4, "a value is expected here, not }}"),
    ("{{ 'a }}", 1, 4, "the string is never closed"), ("{{ a b }}", 1, 6, "}} is expected here, not \"b\""),
    ("{{ a ? b }}", 1, 6, "\"?\" is not expected in an expression"),
    ("{{ and }}", 1, 4, "a value is expected here, not \"and\""),
    ("{{ (a }}", 1, 7, ") is expected here, not }}"),
    ("{{ a is odd }}", 1, 9, "\"defined\" is expected after \"is\", not \"odd\""),
    ("{{ 99999999999999999999 }}", 1, 4, "the number 99999999999999999999 is too large"),
    ("{% set 1 = 2 %}", 1, 8, "a name is expected here, not 1"), ("{# x", 1, 1, "{# is never closed"),
    ("{% include 'x' %}", 1, 4, "\"include\" is no statement: if and set are"),
    ("{{ a.'b' }}", 1, 6, "the name of a member is expected here, not the string \"b\""),
    ("{{ f(a b) }}", 1, 8, "\",\" or \")\" is expected here, not \"b\""),
  ])
  func whatIsNoFormatIsRefusedWithItsPlace(_ format: String, _ line: Int, _ column: Int, _ message: String) {
    do {
      _ = try AggregationFormat(format)
      Issue.record("\(format) compiles")
    } catch {
      #expect(error.message == message && error.line == line && error.column == column, "\(format): \(error)")
    }
  }

  /// After an error at run time the key is empty (J8).
  @Test(arguments: [
    "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ verb + 1 }}", "{{ verb() }}", "{{ verb.nosuch() }}", "{{ 'a' < 1 }}",
    "{{ 9223372036854775807 + 1 }}", "{{ none|length }}", "{{ [1, 'a']|sort }}", "{{ 'x' in 3 }}",
    "{{ missing + 1 }}", "{{ -9223372036854775807 * 3 }}", "{{ 1.5|round(99) }}", "{{ 'a'.split('') }}",
  ])
  func errorsAtRunTimeGiveTheEmptyKey(_ format: String) throws {
    #expect(try Self.key("x" + format) == "", "\(format)")
  }

  // J8: each limit, at it and past it.

  @Test func aFormatHasFourKibibytes() throws {
    let filler = String(repeating: "{# x #}", count: 585)
    #expect(filler.utf8.count == 4_095)
    #expect(try Self.key(filler + "a") == "a")
    let long = try AggregationFormat(filler + "ab")
    #expect(long.isTooLarge)
    #expect(try Self.key(filler + "ab") == "")
  }

  @Test func aFormatNestsThirtyTwoLevels() throws {
    func nested(_ levels: Int) -> String {
      "{{ " + String(repeating: "(", count: levels - 1) + "verb" + String(repeating: ")", count: levels - 1) + " }}"
    }
    #expect(try Self.key(nested(32)) == "like")
    #expect(try Self.key(nested(33)) == "")
    #expect(try AggregationFormat(nested(33)).isTooLarge)
    #expect(try AggregationFormat("{{ " + String(repeating: "not ", count: 900) + "verb }}").isTooLarge)
    let chain = "{{ a" + String(repeating: ".b", count: 1_900) + " }}"
    #expect(try AggregationFormat(chain).isTooLarge)
  }

  @Test func aRunTakesTenThousandSteps() throws {
    // Each line doubles a list: eleven times is more than 10,000 elements looked at.
    func doubled(_ times: Int) -> String {
      "{% set a = [1, 2, 3, 4, 5] %}" + String(repeating: "{% set a = a + a %}", count: times) + "{{ a|length }}"
    }
    #expect(try Self.key(doubled(8)) == "1280")
    #expect(try Self.key(doubled(12)) == "")
    let text =
      "{% set a = 'xxxxxxxxxxxxxxxx' %}" + String(repeating: "{% set a = a ~ a %}", count: 30) + "{{ a|length }}"
    #expect(try Self.key(text) == "", "nothing grows without end")
  }

  @Test func aKeyHasOneKibibyte() throws {
    func long(_ bytes: Int) -> String { "{{ '\(String(repeating: "k", count: bytes))' }}" }
    #expect(try Self.key(long(1_024)).utf8.count == 1_024)
    #expect(try Self.key(long(1_025)) == "")
  }

  @Test func keysDependOnTheFeedOnlyWhereTheFormatSaysSo() throws {
    #expect(try AggregationFormat("{{ feed.id }}").usesFeed)
    #expect(try !AggregationFormat("{{ verb }}{{ 'feed' }}").usesFeed)
    #expect(try AggregationFormat("a").fingerprint != AggregationFormat("b").fingerprint)
  }

  /// Whatever is thrown at it: it compiles or says where it does not, and a run ends.
  @Test func noTextMakesItFail() throws {
    var random = SeededGenerator(seed: 7)
    let words = [
      "{{", "}}", "{%", "%}", "{#", "#}", "-", "if", "elif", "else", "endif", "set", "a", "=", "==", "verb", "time",
      ".",
      "strftime", "(", ")", "[", "]", "'x'", "\"", "1", "2.5", "|", "lower", "join", "~", "+", "//", "not", "in", "is",
      "defined", ",", " ", "\n", "é", "\\", "tags", "place", "truncate", "feed",
    ]
    var compiled = 0
    for _ in 0..<20_000 {
      let text = (0..<random.below(14)).map { _ in random.pick(words) }.joined(separator: random.chance(0.5) ? " " : "")
      if let format = try? AggregationFormat(text) {
        compiled += 1
        _ = format.key(try Self.subject(), feed: try #require(FeedID("aggregated:a")))
      }
    }
    #expect(compiled > 100)
  }
}
