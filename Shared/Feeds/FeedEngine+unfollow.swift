import Jobs
import KeevoClient
import Model

extension FeedEngine {
  public func unfollow(_ requests: [UnfollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError) {
    // Relations of one source share its `edges` row, so they go one after another; sources go side by side.
    var order: [FeedID] = []
    var bySource: [FeedID: [UnfollowRequest]] = [:]
    for request in requests {
      if bySource[request.source] == nil { order.append(request.source) }
      bySource[request.source, default: []].append(request)
    }
    let outcomes = await concurrently(order.map { bySource[$0] ?? [] }) { [self] own in
      await Result.of { () throws(StoreError) in
        var jobs: [Ended] = []
        for request in own { if let job = try await commit(request, app, traceID) { jobs.append(job) } }
        return jobs
      }
    }
    var jobs: [Ended] = []
    do throws(StoreError) {
      for outcome in outcomes { jobs += try outcome.get() }
    } catch .overloaded(Self.contended) {
      throw .contention
    } catch {
      throw .store(error)
    }
    let ended = jobs
    await visible("unfollow") { [self] () throws(JobError) in
      let errors = await concurrently(Array(ended.prefix(options.visibleFeedsMax))) { [self] job in
        await failure { () throws(JobError) in
          switch job {
          case .now(let lease): try await runOwn(lease)
          case .before(let id): if !options.faults.contains(.noHelp) { try await takeOver(id) }
          }
        }
      }
      for case .now(let lease) in ended.dropFirst(options.visibleFeedsMax) { try await lease.release() }
      for case let error? in errors { throw error }
    }
  }

  private static let contended = "the follow record changes again and again"

  private enum Ended: Sendable {
    case now(JobLease)
    /// An earlier request ended it; its job may still be there.
    case before(JobID)
  }

  /// Writes record, end, counts and job of one unfollow: one sub-batch of the source's partition. `nil` where there never was
  /// a relation.
  private func commit(
    _ request: UnfollowRequest, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> Ended? {
    let source = request.source.nameBytes
    let target = request.target.nameBytes
    let hash = FeedKeys.feedHash(target)
    let partition = FeedKeys.feed(named: source, app.rawValue)
    let key = FeedKeys.follow(target)
    for _ in 0..<options.contentionTriesMax {
      let rows = try await multiGet(
        [key, FeedKeys.edges, FeedKeys.moreEnds(hash)].map { .init(partition: partition, key: $0) })
      guard var record = try followRecord(rows[0]), let old = rows[0] else { return nil }
      guard record.state == .live else { return .before(JobID(partition: partition, stamp: record.turn)) }
      // With `keep_history`, what arrived at the target up to now stays.
      let last = request.keepHistory ? try await readStamp(FeedKeys.feed(named: target, app.rawValue)) : .zero
      var conditions: [Condition] = [.versionEquals(key, old.version)]
      var operations: [Operation] = []
      var edges = try edgesRow(rows[1])
      let pullAfter = end(target, record.epoch, keepingHistory: request.keepHistory ? last : nil, &edges)
      if !options.faults.contains(.noEnds) {
        let end = EdgeEnd(source: hash, epoch: record.epoch, last: last)
        try note(end, &edges, more: rows[2], &conditions, &operations)
      }
      conditions.append(rows[1].map { .versionEquals(FeedKeys.edges, $0.version) } ?? .absent(FeedKeys.edges))
      operations.append(.put(FeedKeys.edges, value: edges.encoded))
      record.pullAfter = .max
      record.end(keepingHistory: request.keepHistory ? last : nil)
      let job = JobRecord(
        kind: .unfollow, holder: holder, madeAtMilliseconds: timing.wallMilliseconds(), traceID: traceID,
        payload: UnfollowPayload(
          target: target, epoch: record.epoch, keepHistory: request.keepHistory, last: last, pullAfter: pullAfter
        ).encoded)
      operations += [
        .put(key, value: record.encoded, valueStampAt: [FollowRecord.turnOffset]),
        .delete(FeedKeys.followOrder(record.epoch)),
        .add(FeedKeys.followingCount, delta: -1),
        .add(FeedKeys.followingCount(group: Array(request.target.group.utf8)), delta: -1),
        JobID.make(job),
      ]
      let result = try await write(
        [SubBatch(partition: partition, conditions: conditions, operations: operations)], traceID)[0]
      guard result.applied else { continue }
      let id = JobID(partition: partition, stamp: result.stamp)
      return .now(JobLease(id, record: job, version: result.stamp, store: store, timing: timing))
    }
    throw .overloaded(Self.contended)
  }

  /// Ends a relation's pull edge: without history it goes, else it stays up to `last` until that is copied (B12). Gives the
  /// stamp after which it was pulled, `UInt64.max` if it was not.
  private func end(
    _ target: [UInt8], _ epoch: Stamp, keepingHistory last: Stamp?, _ edges: inout EdgesRow
  ) -> UInt64 {
    guard let index = edges.pull(target, epoch) else { return .max }
    let after = edges.pulls[index].after.rawValue
    if let last, !options.faults.contains(.keepsNoPulled) {
      edges.pulls[index].until = last.rawValue
      return after
    }
    edges.pulls.remove(at: index)
    return .max
  }

  /// Adds an end to the `edges` row, or to the source's own row once that one is full.
  private func note(
    _ end: EdgeEnd, _ edges: inout EdgesRow, more: VersionedValue?, _ conditions: inout [Condition],
    _ operations: inout [Operation]
  ) throws(StoreError) {
    if edges.ends.count < EdgesRow.endsMax {
      edges.ends.append(end)
      return
    }
    var others: [EdgeEnd] = []
    do throws(FormatError) {
      if let more { others = try EdgesRow.decodeMore(more.value) }
    } catch {
      throw .unknownFormat("ends: \(error)")
    }
    let key = FeedKeys.moreEnds(end.source)
    conditions.append(more.map { .versionEquals(key, $0.version) } ?? .absent(key))
    operations.append(.put(key, value: EdgesRow.encodeMore(others + [end])))
    edges.more += 1
  }

  /// Takes an end out again: everything it kept out has been collected.
  private func forget(_ source: UInt64, _ epoch: Stamp, _ lease: JobLease) async throws(JobError) {
    let partition = lease.id.partition
    let moreKey = FeedKeys.moreEnds(source)
    for _ in 0..<options.contentionTriesMax {
      var edges = EdgesRow()
      var others: [EdgeEnd] = []
      let rows: [VersionedValue?]
      do throws(StoreError) {
        rows = try await multiGet([FeedKeys.edges, moreKey].map { .init(partition: partition, key: $0) })
      } catch {
        throw .store(error)
      }
      do throws(FormatError) {
        if let row = rows[0] { edges = try EdgesRow(row.value) }
        if let row = rows[1] { others = try EdgesRow.decodeMore(row.value) }
      } catch {
        throw .format(error)
      }
      let isEnd = { (end: EdgeEnd) in end.source == source && end.epoch == epoch }
      guard let row = rows[0], edges.ends.contains(where: isEnd) || others.contains(where: isEnd) else { return }
      edges.ends.removeAll(where: isEnd)
      var conditions: [Condition] = [.versionEquals(FeedKeys.edges, row.version)]
      var operations: [Operation] = []
      if let more = rows[1], others.contains(where: isEnd) {
        let before = others.count
        others.removeAll(where: isEnd)
        edges.more -= min(edges.more, UInt32(before - others.count))
        conditions.append(.versionEquals(moreKey, more.version))
        operations.append(others.isEmpty ? .delete(moreKey) : .put(moreKey, value: EdgesRow.encodeMore(others)))
      }
      operations.append(.put(FeedKeys.edges, value: edges.encoded))
      if case .applied = try await lease.commit(.keep, conditions: conditions, operations: operations) { return }
    }
    throw .store(.overloaded("the edges row changes again and again"))
  }

  /// The job of an unfollow: the edge's end first, which is its visible part; then it collects entries, at once and again a
  /// day after, and at last removes the end and the mark (B9, B11).
  func endFollow(_ lease: JobLease, visible: Bool) async throws(JobError) {
    let job = lease.record
    let app = AppID(lease.id.partition.app)
    let source = FeedKeys.feedName(of: lease.id.partition)
    let payload: UnfollowPayload
    var cursor: UnfollowCursor
    do throws(FormatError) {
      payload = try UnfollowPayload(job.payload)
      cursor = try UnfollowCursor(job.cursor)
    } catch {
      throw .format(error)
    }
    let aggregated = try isAggregated(source, app)
    if cursor.stage == .edge {
      do throws(StoreError) {
        let ended = try await setEdge(source, payload.target, app, job.traceID) { record in
          var edge = FollowerEdge(record, state: .none, turn: lease.id.stamp)
          edge.epoch = payload.epoch
          edge.pullAfter = .max
          return edge
        }
        cursor.endedAtMilliseconds = ended?.timeMilliseconds ?? timing.wallMilliseconds()
      } catch {
        throw .store(error)
      }
      cursor.stage = payload.copies ? .copy : .first
      if visible, !aggregated { return try await lease.release(cursor: cursor.encoded) }
      try await lease.save(cursor: cursor.encoded)
    } else if visible, cursor.stage == .last || !aggregated {
      return try await lease.release(cursor: cursor.encoded)
    }
    // What was pulled and stays becomes the feed's own, before anything of it may be collected at the target.
    if cursor.stage == .copy {
      try await take(
        payload.target, payload.epoch, after: Stamp(payload.pullAfter), upTo: payload.last, lease, app)
      try await dropPull(payload.target, payload.epoch, lease)
      cursor.stage = .first
      try await lease.save(cursor: cursor.encoded)
    }
    // An aggregated feed shows what is counted, so that its first collection belongs to the visible part (B13).
    if cursor.stage == .first {
      guard try await sweep(payload, &cursor, lease) else { return try await lease.release(cursor: cursor.encoded) }
      cursor.stage = .last
      cursor.after = []
      return try await lease.release(
        cursor: cursor.encoded, wakeAtMilliseconds: cursor.endedAtMilliseconds + options.markMilliseconds)
    }
    let due = cursor.endedAtMilliseconds + options.markMilliseconds
    if timing.wallMilliseconds() < due {
      return try await lease.release(cursor: cursor.encoded, wakeAtMilliseconds: due)
    }
    guard try await sweep(payload, &cursor, lease) else { return try await lease.release(cursor: cursor.encoded) }
    try await forget(FeedKeys.feedHash(payload.target), payload.epoch, lease)
    do { try await dropMark(source, payload, lease.id.stamp, app, job.traceID) } catch { throw .store(error) }
    try await lease.finish()
  }

  /// Deletes what came by the ended edge and does not stay. `false` when the worker drains.
  private func sweep(
    _ payload: UnfollowPayload, _ cursor: inout UnfollowCursor, _ lease: JobLease
  ) async throws(JobError) -> Bool {
    let via = FeedKeys.feedHash(payload.target)
    let source = FeedKeys.feedName(of: lease.id.partition)
    let group: FeedGroup?
    do { group = try aggregatedGroup(ofFeed: source, AppID(lease.id.partition.app)) } catch { throw .store(error) }
    if let group { return try await sweep(group, source, payload, &cursor, lease) }
    while true {
      jobSteps.increment()
      let page: ScanResponse
      do throws(StoreError) {
        page = try await store.scan(
          ScanRequest(
            scope: .partition(
              lease.id.partition,
              RowRange(space: FeedKeys.entrySpace, start: cursor.after.isEmpty ? [] : cursor.after + [0])),
            limit: max(2, options.stepRowsMax)))
      } catch {
        throw .store(error)
      }
      var operations: [Operation] = []
      var dropped: EntryKey?
      for row in page.rows {
        guard let key = EntryKey(row.key.rest), key.via == via, key.edge == payload.epoch else { continue }
        if EntryKey.isHide(row.key.rest) {
          // A hide row that stays must outlive what it hides.
          if !payload.keepHistory || dropped == key { operations.append(.delete(row.key)) }
          continue
        }
        let value: EntryValue
        do { value = try EntryValue(row.value) } catch { throw .format(error) }
        if value.arrival > payload.last {
          operations.append(.delete(row.key))
          dropped = key
        }
      }
      garbageRows.increment(by: operations.count)
      guard let last = page.rows.last, !page.next.isEmpty else {
        try await lease.commit(.keep, operations: operations)
        return true
      }
      cursor.after = last.key.rest
      var record = lease.record
      record.cursor = cursor.encoded
      try await lease.commit(.save(record), operations: operations)
      if lease.shouldStop { return false }
    }
  }

  /// The same in an aggregated feed: its entry sets are looked at one by one.
  private func sweep(
    _ group: FeedGroup, _ feed: [UInt8], _ payload: UnfollowPayload, _ cursor: inout UnfollowCursor, _ lease: JobLease
  ) async throws(JobError) -> Bool {
    let via = FeedKeys.feedHash(payload.target)
    while true {
      jobSteps.increment()
      let page: ScanResponse
      do throws(StoreError) {
        let after = cursor.after.isEmpty ? nil : AggregateKeys.activity(ofEntries: cursor.after)
        page = try await store.scan(
          ScanRequest(
            scope: .partition(lease.id.partition, AggregateKeys.allEntries(after: after)),
            limit: max(2, options.stepRowsMax)))
        var changes: [FeedChange] = []
        for row in page.rows {
          guard let id = AggregateKeys.activity(ofEntries: row.key.rest) else {
            throw .unknownFormat("the key of an entry set")
          }
          let set: EntrySet
          do { set = try EntrySet(row.value) } catch { throw .unknownFormat("an entry set: \(error)") }
          guard
            set.citations.contains(where: { $0.via == via && $0.edge == payload.epoch })
              || set.hidden.contains(where: { $0.via == via && $0.edge == payload.epoch })
          else { continue }
          changes.append(
            FeedChange(
              feed, AggregateRules(group),
              .endRelation(
                id, via: via, edge: payload.epoch, last: payload.last, keepsHides: payload.keepHistory)))
        }
        garbageRows.increment(by: changes.count)
        try await aggregate(changes, AppID(lease.id.partition.app), lease.record.traceID)
      } catch {
        throw .store(error)
      }
      guard let last = page.rows.last, !page.next.isEmpty else { return true }
      cursor.after = last.key.rest
      try await lease.save(cursor: cursor.encoded)
      if lease.shouldStop { return false }
    }
  }

  /// Removes the mark of an ended edge, unless garbage must still visit what was kept, or a later turn has come.
  private func dropMark(
    _ source: [UInt8], _ payload: UnfollowPayload, _ turn: Stamp, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    let key = FeedKeys.follower(source)
    let buckets = try await buckets(of: payload.target, app.rawValue).row
    let places = places(of: source, in: buckets, of: payload.target, app.rawValue)
    let rows = try await multiGet(places.map { .init(partition: $0.partition, key: key) })
    var batches: [SubBatch] = []
    for (place, row) in zip(places, rows) {
      guard let row, let edge = try edge(row), edge.turn == turn, edge.state == .none, !edge.kept else { continue }
      batches.append(
        SubBatch(
          partition: place.partition, conditions: [.versionEquals(key, row.version)], operations: [.delete(key)]))
    }
    _ = try await write(batches, traceID)
  }
}
