import EventLoop
import Feeds
import HTTP
import Jobs
import KeevoClient
import Model
import ServiceKit
import Telemetry

/// The running worker: finds jobs in the store and runs those of the feed domain.
public struct WorkerService: RunningService {
  private let runner: JobRunner
  private let http: HTTPService
  private let notReady: @Sendable () -> String?
  private let close: @Sendable () async -> Void

  /// Starts to work on what lies in `store`, for feeds of `groups`; `close` is called when all work has ended. Without `files`
  /// nobody takes back unfinished uploads.
  public static func start(
    store: any KeyValueStore, groups: any FeedGroupSource, options: FeedEngine.Options = FeedEngine.Options(),
    files: UploadStore? = nil, laneWidth: Int, context: ServiceContext,
    apps: @escaping @Sendable () -> [AppID] = { [] },
    notReadyReason: @escaping @Sendable () -> String? = { nil }, close: @escaping @Sendable () async -> Void = {}
  ) async throws -> WorkerService {
    let usage = UsageLedger(store: store, logger: context.logger)
    let engine = FeedEngine(
      store: store, groups: groups, options: options, usage: usage, logger: context.logger, metrics: context.metrics)
    var limits = JobTable.Limits()
    limits.laneWidth = laneWidth
    let runner = JobRunner(
      store: store, handlers: [engine], timing: .live, limits: limits, loops: context.loops, logger: context.logger,
      metrics: context.metrics)
    let http = try await HTTPService.start(NotServedYetHandler(service: "worker"), context: context)
    runner.start()
    usage.start(
      on: context.loops.any(),
      everyMilliseconds: context.configuration.integer("usage-milliseconds") ?? UsageLedger.everyMillisecondsDefault)
    let audit = AuditCollector(
      store: store,
      retentionDays: context.configuration.integer("audit-retention-days") ?? AuditLog.retentionDaysDefault,
      logger: context.logger)
    let uploads = files.map { UploadCollector(files: $0, logger: context.logger) }
    let rounds = HourlyRounds(apps: apps) { app, isStopped in
      await audit.collect(app, isStopped: isStopped)
      await uploads?.collect(app, isStopped: isStopped)
    }
    rounds.start(on: context.loops.any())
    return WorkerService(
      runner: runner, http: http, notReady: notReadyReason,
      close: {
        rounds.stop()
        await usage.stop()
        await close()
      })
  }

  public func notReadyReason() async -> String? { notReady() ?? runner.notReadyReason }

  public func drain() async {
    await runner.drain()
    await http.drain()
    await close()
  }
}
