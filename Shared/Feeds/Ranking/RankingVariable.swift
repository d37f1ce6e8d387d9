/// A name in a ranking expression: where its value comes from (feeds K5).
struct RankingVariable: Hashable, Sendable {
  enum Source: Hashable, Sendable {
    /// The activity's time.
    case time
    /// A stored member of the activity, or one inside it.
    case field
    /// The feed that an activity came from.
    case origin
    /// A place in `RankingMethod.reactionKinds`.
    case reactionCount(Int)
    /// A place in `RankingMethod.analyticsNames`.
    case analytics(Int)
    /// `external.…` of the request.
    case external
  }

  /// A value and its JSON text, as score variables show it.
  struct Reading: Hashable, Sendable {
    var value: RankingValue
    var json: [UInt8]
    static let missing = Reading(value: .missing, json: [])
  }

  /// All of its names: `["external", "boost"]`.
  var path: [String]
  var source: Source
  /// From `defaults`.
  var fallback: Reading?
}
