import Jobs
import KeevoClient
import Model

/// A feed's followers in buckets (B11). Everything that goes over followers goes by their hashes, bucket by bucket.
///
/// A split first writes both, so that nobody who still knows the old ranges loses anything; a row that both hold is counted and
/// listed in the new one alone, and says so in the old one.
extension FeedEngine {
  func buckets(_ row: VersionedValue?) throws(StoreError) -> BucketsRow {
    guard let row else { return BucketsRow() }
    do { return try BucketsRow(row.value) } catch { throw .unknownFormat("buckets: \(error)") }
  }

  func buckets(of feed: [UInt8], _ app: UInt32) async throws(StoreError) -> (row: BucketsRow, version: Stamp?) {
    let row = try await get(FeedKeys.feed(named: feed, app), FeedKeys.buckets)
    return (try buckets(row), row?.version)
  }

  /// Followers of a feed in the order of their hashes, after the edge `after`; fewer than `limit` only where there are no more.
  func edges(
    of feed: [UInt8], _ app: UInt32, after: [UInt8], limit: Int
  ) async throws(StoreError) -> [Row] {
    let limit = min(limit, StoreLimits.scanRowsMax - 1)
    if after.isEmpty {
      // The row of buckets lies before all edges: most feeds have none, and this is their only call.
      let rows = try await store.scan(
        ScanRequest(
          scope: .partition(FeedKeys.feed(named: feed, app), RowRange(space: FeedKeys.followerSpace)), limit: limit + 1)
      ).rows
      guard let first = rows.first, first.key == FeedKeys.buckets else { return Array(rows.prefix(limit)) }
    }
    for _ in 0..<options.contentionTriesMax {
      let (buckets, version) = try await buckets(of: feed, app)
      var out: [Row] = []
      var index = after.isEmpty ? 0 : buckets.index(of: FeedKeys.integer(after.prefix(8)))
      while out.count < limit, index < buckets.buckets.count {
        let bucket = buckets.buckets[index]
        let start = FeedKeys.bigEndian(bucket.start)
        let range = RowRange(
          space: FeedKeys.followerSpace, start: after.lexicographicallyPrecedes(start) ? start : after + [0],
          end: buckets.end(index).map { FeedKeys.bigEndian($0) } ?? [])
        out += try await store.scan(
          ScanRequest(
            scope: .partition(FeedKeys.bucket(bucket.read, of: feed, app), range), limit: limit - out.count)
        ).rows
        index += 1
      }
      // Who was held up between the two may have looked where nothing is any more.
      if version == nil { return out }
      if try await self.buckets(of: feed, app).version == version { return out }
    }
    throw .overloaded("the buckets of a feed change again and again")
  }

  /// Where a follower's edge lies: the partitions that are written, the one that counts it first.
  func places(
    of source: [UInt8], in buckets: BucketsRow, of feed: [UInt8], _ app: UInt32
  ) -> [(partition: Partition, counts: Bool)] {
    let bucket = buckets.buckets[buckets.index(of: FeedKeys.feedHash(source))]
    var out = [(partition: FeedKeys.bucket(bucket.number, of: feed, app), counts: true)]
    if let from = bucket.from, !options.faults.contains(.splitWritesOne) {
      out.append((FeedKeys.bucket(from, of: feed, app), false))
    }
    return out
  }

  /// What one bucket's part of a follow changes: the edge, its order row, its part of the counts (B16).
  func edgeOperations(_ source: [UInt8], _ edge: FollowerEdge, over old: FollowerEdge?) -> [Operation] {
    var operations: [Operation] = [.put(FeedKeys.follower(source), value: edge.encoded)]
    if let old, old.isCounted {
      operations.append(.delete(FeedKeys.followerOrder(createdAt: old.createdAt, source: source)))
    }
    if edge.isCounted {
      let order = FollowOrderRow(other: source, createdAt: edge.createdAt, updatedAt: edge.updatedAt)
      operations.append(.put(FeedKeys.followerOrder(createdAt: edge.createdAt, source: source), value: order.encoded))
    }
    let delta: Int64 = (edge.isCounted ? 1 : 0) - (old?.isCounted == true ? 1 : 0)
    if delta != 0 {
      let group = Array(source.prefix { $0 != UInt8(ascii: ":") })
      operations.append(.add(FeedKeys.followersCount, delta: delta))
      operations.append(.add(FeedKeys.followersCount(group: group), delta: delta))
    }
    return operations
  }

  func edge(_ row: VersionedValue?) throws(StoreError) -> FollowerEdge? {
    guard let row else { return nil }
    do { return try FollowerEdge(row.value) } catch { throw .unknownFormat("edge: \(error)") }
  }

  // MARK: Splitting

  /// Begins to split the fullest bucket if it has more followers than one may have, and no other split is under way. `counts`: of
  /// each partition of `buckets.numbers`.
  func splitIfFull(
    _ feed: [UInt8], _ buckets: BucketsRow, _ version: Stamp?, _ counts: [Int64], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    guard !buckets.isSplitting, let most = counts.max(), most > Int64(options.bucketFollowersMax),
      let place = counts.firstIndex(of: most),
      let index = buckets.buckets.indices.filter({ buckets.buckets[$0].number == buckets.numbers[place] }).last,
      let middle = buckets.middle(index), let last = buckets.numbers.last, buckets.buckets.count < Int(UInt16.max)
    else { return }
    var split = buckets
    let from = buckets.buckets[index].number
    split.buckets.insert(.init(start: middle, number: last + 1, from: from, isFilled: false), at: index + 1)
    let now = timing.wallMilliseconds()
    var job = JobRecord(
      kind: .split, madeAtMilliseconds: now, traceID: traceID,
      payload: SplitPayload(number: last + 1, from: from, start: middle, end: buckets.end(index)).encoded)
    job.cursor = SplitCursor(dueMilliseconds: now + 2 * options.fenceMilliseconds).encoded
    job.wakeAtMilliseconds = now + 2 * options.fenceMilliseconds
    _ = try await write(
      [
        SubBatch(
          partition: FeedKeys.feed(named: feed, app.rawValue),
          conditions: [version.map { .versionEquals(FeedKeys.buckets, $0) } ?? .absent(FeedKeys.buckets)],
          operations: [.put(FeedKeys.buckets, value: split.encoded), JobID.make(job)])
      ], traceID)
  }

  /// The job of a split.
  func split(_ lease: JobLease) async throws(JobError) {
    let payload: SplitPayload
    var cursor: SplitCursor
    do throws(FormatError) {
      payload = try SplitPayload(lease.record.payload)
      cursor = try SplitCursor(lease.record.cursor)
    } catch {
      throw .format(error)
    }
    while true {
      let now = timing.wallMilliseconds()
      if now < cursor.dueMilliseconds {
        return try await lease.release(cursor: cursor.encoded, wakeAtMilliseconds: cursor.dueMilliseconds)
      }
      switch cursor.stage {
      case .waits: cursor = SplitCursor(stage: .fills)
      case .fills:
        guard try await fill(payload, &cursor, lease) else { return try await lease.release(cursor: cursor.encoded) }
        try await change(payload, lease) { $0.isFilled = true }
        cursor = SplitCursor(stage: .stands, dueMilliseconds: now + options.markMilliseconds)
      case .stands:
        try await change(payload, lease) { $0.from = nil }
        cursor = SplitCursor(stage: .clears, dueMilliseconds: now + 2 * options.fenceMilliseconds)
      case .clears:
        guard try await clear(payload, lease) else { return try await lease.release(cursor: cursor.encoded) }
        return try await lease.finish()
      }
      try await lease.save(cursor: cursor.encoded)
    }
  }

  /// Changes the new bucket in the feed's row.
  private func change(
    _ payload: SplitPayload, _ lease: JobLease, _ change: (inout BucketsRow.Bucket) -> Void
  ) async throws(JobError) {
    let feed = FeedKeys.feedName(of: lease.id.partition)
    for _ in 0..<options.contentionTriesMax {
      var buckets: BucketsRow
      let version: Stamp?
      do throws(StoreError) {
        (buckets, version) = try await self.buckets(of: feed, lease.id.partition.app)
      } catch {
        throw .store(error)
      }
      guard let version, let index = buckets.buckets.firstIndex(where: { $0.number == payload.number }) else {
        throw .impossible("the bucket that is to be filled is not there")
      }
      change(&buckets.buckets[index])
      let outcome = try await lease.commit(
        .keep, conditions: [.versionEquals(FeedKeys.buckets, version)],
        operations: [.put(FeedKeys.buckets, value: buckets.encoded)])
      if case .applied = outcome { return }
    }
    throw .store(.overloaded("the buckets of a feed change again and again"))
  }

  /// Copies the range's followers into the new bucket. `false` when the worker drains.
  private func fill(
    _ payload: SplitPayload, _ cursor: inout SplitCursor, _ lease: JobLease
  ) async throws(JobError) -> Bool {
    let feed = FeedKeys.feedName(of: lease.id.partition)
    let app = lease.id.partition.app
    let old = FeedKeys.bucket(payload.from, of: feed, app)
    if options.faults.contains(.splitFillsNothing) { return true }
    while true {
      jobSteps.increment()
      let last: Row?
      do throws(StoreError) {
        var tries = 0
        while true {
          let fence = fence()
          let page = try await store.scan(
            ScanRequest(
              scope: .partition(old, payload.range(after: cursor.after)), limit: max(2, options.stepRowsMax)))
          if try await move(page.rows, payload, feed, app, fence, lease.record.traceID) {
            last = page.next.isEmpty ? nil : page.rows.last
            break
          }
          tries += 1
          if tries == options.contentionTriesMax { throw .overloaded("followers change while they are copied") }
        }
      } catch {
        throw .store(error)
      }
      guard let last else { return true }
      cursor.after = last.key.rest
      try await lease.save(cursor: cursor.encoded)
      if lease.shouldStop { return false }
    }
  }

  /// Copies some edges, and has them counted there. `false` where some have changed meanwhile.
  private func move(
    _ rows: [Row], _ payload: SplitPayload, _ feed: [UInt8], _ app: UInt32, _ fence: UInt64, _ traceID: [UInt8]
  ) async throws(StoreError) -> Bool {
    let new = FeedKeys.bucket(payload.number, of: feed, app)
    let old = FeedKeys.bucket(payload.from, of: feed, app)
    let here = try decode(rows)
    let there = try await multiGet(rows.map { .init(partition: new, key: $0.key) })
    var copies: [SubBatch] = []
    var notes: [SubBatch] = []
    for ((row, item), found) in zip(zip(rows, here), there) where !item.edge.isElsewhere {
      let known = try edge(found)
      if known.map({ $0.turn < item.edge.turn }) ?? true {
        copies.append(
          SubBatch(
            partition: new,
            conditions: [
              found.map { .versionEquals(row.key, $0.version) } ?? .absent(row.key), .notAfter(milliseconds: fence),
            ], operations: edgeOperations(item.source, item.edge, over: known)))
      }
      var noted = item.edge
      noted.isElsewhere = true
      notes.append(
        SubBatch(
          partition: old, conditions: [.versionEquals(row.key, row.version), .notAfter(milliseconds: fence)],
          operations: edgeOperations(item.source, noted, over: item.edge)))
    }
    // The new bucket first: nobody may be counted nowhere for good.
    guard try await write(copies, traceID).allSatisfy(\.applied) else { return false }
    return try await write(notes, traceID).allSatisfy(\.applied)
  }

  /// Deletes what the old bucket has of the range. `false` when the worker drains.
  private func clear(_ payload: SplitPayload, _ lease: JobLease) async throws(JobError) -> Bool {
    let feed = FeedKeys.feedName(of: lease.id.partition)
    let partition = FeedKeys.bucket(payload.from, of: feed, lease.id.partition.app)
    while true {
      jobSteps.increment()
      try await lease.renewIfDue()
      do throws(StoreError) {
        let page = try await store.scan(
          ScanRequest(
            scope: .partition(partition, payload.range()), limit: max(2, options.stepRowsMax), keysOnly: true))
        garbageRows.increment(by: page.rows.count)
        _ = try await write(
          [SubBatch(partition: partition, operations: page.rows.map { .delete($0.key) })], lease.record.traceID)
        if page.next.isEmpty { return true }
      } catch {
        throw .store(error)
      }
      if lease.shouldStop { return false }
    }
  }
}
