import Feeds
import JSON
import KeevoClient
import Model

/// Shortcuts of the ranking tests.
enum RankingSamples {
  /// Saturday, 2026-11-21 10:00:00 UTC.
  static let now = ActivityTime(microseconds: 1_795_255_200_000_000)

  static func method(
    _ score: String, defaults: String = "{}", functions: String = "{}"
  ) throws -> RankingMethod {
    var writer = JSONWriter()
    writer.splice(#"{"score":"#)
    writer.string(score)
    writer.splice(Array(#","defaults":\#(defaults),"functions":\#(functions)}"#.utf8))
    return try RankingMethod(JSONValue(parsing: writer.bytes))
  }

  /// An activity as stored, `age` seconds before `now`.
  static func activity(_ custom: String = "", age: Double = 0, low: UInt64 = 1) -> StoredActivity {
    let time = ActivityTime(microseconds: now.microseconds - Int64(age * 1e6))
    let head =
      #"{"id":"x","actor":"SU:alice","verb":"like","object":"7","target":"","foreign_id":"f:1","time":"\#(time)","origin":"#
    let body = Array((head + (custom.isEmpty ? "" : ",\(custom)") + "}").utf8)
    return StoredActivity(
      id: ActivityID(ticks: time.ticks, low: low), version: Stamp(1), body: body, originOffset: head.utf8.count)
  }

  /// The score of one activity.
  static func score(
    _ expression: String, _ custom: String = "", age: Double = 0, defaults: String = "{}", functions: String = "{}",
    external: String = "{}", seed: UInt64 = 1, counts: RankingScorer.Counts = .init()
  ) throws -> Double {
    var scorer = RankingScorer(
      try method(expression, defaults: defaults, functions: functions),
      externals: try RankingExternals(parsing: external),
      now: now, seed: seed)
    return try scorer.score(activity(custom, age: age), origin: FeedID("user:1"), counts: counts).value
  }

  /// What a definition is refused for.
  static func problems(_ score: String, defaults: String = "{}", functions: String = "{}")
    -> [RankingDefinitionError.Problem]
  {
    do {
      _ = try method(score, defaults: defaults, functions: functions)
      return []
    } catch let error as RankingDefinitionError {
      return error.problems
    } catch {
      return [.init("?", "\(error)")]
    }
  }

  /// Why an activity has no score.
  static func failure(_ expression: String, _ custom: String = "", defaults: String = "{}") -> String {
    do {
      return "score \(try score(expression, custom, defaults: defaults))"
    } catch let error as RankingFailure {
      return error.message
    } catch {
      return "\(error)"
    }
  }
}
