import JSON

extension ControlPlaneStore {
  /// An app in a list.
  public struct AppSummary: Hashable, Sendable {
    public var id: Int64
    public var organisation: String
    public var name: String
    public var environment: String
    public var suspended: Bool
    public var groups: Int
    public var keys: Int
  }

  // MARK: Reading

  public func organisations() throws(ControlPlaneError) -> [(id: Int64, slug: String)] {
    do {
      return try connection.query("SELECT id, slug FROM organisations ORDER BY id")
        .map { (try $0.integer(0), try $0.text(1)) }
    } catch { throw .wrapping(error) }
  }

  public func apps() throws(ControlPlaneError) -> [AppSummary] {
    do {
      return try connection.query(
        """
        SELECT a.id, o.slug, a.name, a.environment, a.suspended,
               (SELECT count(*) FROM feed_groups g WHERE g.app_id = a.id),
               (SELECT count(*) FROM api_keys k WHERE k.app_id = a.id AND k.revoked_at IS NULL
                                                AND (k.retire_at IS NULL OR k.retire_at > now()))
        FROM apps a JOIN organisations o ON o.id = a.organisation_id ORDER BY a.id
        """
      ).map { row in
        AppSummary(
          id: try row.integer(0), organisation: try row.text(1), name: try row.text(2), environment: try row.text(3),
          suspended: try row.boolean(4), groups: Int(try row.integer(5)), keys: Int(try row.integer(6)))
      }
    } catch { throw .wrapping(error) }
  }

  public func app(id: Int64) throws(ControlPlaneError) -> StoredApp? {
    try findApp("id = $1", [.integer(id)])
  }

  public func app(organisation: Int64, name: String) throws(ControlPlaneError) -> StoredApp? {
    try findApp("organisation_id = $1 AND name = $2", [.integer(organisation), .text(name)])
  }

  private func findApp(_ condition: String, _ values: [PostgresValue]) throws(ControlPlaneError) -> StoredApp? {
    do {
      let rows = try connection.query(
        "SELECT id, organisation_id, name, environment, region, suspended, version FROM apps WHERE \(condition)", values
      )
      guard let row = rows.first else { return nil }
      var app = StoredApp(
        id: try row.integer(0), organisation: try row.integer(1), name: try row.text(2), environment: try row.text(3),
        region: row.optionalText(4), suspended: try row.boolean(5), version: try row.integer(6))
      try readGroups(&app)
      for row in try connection.query(
        "SELECT section, document FROM app_settings WHERE app_id = $1", [.integer(app.id)])
      {
        app.sections[try row.text(0)] = try JSONValue(parsing: try row.text(1))
      }
      for row in try connection.query(
        "SELECT path, master_key_id, sealed FROM app_secrets WHERE app_id = $1", [.integer(app.id)])
      {
        let path = try row.text(0)
        app.secrets[path] = try masterKey.open(
          SealedSecret(keyID: try row.text(1), bytes: try row.bytes(2)), context: secretContext(app.id, path))
      }
      return app
    } catch { throw .wrapping(error) }
  }

  private func readGroups(_ app: inout StoredApp) throws {
    let groups = try connection.query(
      "SELECT slug, type, policy, realtime, pull_above, settings, in_use FROM feed_groups WHERE app_id = $1",
      [.integer(app.id)])
    for row in groups {
      let slug = try row.text(0)
      var document: [String: JSONValue] = [:]
      for member in try JSONValue(parsing: try row.text(5)).members ?? [] { document[member.name] = member.value }
      document["type"] = .string(try row.text(1))
      document["policy"] = .string(try row.text(2))
      document["realtime"] = .boolean(try row.boolean(3))
      document["pull_above"] = .integer(try row.integer(4))
      app.groups[slug] = StoredApp.Group(slug: slug, inUse: try row.boolean(6), document: document)
    }
    let rankings = try connection.query(
      "SELECT group_slug, name, definition FROM rankings WHERE app_id = $1 ORDER BY name", [.integer(app.id)])
    for row in rankings {
      let slug = try row.text(0)
      var members = app.groups[slug]?.document["rankings"]?.members ?? []
      members.append(JSONValue.Member(try row.text(1), try JSONValue(parsing: try row.text(2))))
      app.groups[slug]?.document["rankings"] = .object(members)
    }
  }

  private func secretContext(_ app: Int64, _ path: String) -> String { "the secret \(path) of app \(app)" }

  // MARK: Changing, inside `change`

  public func createOrganisation(slug: String) throws(ControlPlaneError) -> Int64 {
    try only("INSERT INTO organisations (slug) VALUES ($1) RETURNING id", [.text(slug)])
  }

  /// Makes an app; with `id` under that number, otherwise under the next one.
  public func createApp(_ app: StoredApp, withID id: Int64?) throws(ControlPlaneError) -> Int64 {
    let values: [PostgresValue] = [
      .integer(app.organisation), .text(app.name), .text(app.environment), PostgresValue(app.region),
      .boolean(app.suspended),
    ]
    let columns = "organisation_id, name, environment, region, suspended"
    guard let id else { return try only("INSERT INTO apps (\(columns)) VALUES ($1,$2,$3,$4,$5) RETURNING id", values) }
    let made = try only(
      "INSERT INTO apps (\(columns), id) VALUES ($1,$2,$3,$4,$5,$6) RETURNING id", values + [.integer(id)])
    // The sequence must not give that number again.
    try run("SELECT setval(pg_get_serial_sequence('millrace.apps', 'id'), (SELECT max(id) FROM apps))", [])
    return made
  }

  /// Writes the app's own row if it is still at `app.version`, and moves the version on.
  public func updateApp(_ app: StoredApp) throws(ControlPlaneError) {
    let rows: [PostgresRow]
    do {
      rows = try connection.query(
        """
        UPDATE apps SET name = $3, environment = $4, region = $5, suspended = $6, version = version + 1,
                        updated_at = now()
        WHERE id = $1 AND version = $2 RETURNING id
        """,
        [
          .integer(app.id), .integer(app.version), .text(app.name), .text(app.environment), PostgresValue(app.region),
          .boolean(app.suspended),
        ])
    } catch { throw .wrapping(error) }
    if rows.isEmpty { throw .conflict("app \(app.id) was changed since the plan was made; run the command again") }
  }

  /// Writes a group and its rankings, in the form of insight D95 without `slug`; `type` and `policy` must be there.
  public func putGroup(app: Int64, _ group: StoredApp.Group) throws(ControlPlaneError) {
    var rest = group.document
    guard let type = rest.removeValue(forKey: "type")?.string, let policy = rest.removeValue(forKey: "policy")?.string
    else { throw .refused("feed group \(group.slug) has no type or policy") }
    let realtime = rest.removeValue(forKey: "realtime")?.boolean ?? true
    let pullAbove = rest.removeValue(forKey: "pull_above")?.integer ?? 5_000
    let rankings = rest.removeValue(forKey: "rankings")?.members ?? []
    let settings = JSONValue.object(rest.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value) })
    try run(
      """
      INSERT INTO feed_groups (app_id, slug, type, policy, realtime, pull_above, settings)
      VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)
      ON CONFLICT (app_id, slug) DO UPDATE SET type = excluded.type, policy = excluded.policy,
        realtime = excluded.realtime, pull_above = excluded.pull_above, settings = excluded.settings, updated_at = now()
      """,
      [
        .integer(app), .text(group.slug), .text(type), .text(policy), .boolean(realtime), .integer(Int64(pullAbove)),
        .text(settings.description),
      ])
    try run("DELETE FROM rankings WHERE app_id = $1 AND group_slug = $2", [.integer(app), .text(group.slug)])
    for ranking in rankings {
      try run(
        "INSERT INTO rankings (app_id, group_slug, name, definition) VALUES ($1, $2, $3, $4::jsonb)",
        [.integer(app), .text(group.slug), .text(ranking.name), .text(ranking.value.description)])
    }
  }

  /// Deletes a group that holds no data.
  public func deleteGroup(app: Int64, slug: String) throws(ControlPlaneError) {
    let rows: [PostgresRow]
    do {
      rows = try connection.query(
        "DELETE FROM feed_groups WHERE app_id = $1 AND slug = $2 AND NOT in_use RETURNING slug",
        [.integer(app), .text(slug)])
    } catch { throw .wrapping(error) }
    if rows.isEmpty { throw .refused("feed group \(slug) holds data and is not deleted") }
  }

  /// Writes a section of the settings; `nil` takes it away.
  public func putSection(app: Int64, _ name: String, _ document: JSONValue?) throws(ControlPlaneError) {
    guard let document else {
      try run("DELETE FROM app_settings WHERE app_id = $1 AND section = $2", [.integer(app), .text(name)])
      return
    }
    try run(
      """
      INSERT INTO app_settings (app_id, section, document) VALUES ($1, $2, $3::jsonb)
      ON CONFLICT (app_id, section) DO UPDATE SET document = excluded.document
      """, [.integer(app), .text(name), .text(document.description)])
  }

  /// Replaces the app's secrets behind references.
  public func putSecrets(app: Int64, _ secrets: [String: [UInt8]]) throws(ControlPlaneError) {
    try run("DELETE FROM app_secrets WHERE app_id = $1", [.integer(app)])
    for (path, clear) in secrets.sorted(by: { $0.key < $1.key }) {
      let sealed: SealedSecret
      do { sealed = try masterKey.seal(clear, context: secretContext(app, path)) } catch { throw .masterKey(error) }
      try run(
        "INSERT INTO app_secrets (app_id, path, master_key_id, sealed) VALUES ($1, $2, $3, $4)",
        [.integer(app), .text(path), .text(sealed.keyID), .bytes(sealed.bytes)])
    }
  }

  // MARK: Small things

  func run(_ sql: String, _ values: [PostgresValue]) throws(ControlPlaneError) {
    do { try connection.query(sql, values) } catch { throw .wrapping(error) }
  }

  func only(_ sql: String, _ values: [PostgresValue]) throws(ControlPlaneError) -> Int64 {
    do {
      guard let row = try connection.query(sql, values).first else {
        throw PostgresError.unexpectedAnswer("no row came back")
      }
      return try row.integer(0)
    } catch { throw .wrapping(error) }
  }
}
