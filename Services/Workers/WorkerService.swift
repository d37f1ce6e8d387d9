import EventLoop
import Feeds
import Jobs
import KeevoClient
import ServiceKit
import Telemetry

/// The running worker: finds jobs in the store and runs those of the feed domain.
public struct WorkerService: RunningService {
  private let runner: JobRunner

  /// Starts to work on what lies in `store`.
  public init(store: any KeyValueStore, laneWidth: Int, context: ServiceContext) {
    let engine = FeedEngine(store: store, logger: context.logger, metrics: context.metrics)
    var limits = JobTable.Limits()
    limits.laneWidth = laneWidth
    runner = JobRunner(
      store: store, handlers: [engine], timing: .live, limits: limits, loops: context.loops, logger: context.logger,
      metrics: context.metrics)
    runner.start()
  }

  public func notReadyReason() async -> String? { runner.notReadyReason }

  public func drain() async { await runner.drain() }
}
