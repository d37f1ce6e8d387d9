import EventLoop
import Feeds
import Jobs
import KeevoClient
import Model
import Telemetry
import Testing

/// While the store is away requests fail with 503 and a time to try again, after the client's time for a call.
@Suite struct StoreAwayTests {
  @Test func readsAndWritesAnswer503InTime() async throws {
    let loops = EventLoopGroup(count: 1)
    var settings = KeevoClient.Settings()
    settings.callMilliseconds = 200
    let client = KeevoClient(
      address: "127.0.0.1:1", loops: loops, settings: settings, logger: .silent, metrics: Metrics())
    let engine = FeedEngine(
      store: client, times: CountingTimes(), groups: FixedGroups(TestAPI.groups),
      timing: JobTiming(wallMilliseconds: { UInt64(wallClockMicroseconds() / 1_000) }), logger: .silent,
      metrics: Metrics())
    let api = TestAPI(feeds: engine)
    // On the loop, as the service does: the pool of the tests has others to serve.
    let (read, write, milliseconds) = await Task(executorPreference: loops.loops[0]) {
      let began = monotonicNanoseconds()
      let read = await api.call(.get, "feed/user/1/")
      let write = await api.call(.post, "feed/user/1/", body: TestAPI.activity)
      return (read, write, (monotonicNanoseconds() - began) / 1_000_000)
    }.value
    #expect(read.status == 503 && write.status == 503)
    #expect(read.header("Retry-After") != nil && write.header("Retry-After") != nil)
    // Far more than it takes: the machine may be busy.
    #expect(milliseconds < 60_000, "\(milliseconds) ms")
    await client.close()
    loops.stop()
  }
}
