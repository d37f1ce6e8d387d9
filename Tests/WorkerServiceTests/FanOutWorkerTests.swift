import EventLoop
import Feeds
import KeevoClient
import Model
import ServiceKit
import Telemetry
import Testing

@testable import WorkerService

@Suite struct FanOutWorkerTests {
  private let store = MemoryStore()
  private let app = AppID(1)

  private func engine() -> FeedEngine {
    var options = FeedEngine.Options()
    options.visibleFeedsMax = 3
    return FeedEngine(store: store, groups: FixedGroups(), options: options, logger: .silent, metrics: Metrics())
  }

  private func worker(_ loops: EventLoopGroup) async throws -> WorkerService {
    let context = ServiceContext(
      configuration: Configuration(values: ["listen": "127.0.0.1:0", "drain-seconds": "5"]), loops: loops,
      logger: .silent, metrics: Metrics())
    return try await WorkerService.start(store: store, groups: FixedGroups(), laneWidth: 2, context: context)
  }

  @Test func theWorkerGivesAnActivityToTheFollowersThatTheAnswerDidNotWaitFor() async throws {
    let loops = EventLoopGroup(count: 1)
    let worker = try await worker(loops)
    let engine = engine()
    let user = try #require(FeedID("user:a"))
    let fans = (0..<20).compactMap { FeedID("timeline:f\($0)") }
    try await engine.follow(fans.map { FollowRequest(source: $0, target: user) }, app: app, traceID: [])
    let input = ActivityInput(actor: "a", verb: "v", object: "o", idLowBits: 1)
    _ = try await engine.add([input], to: user, app: app, traceID: [])
    var reached = 0
    for _ in 0..<500 where reached < fans.count {
      reached = 0
      for fan in fans { reached += try await engine.readFlat(fan, app: app, page: PageRequest()).items.count }
      try await Task.sleep(nanoseconds: 10_000_000)
    }
    #expect(reached == fans.count)
    #expect(await worker.notReadyReason() == nil)
    await worker.drain()
    loops.stop()
  }
}
