import EventLoop
import Glibc
import Model
import Synchronization
import Telemetry

/// Holds the newest snapshot of the control plane, and keeps it so (B20).
///
/// A thread of its own listens on one connection and compares the revision every two seconds, each time also telling
/// PostgreSQL which revision this process holds. A new revision, a notification or a new connection means a whole reload.
/// Revocations act at once when they come over Redis (`listen(to:)`).
/// While PostgreSQL is away the last snapshot stays; a copy of it, sealed, lies on disk for a start without PostgreSQL.
/// Requests read `current`: a lock, never I/O.
public final class ConfigurationWatcher: ConfigurationSource, Sendable {
  /// Times, in milliseconds.
  public struct Timing: Sendable {
    /// Between two comparisons of the revision.
    public var compareEvery = 2_000
    /// How long a comparison may take before the connection is given up.
    public var compareMax = 1_000
    /// How long connecting may take.
    public var connectMax = 2_000
    /// Between two tries to connect, or to find the tables a migration has yet to make.
    public var retryAfter = 500
    /// How long `start` waits for PostgreSQL when there is no copy on disk to begin with.
    public var firstLoadMax = 2_000
    public init() {}
  }

  public enum Failure: Error, CustomStringConvertible {
    case masterKey(MasterKey.Failure)
    case noDescriptors
    public var description: String {
      switch self {
      case .masterKey(let error): "\(error)"
      case .noDescriptors: "no file descriptor left for the configuration watcher"
      }
    }
  }

  struct State {
    /// What requests see: `loaded` under the revocations that came ahead of it.
    private(set) var snapshot = ConfigurationSnapshot.empty
    /// What PostgreSQL, or the copy on disk, gave.
    var loaded = ConfigurationSnapshot.empty
    var ledger = RevocationLedger()
    /// `snapshot` has become stricter than the copy on disk.
    var isCopyBehind = false
    var isLoaded = false
    /// `monotonicNanoseconds()` when PostgreSQL last confirmed the snapshot.
    var confirmedAt: UInt64?
    var startedAt = monotonicNanoseconds()
    var stopping = false
    var ended = false
    var trouble: String?
    var observers: [@Sendable (ConfigurationSnapshot) -> Void] = []
    var groupsInUse = GroupsInUse()
    var keysInUse = KeysInUse()
    /// What the audit log has yet to hear.
    var auditDrafts: [AuditDraft] = []

    mutating func recompute() {
      let edition = snapshot.edition
      snapshot = ledger.applied(to: loaded)
      snapshot.edition = edition + 1
    }
  }

  struct Instruments: Sendable {
    let reloads, failures, revocations, unreadableRevocations: Counter

    init(_ metrics: Metrics) {
      reloads = metrics.counter(
        "millrace_config_reloads_total", help: "Snapshots of the control plane loaded from PostgreSQL.")
      failures = metrics.counter(
        "millrace_config_failures_total", help: "Comparisons, loads or reports of the configuration that failed.")
      revocations = metrics.counter(
        "millrace_config_revocations_total", help: "Revocations that came over Redis ahead of PostgreSQL.")
      unreadableRevocations = metrics.counter(
        "millrace_config_revocations_unreadable_total", help: "Messages among the revocations that cannot be read.")
    }
  }

  let state = Mutex(State())
  private let wake: WakePipe
  private let postgres: String
  let instance: String
  private let cache: SnapshotCache
  let loader: SnapshotLoader
  let timing: Timing
  let logger: Logger
  let instruments: Instruments

  private init(
    postgres: String, instance: String, cache: SnapshotCache, masterKey: MasterKey, timing: Timing, wake: WakePipe,
    logger: Logger, metrics: Metrics
  ) {
    self.postgres = postgres
    self.instance = instance
    self.cache = cache
    self.loader = SnapshotLoader(masterKey: masterKey)
    self.timing = timing
    self.wake = wake
    self.logger = logger
    instruments = Instruments(metrics)
  }

  // MARK: Life

  /// Loads the copy on disk, starts watching, and returns as soon as there is a snapshot, after at most
  /// `timing.firstLoadMax` without one: look at `notReadyReason` then.
  ///
  /// - Parameters:
  ///   - postgres: libpq connection string.
  ///   - masterKeyFile: made with a new key if it is not there; refused if others may read it.
  ///   - cacheFile: where the sealed copy lies; its folder must exist.
  public static func start(
    postgres: String, masterKeyFile: String, cacheFile: String, logger: Logger, metrics: Metrics,
    timing: Timing = Timing()
  ) async throws(Failure) -> ConfigurationWatcher {
    let masterKey: MasterKey
    do { masterKey = try MasterKey.load(path: masterKeyFile) } catch { throw .masterKey(error) }
    guard let wake = WakePipe() else { throw .noDescriptors }
    let random = (try? Cryptography.randomBytes(4)) ?? []
    let watcher = ConfigurationWatcher(
      postgres: postgres, instance: "\(logger.service)-\(getpid())-\(Hexadecimal.text(random))",
      cache: SnapshotCache(path: cacheFile, masterKey: masterKey), masterKey: masterKey, timing: timing, wake: wake,
      logger: logger, metrics: metrics)
    metrics.gauge(
      "millrace_config_age_seconds", help: "Seconds since PostgreSQL last confirmed the configuration in use."
    ) { [weak watcher] in watcher?.ageSeconds ?? 0 }
    metrics.gauge("millrace_config_revision", help: "The revision of the configuration in use.") { [weak watcher] in
      Double(watcher?.current.revision ?? 0)
    }
    watcher.loadCopy()
    // A pool of one thread: the loop below blocks in poll and in libpq.
    let pool = BlockingPool(threadsMax: 1, queueMax: 1)
    Task { try await pool.run { watcher.serve() } }
    let deadline = Deadline(milliseconds: timing.firstLoadMax)
    while !watcher.state.withLock({ $0.isLoaded }), !deadline.isOver {
      try? await Task.sleep(nanoseconds: 5_000_000)
    }
    return watcher
  }

  /// Ends the thread and the connection; the last snapshot stays readable.
  public func stop() async {
    state.withLock { $0.stopping = true }
    wake.wake()
    let deadline = Deadline(milliseconds: 5_000)
    while !state.withLock({ $0.ended }), !deadline.isOver { try? await Task.sleep(nanoseconds: 5_000_000) }
  }

  // MARK: Reading

  public var current: ConfigurationSnapshot { state.withLock { $0.snapshot } }

  /// Seconds since PostgreSQL last confirmed what `current` gives; since the start, if it never has.
  public var ageSeconds: Double {
    let since = state.withLock { $0.confirmedAt ?? $0.startedAt }
    return Double(monotonicNanoseconds() &- since) / 1e9
  }

  /// `nil` once there is a snapshot, from PostgreSQL or from disk; for `/readyz`.
  public var notReadyReason: String? {
    state.withLock { state in
      state.isLoaded ? nil : "no configuration yet: \(state.trouble ?? "PostgreSQL has not answered yet")"
    }
  }

  /// Calls `observer` with each new snapshot, on the watcher's thread: be quick.
  public func observe(_ observer: @escaping @Sendable (ConfigurationSnapshot) -> Void) {
    state.withLock { $0.observers.append(observer) }
  }

  // MARK: The thread

  private func loadCopy() {
    do {
      guard let snapshot = try cache.load() else { return }
      state.withLock {
        $0.loaded = snapshot
        $0.recompute()
        $0.isLoaded = true
      }
      logger.info("began with the configuration on disk", [("revision", "\(snapshot.revision)")])
    } catch {
      // Not fatal: PostgreSQL has it all. Without PostgreSQL the service will not get ready and says why.
      logger.warning("the configuration on disk cannot be used", [("file", cache.path), ("reason", "\(error)")])
    }
  }

  private var isStopping: Bool { state.withLock { $0.stopping } }

  func wakeUp() { wake.wake() }

  private func serve() {
    var lastTrouble: String?
    while !isStopping {
      do {
        try watch { lastTrouble = nil }
      } catch {
        let missing = (error as? SnapshotLoader.Failure)?.meansNotMigrated ?? false
        let trouble = missing ? "the tables are not there yet; dashboard-api makes them when it starts" : "\(error)"
        state.withLock { $0.trouble = trouble }
        instruments.failures.increment()
        // Once per kind of trouble: an outage of an hour is not 7,200 lines.
        if trouble != lastTrouble, !isStopping {
          logger.warning(
            "the configuration cannot be compared; serving from the last one",
            [("revision", "\(current.revision)"), ("reason", trouble)])
        }
        lastTrouble = trouble
        keepCopyIfBehind()
        if !isStopping { wake.wait(milliseconds: timing.retryAfter) }
      }
    }
    state.withLock { $0.ended = true }
  }

  /// One connection's life: returns when asked to stop, throws when the connection or the tables fail.
  private func watch(healthy: () -> Void) throws {
    let connection = try PostgresConnection.connect(
      postgres, application: "millrace \(logger.service)", timeoutMilliseconds: timing.connectMax)
    defer { connection.close() }
    try connection.query("LISTEN millrace_config", timeoutMilliseconds: timing.compareMax)
    // Whatever was missed before LISTEN is in here.
    try reload(connection)
    healthy()
    while !isStopping {
      _ = try connection.waitForNotification(wake: wake.readEnd, timeoutMilliseconds: timing.compareEvery)
      wake.drain()
      if isStopping { break }
      try reportUse(connection)
      try reportAudit(connection)
      let mark = state.withLock { $0.ledger.arrivals }
      let revision = try compare(connection)
      if revision != state.withLock({ $0.loaded.revision }) {
        try reload(connection)
      } else {
        confirm(revision: revision, mark: mark)
        confirm()
      }
      keepCopyIfBehind()
    }
    leave(connection)
  }

  /// Takes this process out of those that `apply --wait` waits for. When that fails it is waited for a few seconds more.
  private func leave(_ connection: PostgresConnection) {
    do throws(PostgresError) {
      try connection.query(
        "DELETE FROM service_revisions WHERE instance = $1", [.text(instance)], timeoutMilliseconds: timing.compareMax)
    } catch {
      instruments.failures.increment()
      logger.warning(
        "PostgreSQL was not told that this process ends", [("instance", instance), ("reason", "\(error)")])
    }
  }

  /// Reports what we hold and asks for what there is.
  private func compare(_ connection: PostgresConnection) throws -> Int64 {
    let rows = try connection.query(
      """
      WITH beat AS (
        INSERT INTO service_revisions (instance, service, revision, seen_at) VALUES ($1, $2, $3, now())
        ON CONFLICT (instance) DO UPDATE SET revision = excluded.revision, seen_at = excluded.seen_at)
      SELECT revision FROM config_revision
      """,
      [.text(instance), .text(logger.service), .integer(current.revision)], timeoutMilliseconds: timing.compareMax)
    guard let row = rows.first else { throw PostgresError.unexpectedAnswer("config_revision is empty") }
    return try row.integer(0)
  }

  private func reload(_ connection: PostgresConnection) throws {
    let mark = state.withLock { $0.ledger.arrivals }
    let loaded = try loader.load(connection)
    state.withLock { state in
      state.loaded = loaded
      state.recompute()
      state.isLoaded = true
      state.trouble = nil
    }
    confirm(revision: loaded.revision, mark: mark)
    confirm()
    instruments.reloads.increment()
    logger.info(
      "configuration loaded",
      [("revision", "\(loaded.revision)"), ("apps", "\(loaded.apps.count)"), ("keys", "\(loaded.keys.count)")])
    let (snapshot, observers) = state.withLock { ($0.snapshot, $0.observers) }
    for observer in observers { observer(snapshot) }
    keepCopy(snapshot)
    // Report at once: `apply --wait` looks for it.
    _ = try compare(connection)
  }

  func keepCopy(_ snapshot: ConfigurationSnapshot) {
    do { try cache.store(snapshot) } catch {
      logger.error(
        "the configuration cannot be kept on disk: a start without PostgreSQL would have an older one or none",
        [("file", cache.path), ("reason", "\(error)")])
    }
  }

  private func confirm() { state.withLock { $0.confirmedAt = monotonicNanoseconds() } }
}
