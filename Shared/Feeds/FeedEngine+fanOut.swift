import Jobs
import KeevoClient
import Model

/// A fan-out, step by step (B8, B9, B11).
extension FeedEngine {
  /// Runs a fan-out from its cursor. Without a lease it neither saves nor ends the job. `visible`: no further than what
  /// an answer waits for.
  func fanOut(
    _ id: JobID, _ job: JobRecord, lease: JobLease?, visible: Bool
  ) async throws(JobError) {
    let payload: FanOutPayload
    var cursor: PlacementCursor
    do throws(FormatError) {
      payload = try FanOutPayload(job.payload)
      cursor = try PlacementCursor(job.cursor)
    } catch {
      throw .format(error)
    }
    if cursor == PlacementCursor(item: 0), payload.items.count > 1 || !payload.foreignID.isEmpty {
      do throws(StoreError) { try await enterOwnFeeds(payload, id, job.traceID) } catch { throw .store(error) }
    }
    var budget = visible ? options.visibleFeedsMax : .max
    let count = payload.items.count + payload.renewals.count
    while cursor.item < count {
      let isDone: Bool
      if cursor.item < payload.items.count {
        isDone = try await place(
          payload.id, payload.items[cursor.item], id, job, cursor: &cursor, lease: lease, budget: &budget)
      } else {
        let placement = payload.renewals[cursor.item - payload.items.count]
        isDone = try await renew(payload.id, placement, id, job, cursor: &cursor, lease: lease, budget: &budget)
      }
      guard isDone else {
        // The rest is a worker's.
        try await lease?.release(cursor: cursor.encoded)
        return
      }
      cursor = PlacementCursor(item: cursor.item + 1)
      if let lease, cursor.item < count { try await lease.save(cursor: cursor.encoded) }
    }
    try await lease?.finish()
  }

  /// Brings the activity into all feeds that it was added to or addressed at, before any follower's: a feed that is named
  /// last must not wait for the followers of the first. `place` comes by each of them again, and takes back what has gone
  /// meanwhile. The hint from its foreign id is written with them, and taken back here if the activity has gone.
  private func enterOwnFeeds(_ payload: FanOutPayload, _ id: JobID, _ traceID: [UInt8]) async throws(StoreError) {
    let app = AppID(id.partition.app)
    let epoch = epoch(id)
    let placed = try await states([payload.id], app)[0].placements
    let standing = payload.items.filter { item in
      placed.contains { $0.feed == item.feed && $0.kind == item.kind && $0.epoch == epoch }
    }
    var batches: [SubBatch] = []
    for item in standing where item.kind != .many {
      if let group = try aggregatedGroup(ofFeed: item.feed, app) {
        try await enterOwn(payload.id, item.feed, group, epoch, app, traceID)
      } else {
        batches.append(ownRow(payload.id, item, epoch, app.rawValue))
      }
    }
    let foreignID = String(decoding: payload.foreignID, as: UTF8.self)
    let hints = !foreignID.isEmpty && !standing.isEmpty && !options.faults.contains(.hintOnce)
    if hints { batches.append(hint(payload.id, foreignID, app)) }
    _ = try await write(batches, traceID)
    if !foreignID.isEmpty { try await dropHint(payload.id, FeedKeys.foreignIDHash(foreignID), app, traceID) }
  }

  /// Spreads one placement. `false` when the budget is spent or the worker drains.
  private func place(
    _ activity: ActivityID, _ item: FanOutPayload.Item, _ id: JobID, _ job: JobRecord, cursor: inout PlacementCursor,
    lease: JobLease?, budget: inout Int
  ) async throws(JobError) -> Bool {
    let app = AppID(id.partition.app)
    let epoch = epoch(id)
    do throws(StoreError) {
      if let group = try aggregatedGroup(ofFeed: item.feed, app) {
        try await enterOwn(activity, item.feed, group, epoch, app, job.traceID)
        return true
      }
    } catch {
      throw .store(error)
    }
    var live: Bool
    var arrived = Stamp.zero
    do throws(StoreError) {
      live = try await stands(activity, item.feed, epoch, app)
      if live {
        arrived = try await putOwnRow(activity, item, epoch, app, job.traceID)
        live = try await stands(activity, item.feed, epoch, app)
      }
      if !live { try await deleteOwnRow(activity, item.feed, epoch, app, job.traceID) }
    } catch {
      throw .store(error)
    }
    if !spreads(item.kind) { return true }
    while true {
      let limit = min(options.fanOutPageMax, max(1, budget))
      let page: Page
      do throws(StoreError) {
        page = try await step(
          activity, item, epoch, arrived, live: live, after: cursor.after, limit: limit, app, job.traceID)
      } catch {
        throw .store(error)
      }
      if let last = page.last { cursor.after = last }
      if page.isLast { return true }
      budget -= limit
      if budget <= 0 || lease?.shouldStop == true { return false }
      try await lease?.save(cursor: cursor.encoded)
    }
  }

  private struct Page {
    var last: [UInt8]?
    var isLast: Bool
  }

  /// One page of followers.
  private func step(
    _ activity: ActivityID, _ item: FanOutPayload.Item, _ epoch: Stamp, _ arrived: Stamp, live: Bool, after: [UInt8],
    limit: Int, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> Page {
    for _ in 0..<options.contentionTriesMax {
      jobSteps.increment()
      // The fence counts from before the read that shows the edges standing.
      let fence = fence()
      let rows = try await edges(of: item.feed, app.rawValue, after: after, limit: limit)
      guard let last = rows.last else { return Page(last: nil, isLast: true) }
      let followers = try followers(rows, app)
      var stands = live
      if live {
        // Aggregated feeds take what the activity is now, and again if it has changed by the second look (B15).
        var changes: [FeedChange] = []
        var version: Stamp?
        if !followers.aggregated.isEmpty {
          let now = try await activityRecord(activity, app)
          version = now.version
          if let record = now.record, let version = now.version,
            let placement = try await placement(activity, record, item.feed, epoch, app)
          {
            var entering = try EnteringActivity(activity, record, version: version)
            changes = self.entering(
              &entering, placement, arrived, into: followers.aggregated, notAfterMilliseconds: fence)
          }
        }
        var inTime = true
        for request in entries(activity, item, epoch, arrived, followers.flat, app.rawValue, fence, traceID) {
          let late = try await store.putMany(request).late
          noteEntries(request.targets.count - late.count, app)
          if !late.isEmpty { inTime = false }
        }
        for case .late in try await aggregate(changes, app, traceID) { inTime = false }
        if !inTime { continue }
        let now = try await activityRecord(activity, app)
        if let record = now.record {
          stands = try await placement(activity, record, item.feed, epoch, app) != nil
        } else {
          stands = false
        }
        let isSame = followers.aggregated.isEmpty || now.version == version
        if stands, !isSame, !options.faults.contains(.noSecondLook) { continue }
      }
      if !stands {
        // Gone meanwhile: take this step's rows back; the garbage job takes those of earlier steps.
        try await deleteEntries(activity, via: item.feed, epoch, of: followers, app, traceID)
        return Page(last: last.key.rest, isLast: true)
      }
      return Page(last: last.key.rest, isLast: rows.count < limit)
    }
    throw .overloaded("entries come later than an hour after their edges were read")
  }

  /// Writes an own row if it is absent, and gives its arrival.
  private func putOwnRow(
    _ activity: ActivityID, _ item: FanOutPayload.Item, _ epoch: Stamp, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> Stamp {
    let result = try await write([ownRow(activity, item, epoch, app.rawValue)], traceID)[0]
    if result.applied { noteFeedUpdates(1, app) }
    return result.applied ? result.stamp : try await arrival(activity, item.feed, epoch, app.rawValue)
  }

  /// Deletes an own row with its place in the index by arrival; takes the activity out of an aggregated feed. Gives whether the
  /// feed is one.
  @discardableResult
  func deleteOwnRow(
    _ activity: ActivityID, _ feed: [UInt8], _ epoch: Stamp, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> Bool {
    if let group = try aggregatedGroup(ofFeed: feed, app) {
      try await aggregate([leaving(activity, via: nil, epoch, feed, group)], app, traceID)
      return true
    }
    let key = EntryKey(activity, via: 0, placement: epoch, edge: .zero)
    let partition = FeedKeys.feed(named: feed, app.rawValue)
    guard let row = try await get(partition, key.row) else { return false }
    let value: EntryValue
    do { value = try EntryValue(row.value) } catch { throw .unknownFormat("entry: \(error)") }
    garbageRows.increment()
    _ = try await write(
      [
        SubBatch(
          partition: partition,
          operations: [.delete(key.row), .delete(FeedKeys.arrival(value.arrival, activity, placement: epoch))])
      ], traceID)
    return false
  }

  /// Deletes the entries and hide rows that cite one placement of `via`, in many feeds; aggregated ones lose the activity.
  func deleteEntries(
    _ activity: ActivityID, via: [UInt8], _ epoch: Stamp, of followers: Followers, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    try await aggregate(leaving(activity, via: via, epoch, of: followers.aggregated), app, traceID)
    let range = EntryKey.range(activity, via: FeedKeys.feedHash(via), placement: epoch)
    var rest = followers.flat.map(\.source)[...]
    while !rest.isEmpty {
      let part = rest.prefix(StoreLimits.subBatchesMax)
      rest = rest.dropFirst(part.count)
      garbageRows.increment(by: part.count)
      _ = try await write(
        part.map { SubBatch(partition: FeedKeys.feed(named: $0, app.rawValue), operations: [.deleteRange(range)]) },
        traceID)
    }
  }
}
