import JSON
import Model

/// What requests tell of the configuration in use: written by the watcher's thread at its next turn, in no request's way.
extension ConfigurationWatcher {
  /// Notes that a group holds data: then its type cannot change and it is not pruned (insight D30, D91). Costs a lock; told
  /// to PostgreSQL on the watcher's thread at the next chance, again and again until it is there.
  public func noteInUse(app: AppID, group: String) {
    if state.withLock({ $0.groupsInUse.note(app: app, slug: group) }) { wakeUp() }
  }

  /// Notes that a request was verified with `key`, for `last_used_at` (insight D25): told to PostgreSQL with the next
  /// comparison, at most once a minute for each key.
  public func noteUse(ofKey key: String, app: AppID, atMilliseconds now: Int64) {
    state.withLock { $0.keysInUse.note(key, app: app, atMilliseconds: now) }
  }

  func reportUse(_ connection: PostgresConnection) throws {
    try reportGroups(connection)
    try reportKeys(connection)
  }

  private func reportGroups(_ connection: PostgresConnection) throws {
    for group in state.withLock({ $0.groupsInUse.unreported }) {
      try connection.query(
        "UPDATE feed_groups SET in_use = true WHERE app_id = $1 AND slug = $2 AND NOT in_use",
        [.integer(Int64(group.app.rawValue)), .text(group.slug)], timeoutMilliseconds: timing.compareMax)
      state.withLock { $0.groupsInUse.reported(group) }
    }
  }

  private func reportKeys(_ connection: PostgresConnection) throws {
    let uses = state.withLock { $0.keysInUse.untold }
    if uses.isEmpty { return }
    let rows = uses.map { key, use in
      JSONValue.object([
        .init("key", .string(key)), .init("app", .integer(use.app.rawValue)), .init("at", .integer(use.atMilliseconds)),
      ])
    }
    // Other processes tell of the same keys: the minute holds across them all.
    try connection.query(
      """
      UPDATE api_keys k SET last_used_at = 'epoch'::timestamptz + u.at * interval '1 millisecond'
      FROM json_to_recordset($1::json) AS u (key text, app integer, at bigint)
      WHERE k.key = u.key AND k.app_id = u.app
        AND (k.last_used_at IS NULL
             OR k.last_used_at < 'epoch'::timestamptz + (u.at - $2::bigint) * interval '1 millisecond')
      """,
      [.text(JSONValue.array(rows).description), .integer(KeysInUse.everyMilliseconds)],
      timeoutMilliseconds: timing.compareMax)
    state.withLock { $0.keysInUse.told(uses) }
  }
}
