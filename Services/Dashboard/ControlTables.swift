import ControlPlane
import EventLoop
import Synchronization
import Telemetry

/// Brings the tables up to date when the service starts, and keeps trying while PostgreSQL is away.
final class ControlTables: Sendable {
  private struct State {
    var trouble: String? = "the tables have not been looked at yet"
    var isStopping = false
  }

  private let state = Mutex(State())
  private let postgres: String
  private let logger: Logger
  private let pool = BlockingPool(threadsMax: 1, queueMax: 1)
  private static let retryNanoseconds: UInt64 = 500_000_000

  init(postgres: String, logger: Logger) {
    self.postgres = postgres
    self.logger = logger
  }

  /// `nil` once they are up to date.
  var notReadyReason: String? { state.withLock { $0.trouble } }

  /// - Throws: `Migrator.Failure` where trying again cannot help: another history, or a newer database.
  func start() async throws {
    if try await attempt() { return }
    Task {
      var isDone = false
      while !isDone, !state.withLock({ $0.isStopping }) {
        try? await Task.sleep(nanoseconds: Self.retryNanoseconds)
        do { isDone = try await attempt() } catch {
          // The database came up with a shape that is not ours: stay unready and say so.
          state.withLock { $0.trouble = "\(error)" }
          logger.error("the tables cannot be brought up to date", [("reason", "\(error)")])
          isDone = true
        }
      }
    }
  }

  func stop() { state.withLock { $0.isStopping = true } }

  private func attempt() async throws -> Bool {
    let postgres = postgres
    let result = try await pool.run { () -> Result<[Migration], any Error> in
      Result { try Migrator().run(try PostgresConnection.connect(postgres, application: "millrace dashboard-api")) }
    }
    switch result {
    case .success(let done):
      for migration in done {
        logger.info("migrated", [("version", "\(migration.version)"), ("name", migration.name)])
      }
      state.withLock { $0.trouble = nil }
      return true
    case .failure(let error):
      if let failure = error as? Migrator.Failure, !failure.isPassing { throw failure }
      let isNews = state.withLock { state in
        defer { state.trouble = "\(error)" }
        return state.trouble != "\(error)"
      }
      if isNews { logger.warning("the tables cannot be reached yet; trying again", [("reason", "\(error)")]) }
      return false
    }
  }
}
