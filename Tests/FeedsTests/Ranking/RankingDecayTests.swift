import Feeds
import Testing

/// K6: decay functions and their parameters.
@Suite struct RankingDecayTests {
  private func score(_ parameters: String, _ expression: String = "f(x)", x: String = "0", age: Double = 0) throws
    -> Double
  {
    try RankingSamples.score(expression, "\"x\":\(x)", age: age, functions: "{\"f\":{\(parameters)}}")
  }

  @Test func atTheScaleEachIsItsDecay() throws {
    for base in ["decay_linear", "decay_exp", "decay_gauss"] {
      let common = #""base":"\#(base)","scale":"100","offset":5,"decay":"0.3""#
      #expect(abs(try score(common, x: "105") - 0.3) < 1e-12, "\(base)")
      #expect(abs(try score(common, x: "-105") - 0.3) < 1e-12, "\(base)")
      #expect(try score(common, x: "5") == 1)
      #expect(try score(common, x: "-4.5") == 1)
      #expect(abs(try score(common + #","origin":1000"#, x: "895") - 0.3) < 1e-12)
      #expect(try score(common + #","direction":"left""#, x: "105") == 1)
      #expect(abs(try score(common + #","direction":"left""#, x: "-105") - 0.3) < 1e-12)
      #expect(abs(try score(common + #","direction":"right""#, x: "105") - 0.3) < 1e-12)
      #expect(try score(common + #","direction":"right""#, x: "-105") == 1)
    }
  }

  @Test func theirShapesAreTheirs() throws {
    #expect(try score(#""base":"decay_linear","scale":100"#, x: "50") == 0.75)
    #expect(try score(#""base":"decay_linear","scale":100"#, x: "1000") == 0)
    #expect(abs(try score(#""base":"decay_exp","scale":100"#, x: "200") - 0.25) < 1e-12)
    #expect(abs(try score(#""base":"decay_gauss","scale":100"#, x: "200") - 0.0625) < 1e-12)
  }

  @Test func timesDecayFromNowWithFiveDaysIfNothingElseIsSaid() throws {
    let day = 86_400.0
    #expect(abs(try RankingSamples.score("decay_exp(time)", age: 5 * day) - 0.5) < 1e-12)
    #expect(abs(try RankingSamples.score("decay_linear(time)", age: 10 * day)) < 1e-12)
    #expect(abs(try RankingSamples.score("DECAY_GAUSS(time)", age: 10 * day) - 0.0625) < 1e-12)
    #expect(abs(try RankingSamples.score("decay_exp(time + 86400)", age: 6 * day) - 0.5) < 1e-12)
    #expect(abs(try RankingSamples.score("decay_exp(until)", #""until":"2026-11-26T10:00:00Z""#) - 0.5) < 1e-12)
    for (scale, seconds) in [("30s", 30), ("2m", 120), ("3h", 10_800), ("1.5d", 129_600), ("1w", 604_800)]
      as [(String, Double)]
    {
      let value = try RankingSamples.score(
        "fresh(time)", age: seconds, functions: #"{"Fresh":{"base":"decay_exp","scale":"\#(scale)"}}"#)
      #expect(abs(value - 0.5) < 1e-12, "\(scale)")
    }
    let origin = #"{"f":{"base":"decay_exp","scale":"1d","origin":"2026-11-20T10:00:00"}}"#
    #expect(try RankingSamples.score("f(time)", age: day, functions: origin) == 1)
    #expect(abs(try RankingSamples.score("f(time)", functions: origin) - 0.5) < 1e-12)
    #expect(try RankingSamples.score("f(time)", functions: #"{"f":{"base":"decay_exp","origin":"now"}}"#) == 1)
  }

  @Test func aFunctionOfTheMethodMayBearABasesName() throws {
    let own = #"{"decay_linear":{"base":"decay_linear","scale":10}}"#
    #expect(try RankingSamples.score("decay_linear(5)", functions: own) == 0.75)
  }

  @Test(arguments: [
    (#"{"f":{}}"#, "/functions/f", "base is missing"), (#"{"f":7}"#, "/functions/f", "must be an object"),
    (#"{"f":{"base":"decay_cubic"}}"#, "/functions/f/base", "decay_gauss"),
    (#"{"f":{"base":"decay_exp","scale":0}}"#, "/functions/f/scale", "above 0"),
    (#"{"f":{"base":"decay_exp","scale":"5 days"}}"#, "/functions/f/scale", "unit"),
    (#"{"f":{"base":"decay_exp","offset":-1}}"#, "/functions/f/offset", "0 or more"),
    (#"{"f":{"base":"decay_exp","decay":1}}"#, "/functions/f/decay", "between 0 and 1"),
    (#"{"f":{"base":"decay_exp","origin":"soon"}}"#, "/functions/f/origin", "now"),
    (#"{"f":{"base":"decay_exp","direction":"up"}}"#, "/functions/f/direction", "left"),
    (#"{"f":{"base":"decay_exp","width":1}}"#, "/functions/f/width", "no such parameter"),
    (#"{"f-g":{"base":"decay_exp"}}"#, "/functions/f-g", "letters"),
    (#"{"f":{"base":"decay_exp"},"F":{"base":"decay_exp"}}"#, "/functions/F", "case"),
    ("[]", "/functions", "must be an object"),
  ])
  func badParametersAreNamed(functions: String, pointer: String, message: String) {
    let problems = RankingSamples.problems("1", functions: functions)
    #expect(problems.map(\.pointer) == [pointer])
    #expect(problems.first?.message.contains(message) == true, "\(problems)")
  }
}
