import JSON
import Model

/// Reads a whole snapshot from PostgreSQL, in one transaction that sees one moment.
struct SnapshotLoader {
  enum Failure: Error, CustomStringConvertible {
    case postgres(PostgresError)
    case masterKey(MasterKey.Failure)

    var meansNotMigrated: Bool {
      if case .postgres(let error) = self { return error.meansNotMigrated }
      return false
    }

    var description: String {
      switch self {
      case .postgres(let error): "\(error)"
      case .masterKey(let error): "\(error)"
      }
    }
  }

  let masterKey: MasterKey
  static let loadMillisecondsMax = 5_000

  func load(_ connection: PostgresConnection) throws(Failure) -> ConfigurationSnapshot {
    do {
      try connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
      let snapshot = try read(connection)
      try connection.query("COMMIT")
      return snapshot
    } catch {
      if connection.isOpen { _ = try? connection.query("ROLLBACK") }
      switch error {
      case let error as PostgresError: throw .postgres(error)
      case let error as MasterKey.Failure: throw .masterKey(error)
      default: throw .postgres(.unexpectedAnswer("\(error)"))
      }
    }
  }

  private func read(_ connection: PostgresConnection) throws -> ConfigurationSnapshot {
    guard let revision = try connection.query("SELECT revision FROM config_revision").first?.integer(0) else {
      throw PostgresError.unexpectedAnswer("config_revision is empty")
    }
    var snapshot = ConfigurationSnapshot(revision: revision, apps: [:], keys: [:])
    let groups = try readGroups(connection)
    let sections = try readSections(connection)
    let apps = try connection.query(
      """
      SELECT a.id, a.name, a.suspended, a.environment,
             COALESCE((s.document->>'allow_anonymous_read')::boolean, false),
             COALESCE((s.document->>'disable_auth_checks')::boolean, false)
      FROM apps a LEFT JOIN app_settings s ON s.app_id = a.id AND s.section = 'auth'
      """, timeoutMilliseconds: Self.loadMillisecondsMax)
    for row in apps {
      let id = try app(row, 0)
      snapshot.apps[id] = AppConfiguration(
        id: id, name: try row.text(1), suspended: try row.boolean(2), groups: groups[id] ?? [],
        allowAnonymousRead: try row.boolean(4),
        // Development only (insight D95): the file's check is not the last word, this is.
        disableAuthChecks: try row.boolean(5) && row.text(3) == "development",
        requestLimits: Self.requestLimits(sections[id]?["limits"]),
        usageLimits: UsageLimits(
          feedUpdatesPerMonth: sections[id]?["limits"]?["feed_updates_per_month"]?.integer,
          storageBytes: sections[id]?["limits"]?["storage_bytes"]?.integer),
        personalizationEnabled: sections[id]?["personalization"]?["enabled"]?.boolean ?? false,
        personalizationResources: Set(
          (sections[id]?["personalization"]?["resources"]?.members ?? []).filter { $0.value != .null }.map(\.name)),
        auditLogs: Self.isOn(sections[id]?["audit_logs"], standard: true),
        dataPrivacy: Self.isOn(sections[id]?["data_privacy"], standard: true),
        moderation: Self.isOn(sections[id]?["moderation"], standard: false),
        openGraph: Self.isOn(sections[id]?["open_graph"], standard: true),
        followCountsSource: sections[id]?["follow_counts"]?["source_group"]?.string ?? "timeline",
        followCountsTarget: sections[id]?["follow_counts"]?["target_group"]?.string ?? "user",
        rules: try Self.rules(sections[id]?["policies"]))
    }
    snapshot.keys = try readKeys(connection)
    return snapshot
  }

  /// The settings of each app that services act by.
  private func readSections(_ connection: PostgresConnection) throws -> [AppID: [String: JSONValue]] {
    var sections: [AppID: [String: JSONValue]] = [:]
    let rows = try connection.query(
      "SELECT app_id, section, document::text FROM app_settings WHERE section IN "
        + "('limits', 'personalization', 'audit_logs', 'data_privacy', 'moderation', 'open_graph', 'policies', "
        + "'follow_counts')",
      timeoutMilliseconds: Self.loadMillisecondsMax)
    for row in rows {
      sections[try app(row, 0), default: [:]][try row.text(1)] = try JSONValue(parsing: try row.text(2))
    }
    return sections
  }

  /// The members of `limits` that count requests.
  static func requestLimits(_ limits: JSONValue?) -> RequestLimits {
    func windows(_ value: JSONValue?) -> [RequestLimits.Window: [String: Int]] {
      let names: [(RequestLimits.Window, String)] = [
        (.minute, "requests_per_minute"), (.quarter, "requests_per_15_minutes"), (.hour, "requests_per_60_minutes"),
      ]
      var limits: [RequestLimits.Window: [String: Int]] = [:]
      for (window, name) in names {
        for member in value?[name]?.members ?? [] {
          if let most = member.value.integer { limits[window, default: [:]][member.name] = most }
        }
      }
      return limits
    }
    return RequestLimits(perApp: windows(limits), perUser: windows(limits?["per_user"]))
  }

  /// Whether a switch of insight D95 is on.
  private static func isOn(_ section: JSONValue?, standard: Bool) -> Bool { section?["enabled"]?.boolean ?? standard }

  /// The app's own policies. `apply` has checked their form.
  static func rules(_ section: JSONValue?) throws -> [AccessRule] {
    try (section?.array ?? []).map { item in
      guard let effect = item["effect"]?.string.flatMap({ AccessRule.Effect(rawValue: $0) }),
        let name = item["name"]?.string, let resource = item["resource"]?.string, let action = item["action"]?.string
      else { throw PostgresError.unexpectedAnswer("the section policies holds what is no policy") }
      return AccessRule(
        name: name, priority: item["priority"]?.integer ?? 100, effect: effect, resource: resource, action: action,
        groups: (item["groups"]?.array ?? []).compactMap(\.string), ownerOnly: item["owner_only"]?.boolean ?? false)
    }
  }

  private func readRankings(_ connection: PostgresConnection) throws -> [AppID: [String: [String: String]]] {
    var rankings: [AppID: [String: [String: String]]] = [:]
    let rows = try connection.query(
      "SELECT app_id, group_slug, name, definition::text FROM rankings", timeoutMilliseconds: Self.loadMillisecondsMax)
    for row in rows {
      rankings[try app(row, 0), default: [:]][try row.text(1), default: [:]][try row.text(2)] = try row.text(3)
    }
    return rankings
  }

  private func readGroups(_ connection: PostgresConnection) throws -> [AppID: [FeedGroup]] {
    var groups: [AppID: [FeedGroup]] = [:]
    let rankings = try readRankings(connection)
    let rows = try connection.query(
      """
      SELECT app_id, slug, type, policy, realtime, pull_above, settings->>'ranking_default',
             settings->>'aggregation_format',
             COALESCE((settings->>'max_activities_per_group')::bigint, 15),
             COALESCE((settings->>'reaggregate')::boolean, false)
      FROM feed_groups
      """,
      timeoutMilliseconds: Self.loadMillisecondsMax)
    for row in rows {
      guard let kind = FeedGroup.Kind(rawValue: try row.text(2)),
        let policy = FeedGroup.Policy(rawValue: try row.text(3))
      else {
        throw PostgresError.unexpectedAnswer("feed_groups holds a type or policy that this version does not know")
      }
      let owner = try app(row, 0)
      let slug = try row.text(1)
      groups[owner, default: []].append(
        FeedGroup(
          slug: slug, kind: kind, policy: policy, realtime: try row.boolean(4), pullAbove: Int(try row.integer(5)),
          aggregationFormat: row.optionalText(7), activitiesPerGroupMax: Int(try row.integer(8)),
          reaggregate: try row.boolean(9), rankings: rankings[owner]?[slug] ?? [:], rankingDefault: row.optionalText(6))
      )
    }
    return groups
  }

  private func readKeys(_ connection: PostgresConnection) throws -> [String: APIKey] {
    var keys: [String: APIKey] = [:]
    // Newest secret first: it is the primary one.
    let rows = try connection.query(
      """
      SELECT k.key, k.app_id, (extract(epoch FROM k.retire_at) * 1000)::bigint, s.id, s.master_key_id, s.sealed,
             (extract(epoch FROM s.retire_at) * 1000)::bigint
      FROM api_keys k JOIN api_key_secrets s ON s.key = k.key
      WHERE k.revoked_at IS NULL AND (k.retire_at IS NULL OR k.retire_at > now())
        AND (s.retire_at IS NULL OR s.retire_at > now())
      ORDER BY s.id DESC
      """, timeoutMilliseconds: Self.loadMillisecondsMax)
    for row in rows {
      let key = try row.text(0)
      let sealed = SealedSecret(keyID: try row.text(4), bytes: try row.bytes(5))
      let secret = APIKey.Secret(
        bytes: try masterKey.open(sealed, context: APIKey.sealingContext(key: key)),
        retiresAtMilliseconds: try row.optionalInteger(6))
      let retiresAt = try row.optionalInteger(2)
      let owner = try app(row, 1)
      keys[key, default: APIKey(key: key, app: owner, secrets: [], retiresAtMilliseconds: retiresAt)]
        .secrets.append(secret)
    }
    return keys
  }

  private func app(_ row: PostgresRow, _ column: Int) throws -> AppID {
    guard let number = UInt32(exactly: try row.integer(column)) else {
      throw PostgresError.unexpectedAnswer("an app's id is out of range")
    }
    return AppID(number)
  }
}

extension APIKey {
  /// What a secret's ciphertext is bound to.
  static func sealingContext(key: String) -> String { "the secret of API key \(key)" }
}
