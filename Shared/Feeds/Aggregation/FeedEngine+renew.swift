import Jobs
import KeevoClient
import Model

/// An activity has another actor than it had: the aggregated feeds that hold it count it anew (B15).
extension FeedEngine {
  /// Goes over one placement's feed and its followers. `false` when the budget is spent or the worker drains.
  func renew(
    _ activity: ActivityID, _ placement: Placement, _ id: JobID, _ job: JobRecord, cursor: inout PlacementCursor,
    lease: JobLease?, budget: inout Int
  ) async throws(JobError) -> Bool {
    let app = AppID(id.partition.app)
    while true {
      let limit = min(options.fanOutPageMax, max(1, budget))
      let page: [Row]
      do throws(StoreError) {
        if let group = try aggregatedGroup(ofFeed: placement.feed, app) {
          try await renew(activity, [(placement.feed, group)], app, job.traceID)
          return true
        }
        if placement.kind == .many { return true }
        jobSteps.increment()
        page = try await edges(of: placement.feed, app.rawValue, after: cursor.after, limit: limit)
        let aggregated = try followers(page, app).aggregated
        try await renew(activity, aggregated.map { ($0.source, $0.group) }, app, job.traceID)
      } catch {
        throw .store(error)
      }
      guard let last = page.last, page.count == limit else { return true }
      cursor.after = last.key.rest
      budget -= limit
      if budget <= 0 || lease?.shouldStop == true { return false }
      try await lease?.save(cursor: cursor.encoded)
    }
  }

  /// Feeds that do not hold the activity stay as they are.
  private func renew(
    _ id: ActivityID, _ feeds: [(feed: [UInt8], group: FeedGroup)], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    if feeds.isEmpty { return }
    let (record, version) = try await activityRecord(id, app)
    // One that has gone leaves by its garbage job.
    guard let record, let version else { return }
    let activity = try EnteringActivity(id, record, version: version)
    let changes = feeds.map { feed in
      FeedChange(
        feed.feed, AggregateRules(feed.group), .renew(activity.id, actor: activity.actor, version: version))
    }
    try await aggregate(changes, app, traceID)
  }
}
