import Feeds
import Testing

/// K3–K5, K7: what expressions are worth.
@Suite struct RankingExpressionTests {
  @Test(arguments: [
    ("1", 1), ("1.5e2", 150), (".5", 0.5), ("2.", 2), ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("7 - 2 - 1", 4),
    ("8 / 4 / 2", 1),
    ("7 % 3", 1), ("-7 % 3", -1), ("-2^2", -4), ("(-2)^2", 4), ("2^3^2", 512), ("2^-1", 0.5), ("-2", -2), ("!0", 1),
    ("!3", 0),
    ("1 < 2", 1), ("2 <= 1", 0), ("2 > 1", 1), ("2 >= 3", 0), ("1 == 1.0", 1), ("1 != 1", 0), ("0 || 2", 1),
    ("0 || 0", 0),
    ("2 && 3", 1), ("2 && 0", 0), ("1 || 1 / 0", 1), ("0 && 1 / 0", 0), ("1 ? 2 : 3", 2), ("0 ? 2 : 3", 3),
    ("0 ? 1 : 0 ? 2 : 3", 3), ("1 ? 5 : 1 / 0", 5), ("1 + 1 == 2 && 3 > 2 ? 10 : 20", 10), ("'a' == 'a'", 1),
    ("'a' == \"b\"", 0),
    ("'1.0' == 1", 1), ("'01' == '1'", 1), ("'a' != 1", 1), (#"'it\'s' == "it's""#, 1), ("'2' * '3'", 6),
    ("pi", 3.141592653589793), ("e", 2.718281828459045), ("true + true", 2), ("!false", 1),
    ("LN(e)", 1), ("log(1000)", 3), ("sin(0)", 0), ("cos(0)", 1), ("tan(0)", 0), ("Abs(-3)", 3), ("min(3, 1, 2)", 1),
    ("max(3,1)", 3),
    ("trunc(-2.7)", -2), ("round(2.5)", 3), ("round(-2.5)", -3), ("sqrt(9)", 3), ("exp(0)", 1), ("floor(-1.5)", -2),
    ("ceil(1.2)", 2),
    ("to_unix_timestamp(time)", 1_795_255_200), ("to_unix_timestamp('1970-01-01T00:01:00')", 60),
    ("current_time - time", 0), ("decay_linear(time) ", 1), ("1\n+\t1", 2),
  ])
  func expressionsHaveTheValueTheyShould(expression: String, value: Double) throws {
    let score = try RankingSamples.score(expression)
    #expect(abs(score - value) < 1e-9, "\(expression) = \(score)")
  }

  @Test func fieldsAreReadAtAnyDepthAndInAnyForm() throws {
    let custom =
      ##""popularity":7,"a":{"b":{"c":[1],"d":"2.5"}} , "yes":true,"no":false,"text":"x\"}y","caf\u00e9":3,"score_":1e2,"n":null"##
    for (expression, value) in [
      ("popularity", 7), ("a.b.d * 2", 5), ("yes", 1), ("no + 1", 1), ("text == 'x\"}y'", 1), ("café", 3),
      ("score_", 100),
      ("verb == 'like' ? 4 : 5", 4), ("actor == 'SU:alice'", 1), ("object", 7), ("origin == 'user:1'", 1),
      ("foreign_id == 'f:1'", 1),
    ] as [(String, Double)] {
      #expect(try RankingSamples.score(expression, custom) == value, "\(expression)")
    }
  }

  @Test func missingFieldsTakeTheirDefaults() throws {
    let defaults = #"{"popularity":2,"a":{"b":3},"external":{"boost":5},"flag":true,"name":"x"}"#
    #expect(try RankingSamples.score("popularity + a.b + external.boost + flag", defaults: defaults) == 11)
    #expect(try RankingSamples.score("popularity + a.b", #""popularity":null,"a":7"#, defaults: defaults) == 5)
    #expect(try RankingSamples.score("popularity", #""popularity":9"#, defaults: defaults) == 9)
    #expect(try RankingSamples.score("name == 'x'", defaults: defaults) == 1)
    #expect(
      try RankingSamples.score(
        "external.boost + external.deep.er", defaults: defaults, external: #"{"boost":1,"deep":{"er":"2"}}"#) == 3)
    // What is not reached is not missing.
    #expect(try RankingSamples.score("1 ? 2 : nothing") == 2)
  }

  @Test func countsAreZeroIfThereAreNone() throws {
    #expect(try RankingSamples.score("reaction_counts.like + analytics.clicks + 1") == 1)
    #expect(
      try RankingSamples.score(
        "reaction_counts.like * 10 + reaction_counts.comment + analytics.clicks / 4 + reaction_counts.like",
        counts: .init(reactions: [2, 3], analytics: [2])) == 25.5)
    let method = try RankingSamples.method(
      "reaction_counts.like + analytics.a + reaction_counts.share + reaction_counts.like")
    #expect(method.reactionKinds == ["like", "share"])
    #expect(method.analyticsNames == ["a"])
  }

  @Test(arguments: [
    ("1 / 0", "division by zero"), ("1 % (2 - 2)", "division by zero"), ("ln(0)", "no finite number"),
    ("log(-1)", "no finite number"),
    ("sqrt(-1)", "no finite number"), ("exp(1000)", "no finite number"), ("(-8) ^ 0.5", "no finite number"),
    ("10 ^ 400", "no finite number"),
    ("popularity", "popularity is missing"), ("external.boost", "external.boost is missing"),
    ("1 + verb", "\"like\" is no number"),
    ("verb < 2", "\"like\" is no number"), ("verb ? 1 : 2", "\"like\" is no number"), ("'nan'", "is no number"),
    ("'0x10'", "is no number"),
    ("list", "list is a list or an object"), ("decay_exp(7)", "needs a scale"),
    ("dist(1,2,3,4,verb)", "the unit of dist"),
    ("1 + 2 + 3 / (object - 7)", "column 9: division by zero"), ("huge", "not finite"), ("1e308 * 10", "too great"),
    ("1e308 + 1e308 - 1e308", "not finite"),
  ])
  func whatHasNoValueFailsAndSaysWhere(expression: String, message: String) {
    let failure = RankingSamples.failure(expression, #""list":[1],"huge":1e999"#)
    #expect(failure.contains(message), "\(failure)")
    #expect(failure.hasPrefix("line 1, column "), "\(failure)")
  }

  @Test func distancesAreThoseOfTheGlobe() throws {
    // Amsterdam to Boulder, by the spherical law of cosines.
    let kilometres = try RankingSamples.score("dist(52.37, 4.9, 40.015, -105.27)")
    #expect(abs(kilometres - 7_743.126) < 0.001)
    #expect(abs(try RankingSamples.score("dist(52.37, 4.9, 40.015, -105.27, 'M')") * 1.609344 - kilometres) < 1e-6)
    #expect(abs(try RankingSamples.score("dist(52.37, 4.9, 40.015, -105.27, \"N\")") * 1.852 - kilometres) < 1e-6)
    #expect(abs(try RankingSamples.score("dist(0, 0, 0, 180)") - 20_015.114) < 0.01)
  }

  @Test func randomNumbersAreBoundAndStableForASeed() throws {
    for seed in 1...200 as ClosedRange<UInt64> {
      #expect((0..<1).contains(try RankingSamples.score("rand()", seed: seed)))
      #expect((5..<6).contains(try RankingSamples.score("rand(5, 6)", seed: seed)))
      #expect((-1...1).contains(try RankingSamples.score("rand_normal(-1, 1, 2, 0)", seed: seed)))
    }
    #expect(try RankingSamples.score("rand_normal(5, 6, 1, -1000)") == 5, "clamped in the end")
    #expect(try RankingSamples.score("rand()", seed: 3) == RankingSamples.score("rand()", seed: 3))
    #expect(try RankingSamples.score("rand()", seed: 3) != RankingSamples.score("rand()", seed: 4))
    #expect(try RankingSamples.score("rand() == rand()", seed: 3) == 0, "each place draws its own")
    let many = try (1...2_000 as ClosedRange<UInt64>).map { try RankingSamples.score("rand_normal()", seed: $0) }
    let mean = many.reduce(0, +) / 2_000
    let variance = many.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2_000
    #expect(abs(mean) < 0.1 && abs(variance - 1) < 0.15, "\(mean) \(variance)")
    #expect(RankingScorer.seed(session: "a") != RankingScorer.seed(session: "b"))
  }
}
