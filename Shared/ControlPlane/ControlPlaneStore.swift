import JSON
import Telemetry

/// Reads and changes the control plane's tables over one connection. Blocking, like the connection.
public final class ControlPlaneStore {
  /// `pg_advisory_xact_lock` of whoever changes the configuration: one at a time, so that the audit chain has one end.
  static let lock: Int64 = 0x4D49_4C4C_0002

  let connection: PostgresConnection
  let masterKey: MasterKey

  public init(connection: PostgresConnection, masterKey: MasterKey) {
    self.connection = connection
    self.masterKey = masterKey
  }

  /// Over a connection whose tables are up to date. Refuses a master key file that does not open what is sealed already.
  public convenience init(connection: PostgresConnection, masterKeyFile: String) throws {
    let rows = try connection.query(
      "SELECT DISTINCT master_key_id FROM api_key_secrets UNION SELECT DISTINCT master_key_id FROM app_secrets")
    let ids = try Set(rows.map { try $0.text(0) })
    self.init(connection: connection, masterKey: try MasterKey.load(path: masterKeyFile, opening: ids))
  }

  /// Makes one change: `body` writes and says what the audit row holds; both commit together, with a new revision that
  /// every listening service is told of. `body` throwing changes nothing.
  public func change<Value>(
    by actor: AuditDraft.Actor, _ body: (ControlPlaneStore) throws -> (Value, AuditDraft)
  ) throws(ControlPlaneError) -> (value: Value, revision: Int64) {
    do {
      try connection.query("BEGIN")
      try connection.query("SELECT pg_advisory_xact_lock($1)", [.integer(Self.lock)], timeoutMilliseconds: 30_000)
      let (value, draft) = try body(self)
      try write(draft, by: actor)
      guard
        let revision = try connection.query(
          "UPDATE config_revision SET revision = revision + 1 RETURNING revision"
        ).first?.integer(0)
      else { throw PostgresError.unexpectedAnswer("config_revision is empty") }
      try connection.query("SELECT pg_notify('millrace_config', $1)", [.text(String(revision))])
      try connection.query("COMMIT")
      return (value, revision)
    } catch {
      if connection.isOpen { _ = try? connection.query("ROLLBACK") }
      throw .wrapping(error)
    }
  }

  /// Writes audit rows of what changes no configuration. `false`: somebody is changing it, and nothing was written.
  func audit(
    _ drafts: [AuditDraft], by actor: AuditDraft.Actor, timeoutMilliseconds: Int
  ) throws(ControlPlaneError) -> Bool {
    do {
      try connection.query("BEGIN", timeoutMilliseconds: timeoutMilliseconds)
      let isFree = try connection.query(
        "SELECT pg_try_advisory_xact_lock($1)", [.integer(Self.lock)], timeoutMilliseconds: timeoutMilliseconds
      ).first?.boolean(0)
      if isFree == true { for draft in drafts { try write(draft, by: actor) } }
      try connection.query("COMMIT", timeoutMilliseconds: timeoutMilliseconds)
      return isFree == true
    } catch {
      if connection.isOpen { _ = try? connection.query("ROLLBACK") }
      throw .wrapping(error)
    }
  }

  private func write(_ draft: AuditDraft, by actor: AuditDraft.Actor) throws {
    let last = try connection.query("SELECT id, hash FROM audit_log ORDER BY id DESC LIMIT 1").first
    let row = AuditRow(
      id: (try last?.integer(0) ?? 0) + 1, atMicroseconds: wallClockMicroseconds(), actorKind: actor.kind,
      actor: actor.name, action: draft.action, organisation: draft.organisation, app: draft.app,
      entityType: draft.entityType, entityID: draft.entityID, before: draft.before, after: draft.after,
      previousHash: try last?.bytes(1) ?? AuditRow.chainStart)
    try connection.query(
      """
      INSERT INTO audit_log (id, at, actor_kind, actor, ip, action, organisation_id, app_id, entity_type, entity_id,
                             before, after, request_id, prev_hash, hash)
      VALUES ($1, 'epoch'::timestamptz + $2::bigint * interval '1 microsecond', $3, $4, $5, $6, $7, $8, $9, $10,
              $11::json, $12::json, $13, $14, $15)
      """,
      [
        .integer(row.id), .integer(row.atMicroseconds), .text(row.actorKind.rawValue), .text(row.actor),
        PostgresValue(row.ip), .text(row.action), PostgresValue(row.organisation), PostgresValue(row.app),
        .text(row.entityType), .text(row.entityID), PostgresValue(row.before), PostgresValue(row.after),
        PostgresValue(row.requestID), .bytes(row.previousHash), .bytes(row.hash),
      ])
  }

  /// Walks the whole audit log; gives the number of rows and the id of the first that breaks the chain.
  public func verifyAudit() throws(ControlPlaneError) -> (rows: Int, firstBreak: Int64?) {
    do {
      let rows = try connection.query(
        """
        SELECT id, (extract(epoch FROM at) * 1000000)::bigint, actor_kind, actor, ip, action, organisation_id, app_id,
               entity_type, entity_id, before, after, request_id, prev_hash, hash
        FROM audit_log ORDER BY id
        """, timeoutMilliseconds: 60_000)
      let audit = try rows.map { row in
        AuditRow(
          id: try row.integer(0), atMicroseconds: try row.integer(1),
          actorKind: AuditRow.ActorKind(rawValue: try row.text(2)) ?? .system, actor: try row.text(3),
          ip: row.optionalText(4), action: try row.text(5), organisation: try row.optionalInteger(6),
          app: try row.optionalInteger(7), entityType: try row.text(8), entityID: try row.text(9),
          before: row.optionalText(10), after: row.optionalText(11), requestID: row.optionalText(12),
          previousHash: try row.bytes(13))
      }
      return (rows.count, AuditRow.firstBreak(audit, hashes: try rows.map { try $0.bytes(14) }))
    } catch { throw .wrapping(error) }
  }

  // MARK: Revisions

  /// The services that have reported in the last `aliveSeconds` and hold less than `revision`.
  public func servicesBehind(_ revision: Int64, aliveSeconds: Int = 6) throws(ControlPlaneError) -> [String] {
    do {
      return try connection.query(
        """
        SELECT service FROM service_revisions
        WHERE revision < $1 AND seen_at > now() - $2::integer * interval '1 second' ORDER BY service
        """, [.integer(revision), .integer(Int64(aliveSeconds))]
      ).map { try $0.text(0) }
    } catch { throw .wrapping(error) }
  }

  public func currentRevision() throws(ControlPlaneError) -> Int64 {
    do { return try connection.query("SELECT revision FROM config_revision").first?.integer(0) ?? 0 } catch {
      throw .wrapping(error)
    }
  }
}
