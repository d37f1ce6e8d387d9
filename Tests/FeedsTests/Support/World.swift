import Feeds
import Jobs
import KeevoClient
import Model
import Telemetry

/// A store, an engine and a clock, and what runs jobs when a test says so.
final class World: Sendable {
  let clock = ManualClock()
  let store: MemoryStore
  let engine: FeedEngine
  let metrics = Metrics()
  let app = AppID(1)
  /// Changes of the app that nobody is named for.
  var context: ChangeContext { ChangeContext(app: app) }
  let groupSource: any FeedGroupSource

  init(
    remoteShards: Set<UInt32> = [], groups: any FeedGroupSource = FixedGroups(),
    _ change: (inout FeedEngine.Options) -> Void = { _ in }
  ) {
    groupSource = groups
    let clock = clock
    var storeOptions = MemoryStore.Options(clock: { clock.milliseconds })
    storeOptions.remoteShards = remoteShards
    store = MemoryStore(options: storeOptions)
    var options = FeedEngine.Options()
    // Nobody is gone unless the test says so: the lists of readers are jobs that sleep for a month.
    options.idleMilliseconds = 0
    change(&options)
    engine = World.engine(store, clock, SequenceTimeSource(), options, metrics, groups: groups)
  }

  static func timing(_ clock: ManualClock) -> JobTiming {
    JobTiming(
      monotonicNanoseconds: { clock.milliseconds * 1_000_000 }, wallMilliseconds: { clock.milliseconds })
  }

  static func engine(
    _ store: any KeyValueStore, _ clock: ManualClock, _ times: any TimeSource, _ options: FeedEngine.Options,
    _ metrics: Metrics, groups: any FeedGroupSource = FixedGroups()
  ) -> FeedEngine {
    FeedEngine(
      store: store, times: times, groups: groups, options: options, timing: timing(clock),
      runtime: FeedRuntime(spawn: { work in Task { await work() } }, sleep: { _ in await Task.yield() }),
      logger: .silent, metrics: metrics)
  }

  // MARK: Requests

  func feed(_ name: String) -> FeedID {
    guard let feed = FeedID(name) else { preconditionFailure("no feed name: \(name)") }
    return feed
  }

  /// An activity with a foreign id made of `name`, or none for an empty one.
  func input(
    _ name: String, time: Int64? = nil, to: [String] = [], actor: String = "alice", custom: String = ""
  ) -> ActivityInput {
    let text = Array(name.utf8)
    let low = text.reduce(UInt64(5)) { $0 &* 31 &+ UInt64($1) }
    return ActivityInput(
      actor: actor, verb: "post", object: name, foreignID: name, time: time.map { ActivityTime(microseconds: $0) },
      to: to.map(feed), customMembers: Array(custom.utf8), idLowBits: low)
  }

  @discardableResult
  func add(
    _ name: String, to feed: String, time: Int64? = nil, targets: [String] = [], actor: String = "alice",
    custom: String = "", app: AppID? = nil
  ) async throws -> StoredActivity {
    try await engine.add(
      [input(name, time: time, to: targets, actor: actor, custom: custom)], to: self.feed(feed), app: app ?? self.app,
      traceID: [])[0]
  }

  func follow(_ source: String, _ target: String, copy: Int = 100) async throws {
    try await engine.follow(
      [FollowRequest(source: feed(source), target: feed(target), activityCopyLimit: copy)], app: app, traceID: [])
  }

  func unfollow(_ source: String, _ target: String, keepHistory: Bool = false) async throws {
    try await engine.unfollow(
      [UnfollowRequest(source: feed(source), target: feed(target), keepHistory: keepHistory)], app: app, traceID: [])
  }

  func remove(_ activity: StoredActivity, from feed: String) async throws {
    try await engine.remove(activity.id, from: self.feed(feed), app: app, traceID: [])
  }

  /// A feed's items as `name` or `name<origin`, newest first.
  func read(_ feed: String, app: AppID? = nil, _ change: (inout PageRequest) -> Void = { _ in }) async throws
    -> [String]
  {
    try await page(feed, app: app, change).items.map(World.text)
  }

  func page(_ feed: String, app: AppID? = nil, _ change: (inout PageRequest) -> Void = { _ in }) async throws
    -> FlatPage
  {
    var page = PageRequest(limit: 100)
    change(&page)
    return try await engine.readFlat(self.feed(feed), app: app ?? self.app, page: page)
  }

  static func text(_ item: FeedItem) -> String {
    let name = member("object", item.activity)
    return item.origin.map { "\(name)<\($0)" } ?? name
  }

  /// The value of a string member of a stored body.
  static func member(_ member: String, _ activity: StoredActivity) -> String {
    let body = String(decoding: activity.body, as: UTF8.self)
    guard let start = body.range(of: "\"\(member)\":\"") else { return "" }
    return String(body[start.upperBound...].prefix { $0 != "\"" })
  }

  /// How many rows of activities, placements, feeds' entries and jobs there are.
  func rows() async throws -> Int {
    var count = 0
    for shard in 0..<UInt32(8) {
      for rowClass in [RowClass.data, .jobs] {
        let page = try await store.scan(ScanRequest(scope: .shard(shard, rowClass), limit: 10_000, keysOnly: true))
        count += page.rows.count { ["a", "p", "e", "i", "j"].contains(UnicodeScalar($0.key.space)) }
      }
    }
    return count
  }

  // MARK: Jobs

  /// All job rows.
  func jobs() async throws -> [Row] {
    var rows: [Row] = []
    for shard in 0..<UInt32(8) {
      rows += try await store.scan(ScanRequest(scope: .shard(shard, .jobs), limit: 10_000)).rows
    }
    return rows.filter { $0.key.space == JobID.space }
  }

  /// Runs all jobs that are due, whoever holds them, until none is.
  func settle() async throws {
    for _ in 0..<10_000 {
      var ran = false
      for row in try await jobs() {
        let job = try JobRecord(row.value)
        guard job.wakeAtMilliseconds <= clock.milliseconds, let partition = row.partition else { continue }
        let lease = try await JobLease.take(
          JobID(partition: partition, rest: row.key.rest), record: job, version: row.version, holder: 99, store: store,
          timing: World.timing(clock))
        guard let lease else { continue }
        try await engine.run(lease)
        ran = true
      }
      if !ran { return }
    }
    throw FeedError.invalid("the jobs do not come to rest")
  }
}

extension String {
  /// Where a text lies, without Foundation.
  func range(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
