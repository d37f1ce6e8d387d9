import Feeds
import Testing

/// K11, K11a: what a ranked answer shows beside the score.
@Suite struct RankingAnswerTests {
  private func scored(_ expression: String, _ custom: String = "", defaults: String = "{}", external: String = "{}")
    throws -> (score: RankingScorer.Score, variables: String, explanation: String)
  {
    var scorer = RankingScorer(
      try RankingSamples.method(expression, defaults: defaults), externals: try RankingExternals(parsing: external),
      now: RankingSamples.now, seed: 1)
    let score = try scorer.score(RankingSamples.activity(custom), origin: nil, counts: .init(reactions: [4]))
    return (
      score, String(decoding: scorer.variables(score), as: UTF8.self),
      String(decoding: scorer.explanation(score), as: UTF8.self)
    )
  }

  @Test func scoreVariablesAreThoseUsedAsTheyWere() throws {
    let found = try scored(
      "popularity + decay_exp(time) + external.boost + reaction_counts.like + a.b + a.c + external.deep.er + popularity",
      #""popularity":7.0,"a":{"b":"3","c":true}"#, defaults: #"{"external":{"deep":{"er":1}}}"#,
      external: #"{"boost":2}"#)
    #expect(
      found.variables
        == #"{"popularity":7.0,"time":"2026-11-21T10:00:00.000000","external":{"boost":2,"deep":{"er":1}},"reaction_counts":{"like":4},"a":{"b":"3","c":true}}"#
    )
    #expect(try scored("1").variables == "{}")
    #expect(try scored("1 ? 2 : missing").variables == "{}")
  }

  @Test func sharesAddUpToTheScore() throws {
    let found = try scored(
      "popularity * 2 - (1 + 2) + max(1, 2) - popularity / 3", #""popularity":7"#)
    #expect(found.score.shares.reduce(0, +) == found.score.value)
    #expect(
      found.explanation.hasPrefix(
        #"[{"term":"popularity * 2","share":14},{"term":"-(1 + 2)","share":-3},{"term":"max(1, 2)","share":2},{"term":"-popularity / 3","share":-2.33333"#
      ), "\(found.explanation)")
    #expect(try scored("1 < 2").explanation == #"[{"term":"1 < 2","share":1}]"#)
    #expect(try scored("((1 + 2))").explanation == #"[{"term":"1","share":1},{"term":"2","share":2}]"#)
    #expect(try scored("(1 + 2) + 3").explanation == #"[{"term":"(1 + 2)","share":3},{"term":"3","share":3}]"#)
  }
}
