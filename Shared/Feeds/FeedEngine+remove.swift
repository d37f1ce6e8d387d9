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
    await show("removal", changes, context)
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
    var keys = try await heldEntries(id, feed, partition, app)
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

  /// The entries of an activity that the feed has got by following.
  private func heldEntries(
    _ id: ActivityID, _ feed: [UInt8], _ partition: Partition, _ app: AppID
  ) async throws(StoreError) -> [EntryKey] {
    if try aggregatedGroup(ofFeed: feed, app) != nil {
      guard let row = try await get(partition, AggregateKeys.entries(id)) else { return [] }
      let set: EntrySet
      do { set = try EntrySet(row.value) } catch { throw .unknownFormat("an entry set: \(error)") }
      return set.citations.filter { $0.via != 0 }.map {
        EntryKey(id, via: $0.via, placement: $0.placement, edge: $0.edge)
      }
    }
    let rows = try await store.scan(
      ScanRequest(scope: .partition(partition, EntryKey.range(id)), limit: StoreLimits.scanRowsMax, keysOnly: true)
    ).rows
    return rows.compactMap { row -> EntryKey? in
      guard !EntryKey.isHide(row.key.rest), let key = EntryKey(row.key.rest), key.via != 0 else { return nil }
      return key
    }
  }

  private func putHides(
    _ hides: [EntryKey], _ feed: [UInt8], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    guard let first = hides.first else { return }
    if let group = try aggregatedGroup(ofFeed: feed, app) {
      let hidden = hides.map { EntrySet.Hidden(via: $0.via, placement: $0.placement, edge: $0.edge) }
      try await aggregate([FeedChange(feed, AggregateRules(group), .hide(first.id, hidden))], app, traceID)
      return
    }
    _ = try await write(
      [
        SubBatch(
          partition: FeedKeys.feed(named: feed, app.rawValue), operations: hides.map { .put($0.hide, value: [1]) })
      ], traceID)
  }

  /// The visible part of a garbage job: hides, then aggregated feeds, up to as many followers as an add reaches.
  func clear(_ job: JobRecord, _ app: AppID) async throws(JobError) {
    let payload: GarbagePayload
    do { payload = try GarbagePayload(job.payload) } catch { throw .format(error) }
    do throws(StoreError) {
      try await putHides(payload.hides, payload.feed, app, job.traceID)
      var changes: [FeedChange] = []
      var left = options.visibleFeedsMax
      for placement in payload.gone {
        if let group = try aggregatedGroup(ofFeed: placement.feed, app) {
          changes.append(leaving(payload.id, via: nil, placement.epoch, placement.feed, group))
        } else if placement.kind != .many, left > 0 {
          let page = try await edges(of: placement.feed, app.rawValue, after: [], limit: left)
          left -= page.count
          changes += leaving(
            payload.id, via: placement.feed, placement.epoch, of: try followers(page, app).aggregated)
        }
      }
      try await aggregate(changes, app, job.traceID)
    } catch {
      throw .store(error)
    }
  }

  public func remove(foreignID: String, from feed: FeedID, _ context: ChangeContext) async throws(FeedError) {
    if foreignID.isEmpty { return }
    let hash = FeedKeys.foreignIDHash(foreignID)
    let partition = FeedKeys.foreignID(hash: hash, context.app)
    let text = FeedKeys.hintValue(foreignID)
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
