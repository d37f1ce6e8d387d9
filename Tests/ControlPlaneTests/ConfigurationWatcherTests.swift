import Model
import Telemetry
import Testing

@testable import ControlPlane

/// Without PostgreSQL; with it, see Tests/QA/control_*_test.py.
@Suite struct ConfigurationWatcherTests {
  static let nowhere = "host=/nonexistent port=1 dbname=millrace"

  static var quick: ConfigurationWatcher.Timing {
    var timing = ConfigurationWatcher.Timing()
    timing.firstLoadMax = 100
    timing.retryAfter = 10
    return timing
  }

  static func start(
    _ folder: TemporaryFolder, metrics: Metrics = Metrics()
  ) async throws -> ConfigurationWatcher {
    try await ConfigurationWatcher.start(
      postgres: nowhere, masterKeyFile: folder.file("master.key"), cacheFile: folder.file("config.snapshot"),
      logger: .silent, metrics: metrics, timing: quick)
  }

  /// Whether it holds within ten seconds: the watcher's thread may start late on a busy machine.
  static func comesTrue(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<2_000 where !condition() { try? await Task.sleep(nanoseconds: 5_000_000) }
    return condition()
  }

  @Test func aStartWithoutPostgresServesTheCopyOnDisk() async throws {
    let folder = try TemporaryFolder()
    let key = try MasterKey.load(path: folder.file("master.key"))
    try SnapshotCache(path: folder.file("config.snapshot"), masterKey: key).store(SnapshotTests.small)
    let watcher = try await Self.start(folder)
    #expect(watcher.current == SnapshotTests.small)
    #expect(watcher.notReadyReason == nil)
    await watcher.stop()
    #expect(watcher.current == SnapshotTests.small)
  }

  @Test func whatTheAuditLogHasYetToHearIsBounded() async throws {
    let folder = try TemporaryFolder()
    let watcher = try await Self.start(folder)
    for number in 0...ConfigurationWatcher.auditDraftsMax {
      watcher.audit(AuditDraft(action: "usage.warn", entityType: "limit", entityID: "\(number)"))
    }
    let waiting = watcher.state.withLock { $0.auditDrafts.map(\.entityID) }
    #expect(waiting.count == ConfigurationWatcher.auditDraftsMax)
    #expect(waiting.first == "1" && waiting.last == "\(ConfigurationWatcher.auditDraftsMax)", "the oldest goes")
    await watcher.stop()
  }

  @Test func withNeitherPostgresNorACopyItIsNotReadyAndSaysWhy() async throws {
    let folder = try TemporaryFolder()
    let watcher = try await Self.start(folder)
    #expect(watcher.current == .empty)
    #expect(await Self.comesTrue { watcher.notReadyReason?.contains("PostgreSQL cannot be reached") == true })
    await watcher.stop()
  }

  @Test func aDamagedCopyIsNoSnapshot() async throws {
    let folder = try TemporaryFolder()
    #expect(FileBytes.replace(folder.file("config.snapshot"), with: Array("rubbish".utf8)))
    let watcher = try await Self.start(folder)
    #expect(watcher.current == .empty)
    #expect(watcher.notReadyReason != nil)
    await watcher.stop()
  }

  @Test func ageRevisionAndFailuresAreExported() async throws {
    let folder = try TemporaryFolder()
    let metrics = Metrics()
    let watcher = try await Self.start(folder, metrics: metrics)
    let before = watcher.ageSeconds
    try await Task.sleep(nanoseconds: 20_000_000)
    #expect(watcher.ageSeconds > before)
    let text = metrics.prometheusText()
    #expect(text.contains("millrace_config_age_seconds "))
    #expect(text.contains("millrace_config_revision 0.0"))
    #expect(await Self.comesTrue { metrics.counter("millrace_config_failures_total").value > 0 })
    await watcher.stop()
  }

  @Test func aMasterKeyOpenToOthersStopsTheStart() async throws {
    let folder = try TemporaryFolder()
    #expect(FileBytes.write(Array(MasterKeyTests.old.utf8), to: folder.file("master.key"), mode: 0o644))
    await #expect(throws: ConfigurationWatcher.Failure.self) { try await Self.start(folder) }
  }

  @Test func aGroupInUseIsToldOnceAndKeptUntilItIsThere() {
    var groups = GroupsInUse()
    let news = [(1, "user"), (1, "user"), (2, "user")].map { groups.note(app: AppID($0.0), slug: $0.1) }
    #expect(news == [true, false, true])
    #expect(groups.unreported.count == 2)
    groups.reported(.init(app: AppID(1), slug: "user"))
    #expect(groups.unreported == [.init(app: AppID(2), slug: "user")])
    let isNews = groups.note(app: AppID(1), slug: "user")
    #expect(!isNews)
  }

  @Test func aMissingTableMeansTheMigrationsHaveNotRun() {
    #expect(PostgresError.server(state: "42P01", message: "").meansNotMigrated)
    #expect(PostgresError.server(state: "3F000", message: "").meansNotMigrated)
    #expect(!PostgresError.server(state: "23505", message: "").meansNotMigrated)
    #expect(PostgresError.server(state: "23505", message: "").isDuplicate)
    #expect(!PostgresError.connectionLost("").isServerRefusal)
  }

  @Test func connectingToNothingFailsAtOnceAndInTime() {
    #expect(throws: PostgresError.self) { try PostgresConnection.connect(Self.nowhere, timeoutMilliseconds: 500) }
  }
}
