/// A feed group of an app: what kind its feeds are and who may read them (feeds 1.7, 1.8; insight D30, D95).
public struct FeedGroup: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable { case flat, aggregated, notification }

  public enum Policy: String, Hashable, Sendable, CaseIterable {
    case `private`
    case publicRead = "public_read"
    case notify
    case publicReadWrite = "public_read_write"

    /// The last column of the table in feeds 1.7.
    public static func standard(forSlug slug: String) -> Policy {
      switch slug {
      case "user", "topic": .publicRead
      case "notification": .notify
      default: .private
      }
    }
  }

  public var slug: String
  public var kind: Kind
  public var policy: Policy
  public var realtime: Bool
  /// Followers above which edges are pulled.
  public var pullAbove: Int
  /// How aggregated and notification feeds group their activities (feeds J); `nil`: by verb and day (feeds 1.8).
  public var aggregationFormat: String?
  /// Activities shown of each of their groups (feeds L17).
  public var activitiesPerGroupMax: Int
  /// Whether a change of the format regroups what is there (feeds J1a).
  public var reaggregate: Bool
  /// Ranking methods by name, each as the JSON text of its definition (insight D33; feeds K1).
  public var rankings: [String: String]
  /// The method of reads that name none (feeds K2).
  public var rankingDefault: String?
  /// The app's own rules, in the order in which they decide (insight D95).
  public var rules: [AccessRule] = []

  public init(
    slug: String, kind: Kind, policy: Policy? = nil, realtime: Bool = true, pullAbove: Int = 5_000,
    aggregationFormat: String? = nil, activitiesPerGroupMax: Int = 15, reaggregate: Bool = false,
    rankings: [String: String] = [:], rankingDefault: String? = nil
  ) {
    self.slug = slug
    self.kind = kind
    self.policy = policy ?? .standard(forSlug: slug)
    self.realtime = realtime
    self.pullAbove = pullAbove
    self.aggregationFormat = aggregationFormat
    self.activitiesPerGroupMax = activitiesPerGroupMax
    self.reaggregate = reaggregate
    self.rankings = rankings
    self.rankingDefault = rankingDefault
  }

  /// The groups a new app has (feeds 1.8).
  public static let standard: [FeedGroup] = [
    FeedGroup(slug: "user", kind: .flat),
    FeedGroup(slug: "timeline", kind: .flat),
    FeedGroup(slug: "flat", kind: .flat),
    FeedGroup(slug: "topic", kind: .flat),
    FeedGroup(slug: "secret", kind: .flat),
    FeedGroup(slug: "timeline_aggregated", kind: .aggregated, aggregationFormat: byVerbAndDay),
    FeedGroup(
      slug: "aggregated", kind: .aggregated,
      aggregationFormat: "{{ actor }}_{{ verb }}_{{ time.strftime('%Y-%m-%d') }}"),
    FeedGroup(slug: "notification", kind: .notification, aggregationFormat: byVerbAndDay),
  ]

  /// The format of a group that was made without one.
  public static let byVerbAndDay = "{{ verb }}_{{ time.strftime('%Y-%m-%d') }}"
}
