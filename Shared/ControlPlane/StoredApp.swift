import JSON

/// An app with all its settings, as the database holds it.
public struct StoredApp: Hashable, Sendable {
  public struct Group: Hashable, Sendable {
    public var slug: String
    /// Whether it has held data: then its type is fixed and it is not pruned.
    public var inUse: Bool
    /// Every member but `slug`, in the form of insight D95.
    public var document: [String: JSONValue]

    public init(slug: String, inUse: Bool = false, document: [String: JSONValue]) {
      self.slug = slug
      self.inUse = inUse
      self.document = document
    }
  }

  public var id: Int64
  public var organisation: Int64
  public var name: String
  public var environment: String
  public var region: String?
  public var suspended: Bool
  /// Grows with every change of the app or anything in it.
  public var version: Int64
  public var groups: [String: Group]
  /// The members of the app's file beside `version`, `app` and `feed_groups`, by name.
  public var sections: [String: JSONValue]
  /// The values behind secret references, in clear, by JSON pointer with names for list positions. Never printed.
  public var secrets: [String: [UInt8]]

  public init(
    id: Int64, organisation: Int64, name: String, environment: String = "development", region: String? = nil,
    suspended: Bool = false, version: Int64 = 0, groups: [String: Group] = [:], sections: [String: JSONValue] = [:],
    secrets: [String: [UInt8]] = [:]
  ) {
    self.id = id
    self.organisation = organisation
    self.name = name
    self.environment = environment
    self.region = region
    self.suspended = suspended
    self.version = version
    self.groups = groups
    self.sections = sections
    self.secrets = secrets
  }
}
