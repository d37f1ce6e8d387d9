import EventLoop
import FeedAPIService
import Feeds
import HTTP
import Jobs
import KeevoClient
import Model
import Synchronization
import Telemetry
import Testing

/// A request's trace goes with every call of the store, reads as well as writes, and into jobs (B22).
@Suite struct TraceTests {
  private let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  private let trace = "0af7651916cd43dd8448eb211c80319c"

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ bytes: [UInt8]) { lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
    func take() -> [String] {
      lines.withLock { lines in
        defer { lines = [] }
        return lines
      }
    }
  }

  @Test func theStoreSeesTheTraceOfEachRequestAndNoOther() async throws {
    let lines = Lines()
    try await ServedStore.run(logger: Logger(service: "keevo", level: .debug) { lines.add($0) }) { served in
      let loops = EventLoopGroup(count: 1, name: "test")
      let client = KeevoClient(address: served.address, loops: loops, logger: .silent, metrics: Metrics())
      var options = FeedEngine.Options()
      options.visibleFeedsMax = 1
      let engine = FeedEngine(
        store: client, times: CountingTimes(), groups: FixedGroups(TestAPI.groups), options: options,
        timing: JobTiming(wallMilliseconds: { UInt64(wallClockMicroseconds() / 1_000) }), logger: .silent,
        metrics: Metrics())
      let api = TestAPI(feeds: engine)
      for fan in 0..<5 {
        let path = "feed/timeline/\(fan)/following/"
        #expect(await api.call(.post, path, body: #"{"target":"user:1"}"#).status == 201)
      }
      _ = lines.take()
      let added = await api.call(
        .post, "feed/user/1/", body: TestAPI.activity, headers: [("traceparent", header)])
      #expect(added.status == 201)
      let writes = await calls(lines, "/Write\"")
      #expect(!writes.isEmpty && writes.allSatisfy { $0.contains(trace) })
      // The job that is left for the worker has it too.
      var left: [JobRecord] = []
      for shard in try await client.topology().shards {
        left += try await client.scan(ScanRequest(scope: .shard(shard.id, .jobs), limit: 10)).rows.map {
          try JobRecord($0.value)
        }
      }
      let fanOuts = left.filter { $0.kind == .fanOut }
      #expect(fanOuts.map(\.traceID) == [TraceID(traceparent: header)?.bytes], "\(left)")
      #expect(await api.call(.get, "feed/user/1/", headers: [("traceparent", header)]).status == 200)
      let reads = await calls(lines, "/ScanJoin\"")
      #expect(reads.count == 1 && reads.allSatisfy { $0.contains(trace) })
      // Without the header a request gets one of its own.
      #expect(await api.call(.get, "feed/user/1/").status == 200)
      let own = await calls(lines, "/ScanJoin\"")
      #expect(own.count == 1 && own.allSatisfy { $0.contains("\"trace\":") && !$0.contains(trace) })
      await client.close()
      loops.stop()
    }
  }

  /// The store's lines about calls of that kind; it may write them just after the answer.
  private func calls(_ lines: Lines, _ method: String) async -> [String] {
    for _ in 0..<200 {
      let found = lines.take().filter { $0.contains(method) }
      if !found.isEmpty { return found }
      try? await Task.sleep(nanoseconds: 5_000_000)
    }
    return []
  }
}
