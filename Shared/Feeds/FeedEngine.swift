import Jobs
import KeevoClient
import Model
import Telemetry

/// The feed domain over a store: writes, fan-out, follows, reads.
///
/// The activity's own partition orders everything about it: one sub-batch holds its body, its *placements* (in which
/// feeds it is) and the job that spreads it (B8). Rows in feeds are hints that cite the placement and the edge they came
/// by; a reader drops those whose citation no longer stands (B9), so a removal or an unfollow is visible everywhere
/// after one write, and everything after it only collects garbage. Jobs may run twice, late, or half: each step is
/// idempotent, begins at its cursor, and takes back what it wrote for a placement that has gone meanwhile.
///
/// The same code runs a job's *visible part* in feed-api before it answers (B8, B13) and the whole job in a worker.
public final class FeedEngine: FeedService {
  public struct Options: Sendable {
    /// Followers and feeds written before an add is answered (feeds F10).
    public var visibleFeedsMax = 1_000
    /// After so long an answer waits no more for the visible part (B13).
    public var visibleMilliseconds: UInt64 = 2_000
    /// Edges and fan-out entries are written not later than this after the read that showed the edge standing (B9).
    public var fenceMilliseconds: UInt64 = 3_600_000
    /// How long an ended edge's mark and end stay (B9, B11); far more than the fence and any skew of clocks.
    public var markMilliseconds: UInt64 = 86_400_000
    /// Followers a step of a fan-out writes to.
    public var fanOutPageMax = 5_000
    /// Newest activities of a feed that a ranked read scores (feeds K8).
    public var rankedWindowMax = 1_000
    /// Activities that a filtered read looks at; after them its page ends, and `next` goes on.
    public var filterScanMax = 1_000
    /// Activities of the foreign ids that a filter names, up to which these are looked up instead of walking the feed.
    public var foreignIDHintsMax = 100
    /// Rows and bodies asked for in one ScanJoin.
    public var joinRowsMax = 256
    /// Rows in one step of a copy or a collection.
    public var stepRowsMax = 500
    /// Placements of one activity, and how many of them its record's header holds (B8).
    public var placementsMax = 10_000
    public var headerPlacementsMax = 256
    /// Placements that one job spreads or collects.
    public var jobPlacementsMax = 1_000
    /// Groups of a notification feed that are counted as unseen and unread (feeds L18).
    public var groupsCountedMax = 1_000
    /// Garbage rows that one read has deleted.
    public var garbagePerReadMax = 128
    /// Followers of a feed in one partition; above it a bucket is split (B11).
    public var bucketFollowersMax = 1_000_000
    /// Edges that one feed pulls; further ones stay pushed (B12).
    public var pullEdgesMax = 256
    /// Rows of a pulled source that a read passes over by id before it looks by arrival.
    public var pullSkipMax = 1_000
    /// Arrivals of a pulled source that a read takes at once; where there are more it goes on by id.
    public var pullArrivalsMax = 10_000
    /// Activities that were made so long before an edge was switched are looked for by arrival.
    public var pullBackdatedMilliseconds: UInt64 = 3_600_000
    /// After so long without a read a feed's edges are pulled; 0: never.
    public var idleMilliseconds: UInt64 = 30 * 86_400_000
    /// The time of a feed's last read is written no oftener (B12); also the length of a day in the lists of readers.
    public var lastReadMilliseconds: UInt64 = 86_400_000
    /// Parts of the list of a day's readers.
    public var readerListParts: UInt64 = 16
    /// Attempts of a write that others change under us.
    public var contentionTriesMax = 64
    /// Levels of reactions: to an activity, to that, and so on (feeds L15).
    public var reactionLevelsMax = 3
    /// Kinds of reactions that are counted and shown of one activity or reaction, by their names' order.
    public var reactionKindsMax = 256
    /// Children shown inside a reaction, over all kinds (feeds L14).
    public var latestChildrenMax = 10
    /// Reactions that one enriched page may show of its activities, the latest and the own; more is refused.
    public var reactionsPerPageMax = 10_000
    /// Reactions of a kind shown as the user's own (feeds H6, R7).
    public var ownReactionsMax = 5
    /// Days after which entries of the audit log are shown no more; 0: never.
    public var auditRetentionDays = 0
    /// Calls in flight for one request.
    public var requestWidthMax = 16
    /// Rules switched off, to prove that the tests would notice.
    public var faults: Faults = []
    public init() {}

    /// `idleMilliseconds` in days.
    public var idleDays: Int {
      get { Int(idleMilliseconds / 86_400_000) }
      set { idleMilliseconds = UInt64(max(0, newValue)) * 86_400_000 }
    }
  }

  /// Rules that a test can switch off. Production code sets none.
  public struct Faults: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Rows are written anew at each attempt, readers do not collapse: nothing is idempotent.
    public static let notIdempotent = Faults(rawValue: 1)
    /// A placement made again gets the epoch it had.
    public static let epochsReused = Faults(rawValue: 2)
    /// Ended edges are not noted.
    public static let noEnds = Faults(rawValue: 4)
    /// A follow copies before its edge stands.
    public static let copyBeforeEdge = Faults(rawValue: 8)
    /// Requests leave pending jobs to workers.
    public static let noHelp = Faults(rawValue: 16)
    /// Own rows are overwritten, so that their arrival changes.
    public static let arrivalMoves = Faults(rawValue: 32)
    /// What arrived before the follow is fanned out as well as copied.
    public static let noSince = Faults(rawValue: 64)
    /// Late writes are not refused.
    public static let noFence = Faults(rawValue: 128)
    /// A removal from a feed hides nothing there that came by follows.
    public static let noHides = Faults(rawValue: 256)
    /// Fan-outs still on their way forget relations that ended with `keep_history`.
    public static let noFormer = Faults(rawValue: 512)
    /// Placements beyond the header are not looked up.
    public static let noRows = Faults(rawValue: 1_024)
    /// Targets that a change of `to` takes away keep their placements.
    public static let targetsStay = Faults(rawValue: 2_048)
    /// What `add_to_many` adds is given to followers.
    public static let manySpread = Faults(rawValue: 4_096)
    /// Audit entries are written beside the change, without a job in its sub-batch.
    public static let auditApart = Faults(rawValue: 8_192)
    /// A reaction is counted twice.
    public static let countsTwice = Faults(rawValue: 1 << 20)
    /// Late and repeated insertions of reactions are not refused.
    public static let reactionsReturn = Faults(rawValue: 1 << 21)
    /// Late writers of a reaction's activity in target feeds are not refused.
    public static let noticesReturn = Faults(rawValue: 1 << 22)
    /// While a bucket is split, only the new one is written.
    public static let splitWritesOne = Faults(rawValue: 1 << 28)
    /// A new bucket is read though nobody was copied into it.
    public static let splitFillsNothing = Faults(rawValue: 1 << 29)
    /// A pulled edge is given nothing, not even what arrived before it was switched.
    public static let pulledNotPushed = Faults(rawValue: 1 << 24)
    /// Reads take from pulled sources what `add_to_many` put there.
    public static let pullsMany = Faults(rawValue: 1 << 25)
    /// On the way back to push nothing is copied.
    public static let backWithoutCopy = Faults(rawValue: 1 << 26)
    /// Who copies into an aggregated feed does not look whether the job is still its own.
    public static let copyUnfenced = Faults(rawValue: 1 << 31)
    /// The hint from a foreign id is written before the record alone.
    public static let hintOnce = Faults(rawValue: 1 << 30)
    /// An unfollow with `keep_history` forgets what was pulled.
    public static let keepsNoPulled = Faults(rawValue: 1 << 27)
    /// Activities enter aggregated feeds by placements that have gone.
    public static let noGone = Faults(rawValue: 16_384)
    /// An activity is counted in its group each time it enters.
    public static let membersTwice = Faults(rawValue: 32_768)
    /// Members take the actor from older versions of the body too.
    public static let anyVersion = Faults(rawValue: 65_536)
    /// Who wrote into an aggregated feed does not look again whether the activity has changed.
    public static let noSecondLook = Faults(rawValue: 131_072)
  }

  let store: any KeyValueStore
  let times: any TimeSource
  let groups: any FeedGroupSource
  let options: Options
  let timing: JobTiming
  let activityCounts: any ActivityCounts
  let runtime: FeedRuntime
  /// What counts the apps' use; `nil`: nothing does.
  let usage: UsageLedger?
  let auditLog: AuditLog
  let logger: Logger
  /// Who holds the jobs that this process runs.
  let holder: UInt64
  let fanOutLate: Counter
  let fanOutEntries: Counter
  let garbageRows: Counter
  let jobSteps: Counter
  let unreadableRows: Counter
  let aggregateWrites: Counter
  let switches: Counter
  /// Changes of aggregated feeds on their way.
  let aggregateQueue = AggregateQueue()
  let formats = FormatCache()

  public init(
    store: any KeyValueStore, times: any TimeSource, groups: any FeedGroupSource, options: Options = Options(),
    timing: JobTiming, activityCounts: (any ActivityCounts)? = nil, runtime: FeedRuntime = .live,
    usage: UsageLedger? = nil, logger: Logger, metrics: Metrics, holder: UInt64 = .random(in: 1...(.max))
  ) {
    self.store = store
    auditLog = AuditLog(store: store)
    self.times = times
    self.groups = groups
    self.options = options
    self.timing = timing
    self.activityCounts = activityCounts ?? StoredActivityCounts(store: store)
    self.runtime = runtime
    self.usage = usage
    self.logger = logger
    self.holder = holder
    fanOutLate = metrics.counter(
      "fanout_late_total", help: "Answers given before the visible part of their job was done")
    fanOutEntries = metrics.counter("fanout_entries_total", help: "Entries written to followers")
    garbageRows = metrics.counter("feed_garbage_rows_total", help: "Rows of feeds deleted because nothing cites them")
    jobSteps = metrics.counter("feed_job_steps_total", help: "Steps of feed jobs run")
    unreadableRows = metrics.counter(
      "feed_unreadable_rows_total", help: "Rows that a read could do without and that this version does not understand")
    switches = metrics.counter("feed_follows_switched_total", help: "Follows switched between push and pull")
    aggregateWrites = metrics.counter(
      "feed_aggregate_writes_total", help: "Conditional writes into aggregated and notification feeds")
  }

  // MARK: What the parts share

  /// Activities have come into that many feeds (insight D52). A step that is run again counts again.
  func noteFeedUpdates(_ count: Int, _ app: AppID) { usage?.note(.feedUpdates, count, app: app) }

  func noteEntries(_ count: Int, _ app: AppID) {
    fanOutEntries.increment(by: count)
    noteFeedUpdates(count, app)
  }

  func fence() -> UInt64 {
    options.faults.contains(.noFence) ? .max : timing.wallMilliseconds() + options.fenceMilliseconds
  }

  func write(_ batches: [SubBatch], _ traceID: [UInt8]) async throws(StoreError) -> [SubBatchResult] {
    if batches.isEmpty { return [] }
    let results = try await store.write(WriteRequest(batches: batches, traceID: traceID)).results
    guard results.count == batches.count else { throw .unknown("the store answered another number of sub-batches") }
    return results
  }

  func get(_ partition: Partition, _ key: RowKey) async throws(StoreError) -> VersionedValue? {
    try await store.get(GetRequest(partition: partition, key: key)).row
  }

  /// Rows of any number of partitions, in calls of legal size.
  func multiGet(_ items: [MultiGetRequest.Item]) async throws(StoreError) -> [VersionedValue?] {
    if items.count <= StoreLimits.multiGetKeysMax {
      return items.isEmpty ? [] : try await store.multiGet(MultiGetRequest(items: items)).rows
    }
    var rows: [VersionedValue?] = []
    var rest = items[...]
    while !rest.isEmpty {
      rows += try await store.multiGet(MultiGetRequest(items: Array(rest.prefix(StoreLimits.multiGetKeysMax)))).rows
      rest = rest.dropFirst(StoreLimits.multiGetKeysMax)
    }
    return rows
  }

  /// The stamp after which everything written to the partition is new.
  func readStamp(_ partition: Partition) async throws(StoreError) -> Stamp {
    try await store.get(GetRequest(partition: partition, key: FeedKeys.edges)).readStamp
  }

  func record(_ row: VersionedValue?) throws(StoreError) -> ActivityRecord? {
    guard let row else { return nil }
    do { return try ActivityRecord(row.value) } catch { throw .unknownFormat("activity: \(error)") }
  }

  func activityRecord(
    _ id: ActivityID, _ app: AppID
  ) async throws(StoreError) -> (record: ActivityRecord?, version: Stamp?) {
    let row = try await get(FeedKeys.activity(id, app), FeedKeys.record)
    return (try record(row), row?.version)
  }

  /// Runs the visible part of what a request has just made durable: its failure or delay never changes the answer (B13).
  func visible(_ what: String, _ work: @escaping @Sendable () async throws(JobError) -> Void) async {
    let attempt: @Sendable () async -> Void = { [self] in
      do throws(JobError) {
        try await work()
      } catch .leaseLost {
        // Somebody else runs the job now.
      } catch {
        fanOutLate.increment()
        logger.warning("the visible part of a request is left to the workers", [("part", what), ("error", "\(error)")])
      }
    }
    guard let timer = runtime.timer else { return await attempt() }
    let first = FirstOf()
    guard let cancel = timer(options.visibleMilliseconds * 1_000_000, { first.signal(false) }) else {
      return await attempt()
    }
    runtime.spawn {
      await attempt()
      first.signal(true)
    }
    if await first.wait() {
      cancel()
    } else {
      fanOutLate.increment()
    }
  }

  /// Runs `body` for each item, at most `requestWidthMax` at once, and gives the results in order.
  func concurrently<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) async -> Result
  ) async -> [Result] {
    if items.count == 1 { return [await body(items[0])] }
    return await withTaskGroup(of: (Int, Result).self) { group in
      var results: [Result?] = Array(repeating: nil, count: items.count)
      var next = 0
      func start() {
        guard next < items.count else { return }
        let index = next
        let item = items[index]
        next += 1
        group.addTask { (index, await body(item)) }
      }
      for _ in 0..<min(options.requestWidthMax, items.count) { start() }
      while let (index, result) = await group.next() {
        results[index] = result
        start()
      }
      return results.compactMap { $0 }
    }
  }
}

extension Result where Failure == StoreError {
  /// What an untyped task group can carry of a typed call.
  static func of(_ body: () async throws(StoreError) -> Success) async -> Result {
    do throws(StoreError) { return .success(try await body()) } catch { return .failure(error) }
  }
}
