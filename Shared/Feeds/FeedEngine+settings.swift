extension FeedEngine.Options {
  /// A number that operators may set: its name, what it may be, what it is by default, what it bounds. A service makes a
  /// setting of it.
  public typealias NumberSetting = (name: String, range: ClosedRange<Int>, standard: Int, help: String)

  private struct Entry: Sendable {
    let name: String
    let range: ClosedRange<Int>
    let path: any WritableKeyPath<FeedEngine.Options, Int> & Sendable
    let help: String
    /// Where a service's default differs from the engine's.
    var standard: Int?

    var setting: NumberSetting {
      (name, range, standard ?? FeedEngine.Options()[keyPath: path], help)
    }
  }

  /// What whoever runs jobs goes by.
  private static let jobEntries: [Entry] = [
    Entry(
      name: "idle-days", range: 0...3_650, path: \.idleDays,
      help: "days without a read after which nothing is written into a following feed until it is read again; 0: never"),
    Entry(
      name: "bucket-followers-max", range: 2...1_000_000_000, path: \.bucketFollowersMax,
      help: "followers of one feed in one partition; above it they are parted"),
    Entry(
      name: "audit-retention-days", range: 0...36_500, path: \.auditRetentionDays, help: AuditLog.retentionDaysHelp,
      standard: AuditLog.retentionDaysDefault),
  ]

  /// What whoever answers requests goes by besides.
  private static let requestEntries: [Entry] = [
    Entry(
      name: "visible-feeds-max", range: 0...100_000, path: \.visibleFeedsMax,
      help: "feeds that an add reaches before its answer; beyond it, worker finishes"),
    Entry(
      name: "visible-milliseconds", range: 1...60_000, path: \.visibleTime, help: "how long an answer waits for that"),
    Entry(
      name: "ranked-window-max", range: 1...10_000, path: \.rankedWindowMax,
      help: "newest activities of a feed that a ranked read scores"),
    Entry(
      name: "filter-scan-max", range: 1...100_000, path: \.filterScanMax,
      help: "activities of a feed that a filtered read looks at before its page ends"),
    Entry(
      name: "reactions-per-page-max", range: 1...100_000, path: \.reactionsPerPageMax,
      help: "reactions that one enriched page may show of its activities; more is answered 400"),
  ]

  /// For a service that runs jobs.
  public static var jobSettings: [NumberSetting] { jobEntries.map(\.setting) }
  /// For a service that answers requests, and runs their jobs.
  public static var settings: [NumberSetting] { (requestEntries + jobEntries).map(\.setting) }

  /// The options as settings give them; what `value` gives `nil` for has the default of its setting.
  public init(_ value: (String) -> Int?) {
    self.init()
    for entry in Self.requestEntries + Self.jobEntries {
      self[keyPath: entry.path] = value(entry.name) ?? entry.setting.standard
    }
  }

  private var visibleTime: Int {
    get { Int(visibleMilliseconds) }
    set { visibleMilliseconds = UInt64(max(0, newValue)) }
  }
}
