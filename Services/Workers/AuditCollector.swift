import Feeds
import KeevoClient
import Model
import Telemetry

/// Deletes expired entries of apps' audit logs.
struct AuditCollector: Sendable {
  private let log: AuditLog
  private let retentionDays: Int
  private let logger: Logger

  init(store: any KeyValueStore, retentionDays: Int, logger: Logger) {
    log = AuditLog(store: store)
    self.retentionDays = retentionDays
    self.logger = logger
  }

  func collect(_ app: AppID, isStopped: @Sendable () -> Bool) async {
    let now = UInt64(max(0, wallClockMicroseconds()) / 1_000)
    guard let expiry = AuditLog.expiry(retentionDays: retentionDays, nowMilliseconds: now) else { return }
    do throws(StoreError) {
      let count = try await log.collect(app: app, before: expiry, shouldStop: isStopped)
      if count > 0 { logger.info("expired audit entries are gone", [("app", "\(app)"), ("count", "\(count)")]) }
    } catch {
      logger.warning("expired audit entries stay until the next round", [("app", "\(app)"), ("error", "\(error)")])
    }
  }
}
