import Jobs
import KeevoClient
import Model

extension FeedEngine {
  public func remove(_ id: ActivityID, from feed: FeedID, _ context: ChangeContext) async throws(FeedError) {
    let name = feed.nameBytes
    let app = context.app
    var local: [EntryKey] = []
    let changes = try await change([id], context) { (_, state) async throws(FeedError) -> ActivityPlan? in
      let hides = try await asked { () async throws(StoreError) -> [EntryKey] in
        options.faults.contains(.noHides) ? [] : try await followedEntries(id, state.placements, name, app)
      }
      let all = state.placements
      guard let record = state.record, all.contains(where: { $0.feed == name }) else {
        local = hides
        return nil
      }
      var (kept, gone) = (all.filter { !Self.goes($0, from: name, all) }, all.filter { Self.goes($0, from: name, all) })
      if kept.allSatisfy({ $0.kind == .to }) {
        gone += kept
        kept = []
      }
      return ActivityPlan(
        record: kept.isEmpty ? nil : record, kept: kept, gone: gone, hides: hides, feed: name, actor: record.actor)
    }
    if changes[0] == nil {
      try await asked { () throws(StoreError) in try await removeLocally(id, local, name, app, context.traceID) }
    }
    await show("hide", changes, context)
  }

  /// Feeds F18 and F19: from where it was added it goes with all its `to` targets, from elsewhere only there.
  private static func goes(_ placement: Placement, from feed: [UInt8], _ all: [Placement]) -> Bool {
    if all.contains(where: { $0.feed == feed && $0.kind == .own }) {
      return placement.kind == .to || placement.feed == feed
    }
    return placement.feed == feed
  }

  /// The feed does not hold it in its own right: hide what came by follows, and finish what earlier requests left.
  private func removeLocally(
    _ id: ActivityID, _ hides: [EntryKey], _ feed: [UInt8], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    try await putHides(hides, feed, app, traceID)
    try await finishPending(id, ChangeContext(app: app, traceID: traceID))
  }

  /// Shows what earlier requests on the activity left unfinished (B17).
  func finishPending(_ id: ActivityID, _ context: ChangeContext) async throws(StoreError) {
    if options.faults.contains(.noHelp) { return }
    let partition = FeedKeys.activity(id, context.app)
    let pending = try await store.scan(
      ScanRequest(scope: .partition(partition, JobID.range), limit: 64)
    ).rows
    if pending.isEmpty { return }
    await visible("pending") { [self] () throws(JobError) in try await help(pending, partition) }
  }

  /// The entries of an activity that the feed got by following, and those that a fan-out still on its way will give it: a
  /// removal must hold for them too.
  private func followedEntries(
    _ id: ActivityID, _ placements: [Placement], _ feed: [UInt8], _ app: AppID
  ) async throws(StoreError) -> [EntryKey] {
    let partition = FeedKeys.feed(named: feed, app.rawValue)
    let rows = try await store.scan(
      ScanRequest(scope: .partition(partition, EntryKey.range(id)), limit: StoreLimits.scanRowsMax, keysOnly: true)
    ).rows
    var keys = rows.compactMap { row -> EntryKey? in
      guard !EntryKey.isHide(row.key.rest), let key = EntryKey(row.key.rest), key.via != 0 else { return nil }
      return key
    }
    let others = placements.filter { $0.feed != feed }
    let follows = try await multiGet(others.map { .init(partition: partition, key: FeedKeys.follow($0.feed)) })
    for (placement, row) in zip(others, follows) {
      guard let follow = try followRecord(row) else { continue }
      for epoch in (follow.state == .live ? [follow.epoch] : []) + follow.former.map(\.epoch) {
        let key = EntryKey(id, via: FeedKeys.feedHash(placement.feed), placement: placement.epoch, edge: epoch)
        if !keys.contains(key) { keys.append(key) }
      }
    }
    return keys
  }

  private func putHides(
    _ hides: [EntryKey], _ feed: [UInt8], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    if hides.isEmpty { return }
    _ = try await write(
      [
        SubBatch(
          partition: FeedKeys.feed(named: feed, app.rawValue), operations: hides.map { .put($0.hide, value: [1]) })
      ], traceID)
  }

  /// The visible part of a garbage job.
  func hide(_ job: JobRecord, _ app: AppID) async throws(JobError) {
    let payload: GarbagePayload
    do { payload = try GarbagePayload(job.payload) } catch { throw .format(error) }
    do { try await putHides(payload.hides, payload.feed, app, job.traceID) } catch { throw .store(error) }
  }

  /// Collects what removed placements left: own rows, then the followers' entries, ended edges' as well (B9, B11).
  func collect(_ lease: JobLease) async throws(JobError) {
    let job = lease.record
    let app = AppID(lease.id.partition.app)
    let payload: GarbagePayload
    var cursor: PlacementCursor
    do throws(FormatError) {
      payload = try GarbagePayload(job.payload)
      cursor = try PlacementCursor(job.cursor)
    } catch {
      throw .format(error)
    }
    if job.cursor.isEmpty { try await hide(job, app) }
    while cursor.item < payload.gone.count {
      let placement = payload.gone[cursor.item]
      do throws(StoreError) {
        if cursor.after.isEmpty {
          try await deleteOwnRow(payload.id, placement.feed, placement.epoch, app, job.traceID)
        }
        jobSteps.increment()
        let page = try await edges(of: placement.feed, app.rawValue, after: cursor.after, limit: options.fanOutPageMax)
        try await deleteEntries(
          payload.id, via: placement.feed, placement.epoch, of: page.map { FollowerEdge.source($0.key.rest) }, app,
          job.traceID)
        if let last = page.last, page.count == options.fanOutPageMax {
          cursor.after = last.key.rest
        } else {
          cursor = PlacementCursor(item: cursor.item + 1)
        }
      } catch {
        throw .store(error)
      }
      if cursor.item < payload.gone.count {
        if lease.shouldStop { return try await lease.release(cursor: cursor.encoded) }
        try await lease.save(cursor: cursor.encoded)
      }
    }
    if !payload.foreignIDHash.isEmpty {
      do { try await dropHint(payload, app, job.traceID) } catch { throw .store(error) }
    }
    try await lease.finish()
  }

  /// Removes the hint from a foreign id, unless it was written again after the record was seen gone.
  private func dropHint(_ payload: GarbagePayload, _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) {
    let partition = FeedKeys.foreignID(hash: payload.foreignIDHash, app)
    let key = FeedKeys.foreignIDHint(payload.id)
    guard let hint = try await get(partition, key) else { return }
    guard try await activityRecord(payload.id, app).record == nil else { return }
    _ = try await write(
      [SubBatch(partition: partition, conditions: [.versionEquals(key, hint.version)], operations: [.delete(key)])],
      traceID)
  }

  public func remove(foreignID: String, from feed: FeedID, _ context: ChangeContext) async throws(FeedError) {
    if foreignID.isEmpty { return }
    let hash = FeedKeys.foreignIDHash(foreignID)
    let partition = FeedKeys.foreignID(hash: hash, context.app)
    let text = [1] + Array(foreignID.utf8)
    var cursor: [UInt8] = []
    repeat {
      let page: ScanResponse
      do throws(StoreError) {
        page = try await store.scan(
          ScanRequest(scope: .partition(partition, RowRange(space: FeedKeys.foreignIDSpace)), cursor: cursor))
      } catch {
        throw .store(error)
      }
      cursor = page.next
      let ids = page.rows.compactMap { row -> ActivityID? in
        row.value == text ? FeedKeys.hintedID(row) : nil
      }
      let outcomes = await concurrently(ids) { [self] id -> FeedError? in
        do throws(FeedError) {
          try await remove(id, from: feed, context)
          return nil
        } catch {
          return error
        }
      }
      for case let error? in outcomes { throw error }
    } while !cursor.isEmpty
  }
}
