/// How much an app may use in a month of UTC (insight D53, D95 `limits`); `nil`: as much as it likes.
public struct UsageLimits: Hashable, Sendable {
  /// Entries that its activities make in feeds.
  public var feedUpdatesPerMonth: Int?

  public init(feedUpdatesPerMonth: Int? = nil) { self.feedUpdatesPerMonth = feedUpdatesPerMonth }
}
