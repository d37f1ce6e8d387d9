import Jobs
import KeevoClient
import Model

/// The job of a removal: what removed placements left (B9, B11, B15).
extension FeedEngine {
  /// Collects own rows, then the followers' entries, ended edges' as well. Where aggregated feeds were met, it comes again a day
  /// later, and takes their marks away.
  func collect(_ lease: JobLease) async throws(JobError) {
    let job = lease.record
    let app = AppID(lease.id.partition.app)
    let payload: GarbagePayload
    var cursor: GarbageCursor
    do throws(FormatError) {
      payload = try GarbagePayload(job.payload)
      cursor = try GarbageCursor(job.cursor)
    } catch {
      throw .format(error)
    }
    if !cursor.isLast {
      if job.cursor.isEmpty { try await clear(job, app) }
      guard try await visit(payload, &cursor, lease, app) else {
        return try await lease.release(cursor: cursor.encoded)
      }
      if !payload.foreignIDHash.isEmpty {
        do { try await dropHint(payload.id, payload.foreignIDHash, app, job.traceID) } catch { throw .store(error) }
      }
      guard cursor.leftMarks else { return try await lease.finish() }
      cursor = GarbageCursor(
        place: PlacementCursor(), leftMarks: true, dueMilliseconds: timing.wallMilliseconds() + options.markMilliseconds
      )
    }
    if timing.wallMilliseconds() < cursor.dueMilliseconds {
      return try await lease.release(cursor: cursor.encoded, wakeAtMilliseconds: cursor.dueMilliseconds)
    }
    guard try await visit(payload, &cursor, lease, app) else { return try await lease.release(cursor: cursor.encoded) }
    try await lease.finish()
  }

  /// Goes over all placements and their followers. `false` when the worker drains.
  private func visit(
    _ payload: GarbagePayload, _ cursor: inout GarbageCursor, _ lease: JobLease, _ app: AppID
  ) async throws(JobError) -> Bool {
    while cursor.place.item < payload.gone.count {
      let placement = payload.gone[cursor.place.item]
      do throws(StoreError) {
        let traceID = lease.record.traceID
        if cursor.place.after.isEmpty { try await visitOwn(payload.id, placement, &cursor, app, traceID) }
        jobSteps.increment()
        let page = try await edges(
          of: placement.feed, app.rawValue, after: cursor.place.after, limit: options.fanOutPageMax)
        let followers = try followers(page, app)
        if cursor.isLast {
          try await aggregate(
            followers.aggregated.map { follower in
              forgetting(payload.id, via: placement.feed, placement.epoch, follower.source, follower.group)
            }, app, traceID)
        } else {
          try await deleteEntries(payload.id, via: placement.feed, placement.epoch, of: followers, app, traceID)
          if !followers.aggregated.isEmpty { cursor.leftMarks = true }
        }
        if let last = page.last, page.count == options.fanOutPageMax {
          cursor.place.after = last.key.rest
        } else {
          cursor.place = PlacementCursor(item: cursor.place.item + 1)
        }
      } catch {
        throw .store(error)
      }
      if cursor.place.item < payload.gone.count {
        if lease.shouldStop { return false }
        try await lease.save(cursor: cursor.encoded)
      }
    }
    return true
  }

  private func visitOwn(
    _ id: ActivityID, _ placement: Placement, _ cursor: inout GarbageCursor, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    if !cursor.isLast {
      if try await deleteOwnRow(id, placement.feed, placement.epoch, app, traceID) { cursor.leftMarks = true }
    } else if let group = try aggregatedGroup(ofFeed: placement.feed, app) {
      try await aggregate([forgetting(id, via: nil, placement.epoch, placement.feed, group)], app, traceID)
    }
  }

  private func forgetting(
    _ id: ActivityID, via: [UInt8]?, _ placement: Stamp, _ feed: [UInt8], _ group: FeedGroup
  ) -> FeedChange {
    let mark = AggregateMark(via: via.map { FeedKeys.feedHash($0) } ?? 0, placement: placement)
    return FeedChange(feed, AggregateRules(group), .forget(ActivityID(ticks: id.ticks, low: id.low), mark))
  }

  /// Removes the hint from a foreign id to an activity that has gone, unless it was written again after that was seen: who adds
  /// the activity anew writes the hint once more after its record.
  func dropHint(_ id: ActivityID, _ hash: [UInt8], _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) {
    let partition = FeedKeys.foreignID(hash: hash, app)
    let key = FeedKeys.foreignIDHint(id)
    guard let hint = try await get(partition, key) else { return }
    guard try await activityRecord(id, app).record == nil else { return }
    _ = try await write(
      [SubBatch(partition: partition, conditions: [.versionEquals(key, hint.version)], operations: [.delete(key)])],
      traceID)
  }
}
