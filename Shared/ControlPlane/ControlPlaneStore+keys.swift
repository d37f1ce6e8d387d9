extension ControlPlaneStore {
  /// How a key is rotated (insight D26).
  public enum RotationMode: String, Sendable, CaseIterable {
    /// The same key gets a new secret; the old one verifies until the overlap ends.
    case secret
    /// A new key and secret; the old pair works until the overlap ends.
    case pair
  }

  public static let overlapSecondsMax: Int64 = 30 * 86_400
  public static let overlapSecondsDefault: Int64 = 86_400
  static let keysPerAppMax: Int64 = 100

  /// The app's keys, oldest first, without secrets.
  public func keys(app: Int64) throws(ControlPlaneError) -> [StoredKey] {
    let time = "to_char(%@ AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    func text(_ column: String) -> String {
      time.split(separator: "%@", omittingEmptySubsequences: false).joined(separator: column)
    }
    do {
      return try connection.query(
        """
        SELECT key, note, \(text("created_at")), \(text("retire_at")),
               CASE WHEN revoked_at IS NOT NULL OR retire_at <= now() THEN 'revoked'
                    WHEN retire_at IS NOT NULL THEN 'retiring' ELSE 'active' END,
               (SELECT count(*) FROM api_key_secrets s
                WHERE s.key = k.key AND (s.retire_at IS NULL OR s.retire_at > now())),
               \(text("last_used_at"))
        FROM api_keys k WHERE app_id = $1 ORDER BY k.created_at, key
        """, [.integer(app)]
      ).map { row in
        let state = StoredKey.State(rawValue: try row.text(4)) ?? .revoked
        return StoredKey(
          key: try row.text(0), state: state, note: try row.text(1), createdAt: try row.text(2),
          lastUsedAt: row.optionalText(6), retireAt: row.optionalText(3),
          liveSecrets: state == .revoked ? 0 : Int(try row.integer(5)))
      }
    } catch { throw .wrapping(error) }
  }

  /// The newest live secret of a key; without `key`, of the app's newest live key. For tools that sign tokens.
  public func signingSecret(app: Int64, key: String?) throws(ControlPlaneError) -> NewKey {
    do {
      let rows = try connection.query(
        """
        SELECT k.key, s.master_key_id, s.sealed FROM api_keys k JOIN api_key_secrets s ON s.key = k.key
        WHERE k.app_id = $1 AND ($2::text IS NULL OR k.key = $2) AND k.revoked_at IS NULL AND k.retire_at IS NULL
          AND s.retire_at IS NULL
        ORDER BY k.created_at DESC, s.id DESC LIMIT 1
        """, [.integer(app), PostgresValue(key)])
      guard let row = rows.first else {
        throw ControlPlaneError.notFound("app \(app) has no active key\(key.map { " \($0)" } ?? "")")
      }
      let name = try row.text(0)
      let sealed = SealedSecret(keyID: try row.text(1), bytes: try row.bytes(2))
      let secret = try masterKey.open(sealed, context: APIKey.sealingContext(key: name))
      return NewKey(key: name, secret: String(decoding: secret, as: UTF8.self))
    } catch { throw .wrapping(error) }
  }

  // MARK: Changing, inside `change`

  /// Makes a key with its first secret.
  public func createKey(app: Int64, note: String) throws(ControlPlaneError) -> NewKey {
    let count = try only("SELECT count(*) FROM api_keys WHERE app_id = $1 AND revoked_at IS NULL", [.integer(app)])
    guard count < Self.keysPerAppMax else {
      throw .refused("app \(app) has \(count) keys that are not revoked, the most is \(Self.keysPerAppMax)")
    }
    let new = try newKey()
    try run(
      "INSERT INTO api_keys (key, app_id, note) VALUES ($1, $2, $3)", [.text(new.key), .integer(app), .text(note)])
    try addSecret(new.secret, to: new.key)
    return new
  }

  /// Gives `key` a new secret or successor; the old one ends `overlapSeconds` from now.
  public func rotateKey(
    app: Int64, key: String, mode: RotationMode, overlapSeconds: Int64
  ) throws(ControlPlaneError) -> NewKey {
    guard (0...Self.overlapSecondsMax).contains(overlapSeconds) else {
      throw .refused("the overlap must be 0 to 30 days")
    }
    try requireLive(app: app, key: key)
    switch mode {
    case .secret:
      // At most two live: an older one still in its overlap ends now.
      try run(
        """
        DELETE FROM api_key_secrets WHERE key = $1
          AND id < (SELECT max(id) FROM api_key_secrets WHERE key = $1)
        """, [.text(key)])
      try run(
        "UPDATE api_key_secrets SET retire_at = now() + $2::bigint * interval '1 second' WHERE key = $1",
        [.text(key), .integer(overlapSeconds)])
      let secret = try newKey().secret
      try addSecret(secret, to: key)
      return NewKey(key: key, secret: secret)
    case .pair:
      let new = try createKey(app: app, note: "")
      try run(
        "UPDATE api_keys SET note = (SELECT note FROM api_keys WHERE key = $1) WHERE key = $2",
        [.text(key), .text(new.key)])
      try run(
        """
        UPDATE api_keys SET retire_at = least(retire_at, now() + $2::bigint * interval '1 second') WHERE key = $1
        """, [.text(key), .integer(overlapSeconds)])
      return new
    }
  }

  /// Ends a key with all its secrets.
  public func revokeKey(app: Int64, key: String) throws(ControlPlaneError) {
    try requireLive(app: app, key: key)
    try run("UPDATE api_keys SET revoked_at = now() WHERE key = $1", [.text(key)])
  }

  private func requireLive(app: Int64, key: String) throws(ControlPlaneError) {
    let live = try only(
      """
      SELECT count(*) FROM api_keys WHERE app_id = $1 AND key = $2 AND revoked_at IS NULL
        AND (retire_at IS NULL OR retire_at > now())
      """, [.integer(app), .text(key)])
    guard live == 1 else { throw .notFound("app \(app) has no live key \(key)") }
  }

  private func addSecret(_ secret: String, to key: String) throws(ControlPlaneError) {
    let sealed: SealedSecret
    do { sealed = try masterKey.seal(Array(secret.utf8), context: APIKey.sealingContext(key: key)) } catch {
      throw .masterKey(error)
    }
    try run(
      "INSERT INTO api_key_secrets (key, master_key_id, sealed) VALUES ($1, $2, $3)",
      [.text(key), .text(sealed.keyID), .bytes(sealed.bytes)])
  }

  private func newKey() throws(ControlPlaneError) -> NewKey {
    do { return try NewKey.make() } catch { throw .refused("no key can be made: \(error)") }
  }
}
