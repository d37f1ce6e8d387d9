/// Brings the database to the shape this version expects: in order, each in a transaction of its own, one process at a time.
public struct Migrator: Sendable {
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    case postgres(PostgresError)
    /// The text of a migration that already ran has changed since.
    case changed(version: Int, name: String)
    /// The database has steps that this version does not know.
    case databaseIsNewer(version: Int)

    /// Whether trying again later can help.
    public var isPassing: Bool {
      if case .postgres(let error) = self { return !error.isServerRefusal }
      return false
    }

    public var description: String {
      switch self {
      case .postgres(let error): "\(error)"
      case .changed(let version, let name):
        "migration \(version) (\(name)) was changed after it ran here; restore its text and add a new one instead"
      case .databaseIsNewer(let version):
        "the database is at version \(version), which this version does not know: use the newer one"
      }
    }
  }

  struct Applied: Hashable, Sendable {
    var version: Int
    var checksum: String
  }

  /// `pg_advisory_lock` of whoever migrates.
  static let lock: Int64 = 0x4D49_4C4C_0001
  static let stepMillisecondsMax = 60_000

  public init() {}

  /// What is still to do; throws if the database went another way.
  static func pending(_ all: [Migration], applied: [Applied]) throws(Failure) -> [Migration] {
    let known = Dictionary(all.map { ($0.version, $0) }, uniquingKeysWith: { first, _ in first })
    for step in applied {
      guard let migration = known[step.version] else { throw .databaseIsNewer(version: step.version) }
      guard migration.checksum == step.checksum else {
        throw .changed(version: migration.version, name: migration.name)
      }
    }
    let done = Set(applied.map(\.version))
    return all.filter { !done.contains($0.version) }.sorted { $0.version < $1.version }
  }

  /// Runs what is missing and gives it back. Waits for another process that is doing the same.
  public func run(
    _ connection: PostgresConnection, _ all: [Migration] = Migration.all
  ) throws(Failure) -> [Migration] {
    do {
      try connection.query(
        "SELECT pg_advisory_lock($1)", [.integer(Self.lock)], timeoutMilliseconds: Self.stepMillisecondsMax)
      let result = Result { () throws(Failure) in try runLocked(connection, all) }
      if connection.isOpen { try connection.query("SELECT pg_advisory_unlock($1)", [.integer(Self.lock)]) }
      return try result.get()
    } catch let error as Failure {
      throw error
    } catch let error as PostgresError {
      throw .postgres(error)
    } catch {
      throw .postgres(.unexpectedAnswer("\(error)"))
    }
  }

  private func runLocked(_ connection: PostgresConnection, _ all: [Migration]) throws(Failure) -> [Migration] {
    do {
      try connection.script(
        """
        CREATE SCHEMA IF NOT EXISTS millrace;
        CREATE TABLE IF NOT EXISTS millrace.schema_migrations (
          version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now());
        """, timeoutMilliseconds: Self.stepMillisecondsMax)
    } catch { throw .postgres(error) }
    let missing = try Self.pending(all, applied: try applied(connection))
    for migration in missing {
      do {
        try connection.query("BEGIN")
        try connection.script(migration.sql, timeoutMilliseconds: Self.stepMillisecondsMax)
        try connection.query(
          "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
          [.integer(Int64(migration.version)), .text(migration.name), .text(migration.checksum)])
        try connection.query("COMMIT")
      } catch {
        if connection.isOpen { _ = try? connection.query("ROLLBACK") }
        throw .postgres(error)
      }
    }
    return missing
  }

  private func applied(_ connection: PostgresConnection) throws(Failure) -> [Applied] {
    do {
      return try connection.query("SELECT version, checksum FROM schema_migrations ORDER BY version")
        .map { row throws(PostgresError) in Applied(version: Int(try row.integer(0)), checksum: try row.text(1)) }
    } catch { throw .postgres(error) }
  }
}
