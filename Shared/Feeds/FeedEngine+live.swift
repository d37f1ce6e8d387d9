import Jobs
import KeevoClient
import Telemetry

extension FeedEngine {
  /// The engine that services run: the process's clocks, times of a leased slot.
  public convenience init(store: any KeyValueStore, options: Options = Options(), logger: Logger, metrics: Metrics) {
    self.init(
      store: store, times: LeasedTimeSource(store: store), options: options, timing: .live, logger: logger,
      metrics: metrics)
  }
}
