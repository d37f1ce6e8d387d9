/// How much an app may use (insight D53, D95 `limits`); `nil`: as much as it likes.
public struct UsageLimits: Hashable, Sendable {
  /// What is limited; the numbers stand in stored formats.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    case feedUpdatesPerMonth = 1
    case storageBytes = 2

    /// Its name among the app's `limits`.
    public var name: String {
      switch self {
      case .feedUpdatesPerMonth: "feed_updates_per_month"
      case .storageBytes: "storage_bytes"
      }
    }
  }

  /// Entries that its activities make in feeds, in a month of UTC.
  public var feedUpdatesPerMonth: Int?
  /// Bytes of its uploads together.
  public var storageBytes: Int?

  public init(feedUpdatesPerMonth: Int? = nil, storageBytes: Int? = nil) {
    self.feedUpdatesPerMonth = feedUpdatesPerMonth
    self.storageBytes = storageBytes
  }
}
