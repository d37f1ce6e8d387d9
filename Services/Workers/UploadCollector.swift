import Feeds
import Model
import Telemetry

/// Takes back uploads that began and never became known: a crash, or an object storage that failed, came between.
struct UploadCollector: Sendable {
  let files: UploadStore
  let logger: Logger

  func collect(_ app: AppID, isStopped: @Sendable () -> Bool) async {
    var total = 0
    do throws(UploadError) {
      var count = 0
      repeat {
        count = try await files.collect(app: app, limit: Self.roundMax)
        total += count
      } while count == Self.roundMax && !isStopped()
    } catch {
      logger.warning(
        "what unfinished uploads left stays until the next round", [("app", "\(app)"), ("error", "\(error)")])
    }
    if total > 0 { logger.info("unfinished uploads are taken back", [("app", "\(app)"), ("count", "\(total)")]) }
  }

  private static let roundMax = 1_000
}
