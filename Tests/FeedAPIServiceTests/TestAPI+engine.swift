import ControlPlane
import EventLoop
import FeedAPIService
import Feeds
import Jobs
import KeevoClient
import Model
import Telemetry

extension TestAPI {
  /// The API over the feed domain itself, on a store in memory.
  static func overEngine(
    _ change: (inout APILimits) -> Void = { _ in }, app: (inout AppConfiguration) -> Void = { _ in }
  ) -> TestAPI {
    let store = LossyStore(MemoryStore())
    let engine = FeedEngine(
      store: store, times: CountingTimes(), groups: FixedGroups(TestAPI.groups),
      timing: JobTiming(wallMilliseconds: { UInt64(wallClockMicroseconds() / 1_000) }), logger: .silent,
      metrics: Metrics())
    return TestAPI(feeds: engine, store: store, change, app: app)
  }
}
