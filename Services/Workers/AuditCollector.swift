import EventLoop
import Feeds
import KeevoClient
import Model
import Synchronization
import Telemetry

/// Deletes expired entries of all apps' audit logs, once an hour. Several workers may: the second finds nothing.
final class AuditCollector: Sendable {
  static let everyNanoseconds: UInt64 = 3_600_000_000_000
  /// How often it is asked whether to stop.
  private static let turnNanoseconds: UInt64 = 1_000_000_000

  private let log: AuditLog
  private let apps: @Sendable () -> [AppID]
  private let retentionDays: Int
  private let logger: Logger
  private let isStopped = Atomic<Bool>(false)

  init(store: any KeyValueStore, apps: @escaping @Sendable () -> [AppID], retentionDays: Int, logger: Logger) {
    log = AuditLog(store: store)
    self.apps = apps
    self.retentionDays = retentionDays
    self.logger = logger
  }

  func start(on loop: EventLoop) {
    guard retentionDays > 0 else { return }
    Task(executorPreference: loop) { [self] in
      var waited = Self.everyNanoseconds
      while !isStopped.load(ordering: .relaxed) {
        if waited >= Self.everyNanoseconds {
          waited = 0
          await collect()
        }
        await loop.sleep(nanoseconds: Self.turnNanoseconds)
        waited += Self.turnNanoseconds
      }
    }
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// One round over all apps.
  func collect() async {
    let now = UInt64(max(0, wallClockMicroseconds()) / 1_000)
    guard let expiry = AuditLog.expiry(retentionDays: retentionDays, nowMilliseconds: now) else { return }
    for app in apps() {
      do throws(StoreError) {
        let count = try await log.collect(app: app, before: expiry) { [self] in isStopped.load(ordering: .relaxed) }
        if count > 0 { logger.info("expired audit entries are gone", [("app", "\(app)"), ("count", "\(count)")]) }
      } catch {
        logger.warning("expired audit entries stay until the next round", [("app", "\(app)"), ("error", "\(error)")])
      }
    }
  }
}
