import Jobs
import KeevoClient
import Model

extension FeedEngine {
  /// One relation of a request, as bytes.
  private struct Wanted: Sendable {
    var source: [UInt8]
    var target: [UInt8]
    var group: [UInt8]
    var limit: UInt16
    var createdAt: ActivityTime
  }

  public func follow(_ requests: [FollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError) {
    var seen: Set<[FeedID]> = []
    let once = requests.filter { seen.insert([$0.source, $0.target]).inserted }
    if once.isEmpty { return }
    let jobs: [JobLease]
    let standing: [JobID]
    do throws(StoreError) {
      let moments = try await times.next(once.count, app: app)
      let wanted = zip(once, moments).map { request, moment in
        Wanted(
          source: request.source.nameBytes, target: request.target.nameBytes, group: Array(request.target.group.utf8),
          limit: UInt16(clamping: request.activityCopyLimit), createdAt: moment)
      }
      guard let outcome = try await commit(wanted, app, traceID) else { throw .overloaded("") }
      (jobs, standing) = outcome
    } catch .overloaded("") {
      throw .contention
    } catch {
      throw .store(error)
    }
    await visible("follow") { [self] () throws(JobError) in
      var errors: [JobError?] = []
      if !options.faults.contains(.noHelp) {
        errors += await concurrently(standing) { [self] id in
          await failure { () throws(JobError) in try await takeOver(id) }
        }
      }
      errors += await concurrently(Array(jobs.prefix(options.visibleFeedsMax))) { [self] lease in
        await failure { () throws(JobError) in try await runOwn(lease) }
      }
      // What is past the visible part goes to the workers at once.
      errors += await concurrently(Array(jobs.dropFirst(options.visibleFeedsMax))) { [self] lease in
        await failure { () throws(JobError) in try await lease.release() }
      }
      for case let error? in errors { throw error }
    }
  }

  /// What an untyped task group can carry of a typed call.
  func failure(_ body: () async throws(JobError) -> Void) async -> JobError? {
    do throws(JobError) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  /// Writes records and jobs. Gives the new jobs, and those of relations that stood already; `nil` after too many attempts.
  private func commit(
    _ wanted: [Wanted], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> (jobs: [JobLease], standing: [JobID])? {
    var jobs: [JobLease] = []
    var standing: [JobID] = []
    var waiting = wanted
    var failures = 0
    while failures < options.contentionTriesMax {
      let rows = try await multiGet(
        waiting.map { .init(partition: FeedKeys.feed(named: $0.source, app.rawValue), key: FeedKeys.follow($0.target)) }
      )
      var open: [(wanted: Wanted, old: VersionedValue?, record: FollowRecord?)] = []
      for (item, row) in zip(waiting, rows) {
        let record = try followRecord(row)
        if let record, record.state == .live {
          // The copy of the relation as it stands, and its last switch.
          let partition = FeedKeys.feed(named: item.source, app.rawValue)
          standing += Set([record.epoch, record.turn]).sorted().map { JobID(partition: partition, stamp: $0) }
        } else {
          open.append((item, row, record))
        }
      }
      if open.isEmpty { return (jobs, standing) }
      let targets = try await followed(Set(open.map(\.wanted.target)), app)
      let edges = try await edges(
        ofPullers: Set(open.filter { targets[$0.wanted.target]?.pulls ?? false }.map(\.wanted.source)), app)
      waiting = []
      var changing: Set<[UInt8]> = []
      var begun: [Wanted] = []
      var batches: [SubBatch] = []
      var records: [JobRecord] = []
      for item in open {
        guard let target = targets[item.wanted.target] else { continue }
        let own = target.pulls ? edges[item.wanted.source] : nil
        // All such follows of a source change its `edges` row: one at a time.
        if own != nil, !changing.insert(item.wanted.source).inserted {
          waiting.append(item.wanted)
          continue
        }
        let (batch, job) = begin(item.wanted, item.old, item.record, target.stamp, own, app, traceID)
        begun.append(item.wanted)
        batches.append(batch)
        records.append(job)
      }
      let results = try await write(batches, traceID)
      if !results.contains(where: \.applied) { failures += 1 }
      for (index, result) in results.enumerated() {
        guard result.applied else {
          waiting.append(begun[index])
          continue
        }
        let id = JobID(partition: batches[index].partition, stamp: result.stamp)
        jobs.append(JobLease(id, record: records[index], version: result.stamp, store: store, timing: timing))
      }
      if waiting.isEmpty { return (jobs, standing) }
    }
    return nil
  }

  func followRecord(_ row: VersionedValue?) throws(StoreError) -> FollowRecord? {
    guard let row else { return nil }
    do { return try FollowRecord(row.value) } catch { throw .unknownFormat("follow: \(error)") }
  }

  /// A target before a follow begins: the stamp it was read at (B11), and whether its followers pull (B12).
  private struct Followed: Sendable {
    var stamp: Stamp
    var pulls: Bool
  }

  private func followed(_ targets: Set<[UInt8]>, _ app: AppID) async throws(StoreError) -> [[UInt8]: Followed] {
    let list = targets.sorted { $0.lexicographicallyPrecedes($1) }
    let outcomes = await concurrently(list) { [self] target in
      await Result.of { () throws(StoreError) in
        let home = FeedKeys.feed(named: target, app.rawValue)
        let read = try await store.get(GetRequest(partition: home, key: FeedKeys.reach))
        return Followed(stamp: read.readStamp, pulls: try reach(read.row).pulls)
      }
    }
    var out: [[UInt8]: Followed] = [:]
    for (target, outcome) in zip(list, outcomes) { out[target] = try outcome.get() }
    return out
  }

  /// The `edges` row of a feed into which a pull edge is to go.
  private struct HeldEdges: Sendable {
    var row: EdgesRow
    var version: Stamp?

    var condition: Condition { version.map { .versionEquals(FeedKeys.edges, $0) } ?? .absent(FeedKeys.edges) }
  }

  /// The rows of those of the feeds that may pull one more: aggregated feeds are always pushed to.
  private func edges(ofPullers feeds: Set<[UInt8]>, _ app: AppID) async throws(StoreError) -> [[UInt8]: HeldEdges] {
    var list: [[UInt8]] = []
    for feed in feeds where try aggregatedGroup(ofFeed: feed, app) == nil { list.append(feed) }
    if list.isEmpty { return [:] }
    let rows = try await multiGet(
      list.map { .init(partition: FeedKeys.feed(named: $0, app.rawValue), key: FeedKeys.edges) })
    var out: [[UInt8]: HeldEdges] = [:]
    for (feed, row) in zip(list, rows) {
      let edges = try edgesRow(row)
      if edges.pulls.count < options.pullEdgesMax { out[feed] = HeldEdges(row: edges, version: row?.version) }
    }
    return out
  }

  /// Record, order row, counts and job of a new relation: one sub-batch of the source's partition. With `edges` the relation is
  /// pulled from its first moment on: what arrives at the target after `since` is never pushed.
  private func begin(
    _ wanted: Wanted, _ old: VersionedValue?, _ before: FollowRecord?, _ since: Stamp, _ edges: HeldEdges?,
    _ app: AppID,
    _ traceID: [UInt8]
  ) -> (SubBatch, JobRecord) {
    let key = FeedKeys.follow(wanted.target)
    var record = FollowRecord(since: since, before: before, createdAt: wanted.createdAt)
    if edges != nil { record.pullAfter = since.rawValue }
    let order = FollowOrderRow(other: wanted.target, createdAt: wanted.createdAt, updatedAt: wanted.createdAt)
    let job = JobRecord(
      kind: .copy, holder: holder, madeAtMilliseconds: timing.wallMilliseconds(), traceID: traceID,
      payload: CopyPayload(target: wanted.target, limit: wanted.limit, since: since, pullAfter: record.pullAfter)
        .encoded)
    var batch = SubBatch(
      partition: FeedKeys.feed(named: wanted.source, app.rawValue),
      conditions: [old.map { .versionEquals(key, $0.version) } ?? .absent(key)],
      operations: [
        .put(key, value: record.encoded, valueStampAt: [FollowRecord.epochOffset, FollowRecord.turnOffset]),
        .put(FeedKeys.followOrder(.zero), value: order.encoded, keyStampAt: [0]),
        .add(FeedKeys.followingCount, delta: 1),
        .add(FeedKeys.followingCount(group: wanted.group), delta: 1),
        JobID.make(job),
      ])
    if var edges {
      edges.row.pulls.append(
        PullEdge(
          target: wanted.target, epoch: .zero, after: since, madeAtMilliseconds: timing.wallMilliseconds()))
      let value = edges.row.encoded
      batch.conditions.append(edges.condition)
      batch.operations.append(
        .put(FeedKeys.edges, value: value, valueStampAt: [value.count - EdgesRow.lastPullEpochFromEnd]))
    }
    return (batch, job)
  }

  // MARK: The edge at the target

  /// What became of an edge.
  struct EdgeOutcome: Sendable {
    var timeMilliseconds: UInt64
    /// Whether the target's followers pull; known where this write has changed their number.
    var pulls = false
  }

  /// Writes the edge of a relation, only over a lower turn, with its order row and the count (B11, B16). `wanted` looks at
  /// the record anew before each attempt and gives what to write; `nil` ends it.
  func setEdge(
    _ source: [UInt8], _ target: [UInt8], _ app: AppID, _ traceID: [UInt8],
    _ wanted: (FollowRecord) -> FollowerEdge?
  ) async throws(StoreError) -> EdgeOutcome? {
    let home = FeedKeys.feed(named: source, app.rawValue)
    let key = FeedKeys.follower(source)
    tries: for _ in 0..<options.contentionTriesMax {
      let fence = fence()
      guard let record = try followRecord(try await get(home, FeedKeys.follow(target))), let edge = wanted(record)
      else {
        return nil
      }
      let (buckets, version) = try await buckets(of: target, app.rawValue)
      let places = places(of: source, in: buckets, of: target, app.rawValue)
      let rows = try await multiGet(places.map { .init(partition: $0.partition, key: key) })
      var outcome = EdgeOutcome(timeMilliseconds: timing.wallMilliseconds())
      // Where two buckets have it, the one that is left says what was there, and is written last.
      if let old = try self.edge(rows.last ?? nil), old.turn >= edge.turn { return outcome }
      var counts: [Row]?
      for (place, row) in zip(places, rows) {
        let old = try self.edge(row)
        if let old, old.turn >= edge.turn { continue }
        var own = edge
        own.isElsewhere = !place.counts
        let moves = own.isCounted != (old?.isCounted ?? false)
        let result = try await write(
          [
            SubBatch(
              partition: place.partition,
              conditions: [
                row.map { .versionEquals(key, $0.version) } ?? .absent(key), .notAfter(milliseconds: fence),
              ], operations: edgeOperations(source, own, over: old), scanAfter: moves ? FeedKeys.reachRange : nil,
              scanAfterLimit: moves ? 2 : 0)
          ], traceID)[0]
        guard result.applied else { continue tries }
        outcome.timeMilliseconds = result.timeMilliseconds
        if moves { counts = result.scanned }
      }
      if let counts { outcome.pulls = try await review(target, buckets, version, counts, app, traceID) }
      return outcome
    }
    throw .overloaded("an edge changes again and again")
  }
}
