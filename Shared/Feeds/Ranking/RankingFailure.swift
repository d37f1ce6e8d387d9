import Model

/// Why an activity has no score: a missing field, a division by zero, a number that is none (feeds K5, K7: 400/11).
public struct RankingFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// The activity that was being scored.
  public var activity: ActivityID?

  public init(_ message: String, activity: ActivityID? = nil) {
    self.message = message
    self.activity = activity
  }

  public var description: String { activity.map { "\(message) (activity \($0))" } ?? message }
}
