import Model

/// All that services need to know of the control plane's database, at one revision: they hold it in memory and go on
/// serving from it while PostgreSQL is down (B20). A value: a reader keeps the one it began with.
public struct ConfigurationSnapshot: Hashable, Sendable {
  /// Grows with every change in the control plane.
  public var revision: Int64
  public var apps: [AppID: AppConfiguration]
  /// Which app a public key belongs to; revoked keys are absent or retired.
  public var keys: [String: APIKey]
  /// Changes whenever the content does, also within a revision, in one process: for what is derived from a snapshot.
  public internal(set) var edition: UInt64 = 0

  public init(revision: Int64, apps: [AppID: AppConfiguration], keys: [String: APIKey]) {
    self.revision = revision
    self.apps = apps
    self.keys = keys
  }

  /// Equal in content, whichever edition.
  public static func == (a: Self, b: Self) -> Bool {
    a.revision == b.revision && a.apps == b.apps && a.keys == b.keys
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(revision)
    hasher.combine(apps)
    hasher.combine(keys)
  }

  public static let empty = ConfigurationSnapshot(revision: 0, apps: [:], keys: [:])
}

/// An app as services see it.
public struct AppConfiguration: Hashable, Sendable {
  public var id: AppID
  public var name: String
  public var suspended: Bool
  public var groups: [String: FeedGroup]
  /// `auth.allow_anonymous_read` (insight D95).
  public var allowAnonymousRead: Bool
  /// `auth.disable_auth_checks` (insight D95); never true outside development.
  public var disableAuthChecks: Bool
  /// `limits.requests_…` (insight D95).
  public var requestLimits: RequestLimits
  /// `limits` of what is used in a month (insight D95).
  public var usageLimits: UsageLimits
  /// `personalization.enabled` (insight P9).
  public var personalizationEnabled: Bool
  /// The names under `personalization.resources` (insight P15).
  public var personalizationResources: Set<String>
  /// `audit_logs`, `data_privacy` and `moderation` (feeds 1.8).
  public var auditLogs: Bool
  public var dataPrivacy: Bool
  public var moderation: Bool
  /// `open_graph.enabled` (insight D28).
  public var openGraph: Bool
  /// `follow_counts`: a user's follows are those from this group's feed of the user to the other group (feeds U6).
  public var followCountsSource: String
  public var followCountsTarget: String
  /// The app's own policies, in the order in which they decide; the groups hold them too (insight D95).
  public let rules: [AccessRule]

  public init(
    id: AppID, name: String, suspended: Bool = false, groups: [FeedGroup], allowAnonymousRead: Bool = false,
    disableAuthChecks: Bool = false, requestLimits: RequestLimits = RequestLimits(),
    usageLimits: UsageLimits = UsageLimits(), personalizationEnabled: Bool = false,
    personalizationResources: Set<String> = [], auditLogs: Bool = true,
    dataPrivacy: Bool = true, moderation: Bool = false, openGraph: Bool = true,
    followCountsSource: String = "timeline", followCountsTarget: String = "user", rules: [AccessRule] = []
  ) {
    self.id = id
    self.name = name
    self.suspended = suspended
    self.rules = AccessRule.ordered(rules)
    self.groups = Dictionary(groups.map { ($0.slug, $0) }, uniquingKeysWith: { $1 })
    for slug in self.groups.keys { self.groups[slug]?.rules = self.rules }
    self.allowAnonymousRead = allowAnonymousRead
    self.disableAuthChecks = disableAuthChecks
    self.requestLimits = requestLimits
    self.usageLimits = usageLimits
    self.personalizationEnabled = personalizationEnabled
    self.personalizationResources = personalizationResources
    self.auditLogs = auditLogs
    self.dataPrivacy = dataPrivacy
    self.moderation = moderation
    self.openGraph = openGraph
    self.followCountsSource = followCountsSource
    self.followCountsTarget = followCountsTarget
  }
}

/// A public key with its live secrets in clear, primary first (insight D26). Never logged.
public struct APIKey: Hashable, Sendable {
  public struct Secret: Hashable, Sendable {
    public var bytes: [UInt8]
    /// Unix milliseconds after which this secret is a wrong signature; `nil`: no end.
    public var retiresAtMilliseconds: Int64?
    public init(bytes: [UInt8], retiresAtMilliseconds: Int64? = nil) {
      self.bytes = bytes
      self.retiresAtMilliseconds = retiresAtMilliseconds
    }
  }
  public var key: String
  public var app: AppID
  public var secrets: [Secret]
  /// Unix milliseconds after which the key is unknown; `nil`: no end.
  public var retiresAtMilliseconds: Int64?

  public init(key: String, app: AppID, secrets: [Secret], retiresAtMilliseconds: Int64? = nil) {
    self.key = key
    self.app = app
    self.secrets = secrets
    self.retiresAtMilliseconds = retiresAtMilliseconds
  }
}

extension APIKey.Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Says nothing of the secret: whoever logs or dumps a key logs no secret.
  public var description: String { "(secret)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
