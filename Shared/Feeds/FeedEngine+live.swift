import Jobs
import KeevoClient
import Model
import Telemetry

extension FeedEngine {
  /// The engine that services run: the process's clocks, times of a leased slot.
  public convenience init(
    store: any KeyValueStore, groups: any FeedGroupSource, options: Options = Options(),
    usage: UsageLedger? = nil, logger: Logger, metrics: Metrics
  ) {
    self.init(
      store: store, times: LeasedTimeSource(store: store), groups: groups, options: options, timing: .live,
      usage: usage, logger: logger, metrics: metrics)
  }
}
