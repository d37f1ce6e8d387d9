import Jobs
import KeevoClient
import Model

/// Regroups feeds whose group has another format than their groups were made by (feeds J1a).
extension FeedEngine {
  /// Regroups a feed: at once and in one write where it is small, else by a job, until which its old groups are shown.
  func regroup(
    _ feed: [UInt8], _ group: FeedGroup, _ format: AggregationFormat, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    let partition = FeedKeys.feed(named: feed, app.rawValue)
    let page = try await entrySets(of: feed, after: nil, app)
    if page.next.isEmpty {
      try await regroup(page.rows, feed, group, format, app, traceID)
      return try await adopt(format, partition, traceID)
    }
    let job = JobRecord(
      kind: .convert, madeAtMilliseconds: timing.wallMilliseconds(), traceID: traceID,
      payload: RegroupPayload(format: format.fingerprint).encoded)
    try await changeState(partition, traceID) { state in
      if state.converting == format.fingerprint || state.format == format.fingerprint { return nil }
      state.converting = format.fingerprint
      return [JobID.make(job)]
    }
  }

  /// The same beside a request that has written into the feed.
  func regroupLater(_ feed: [UInt8], _ app: AppID, _ traceID: [UInt8]) {
    runtime.spawn { [self] in
      do throws(StoreError) {
        guard let group = try aggregatedGroup(ofFeed: feed, app), case .format(let format) = formats.format(of: group)
        else { return }
        try await regroup(feed, group, format, app, traceID)
      } catch {
        logger.debug("a feed is regrouped when it is read or written next", [("error", "\(error)")])
      }
    }
  }

  /// The job: goes over all that the feed holds, and begins anew if the format changes meanwhile.
  func convert(_ lease: JobLease) async throws(JobError) {
    let app = AppID(lease.id.partition.app)
    let feed = FeedKeys.feedName(of: lease.id.partition)
    let payload: RegroupPayload
    do { payload = try RegroupPayload(lease.record.payload) } catch { throw .format(error) }
    var after = lease.record.cursor.isEmpty ? nil : AggregateKeys.activity(ofEntries: lease.record.cursor)
    while true {
      jobSteps.increment()
      let page: ScanResponse
      do throws(StoreError) {
        guard let group = try aggregatedGroup(ofFeed: feed, app), case .format(let format) = formats.format(of: group),
          group.reaggregate, format.fingerprint == payload.format
        else {
          // Another format holds by now: the next read or write sees to it.
          try await changeState(lease.id.partition, lease.record.traceID) { state in
            if state.converting != payload.format { return nil }
            state.converting = 0
            return []
          }
          return try await finish(lease)
        }
        page = try await entrySets(of: feed, after: after, app)
        try await regroup(page.rows, feed, group, format, app, lease.record.traceID)
        if page.next.isEmpty {
          try await adopt(format, lease.id.partition, lease.record.traceID)
          return try await finish(lease)
        }
      } catch {
        throw .store(error)
      }
      guard let last = page.rows.last else { return try await lease.finish() }
      after = AggregateKeys.activity(ofEntries: last.key.rest)
      try await lease.save(cursor: last.key.rest)
      if lease.shouldStop { return try await lease.release() }
    }
  }

  /// Ends the job inside a step whose other calls fail with the store's errors.
  private func finish(_ lease: JobLease) async throws(StoreError) {
    do throws(JobError) {
      try await lease.finish()
    } catch .store(let error) {
      throw error
    } catch {
      // Somebody else has the job now, and finds nothing left to do.
      logger.debug("a regrouping was finished by another", [("error", "\(error)")])
    }
  }

  private func entrySets(
    of feed: [UInt8], after: ActivityID?, _ app: AppID
  ) async throws(StoreError) -> ScanResponse {
    try await store.scan(
      ScanRequest(
        scope: .partition(FeedKeys.feed(named: feed, app.rawValue), AggregateKeys.allEntries(after: after)),
        limit: max(2, options.stepRowsMax)))
  }

  /// Moves each member of a page to the group that the format gives it now.
  private func regroup(
    _ rows: [Row], _ feed: [UInt8], _ group: FeedGroup, _ format: AggregationFormat, _ app: AppID,
    _ traceID: [UInt8]
  ) async throws(StoreError) {
    let ids = rows.compactMap { AggregateKeys.activity(ofEntries: $0.key.rest) }
    let records = try await multiGet(
      ids.map { .init(partition: FeedKeys.activity($0, app), key: FeedKeys.record) })
    var changes: [FeedChange] = []
    // Oldest first, so that a new group begins with its first activity.
    for (id, row) in zip(ids, records).reversed() {
      guard let row, let record = try record(row) else { continue }
      var activity = try EnteringActivity(id, record, version: row.version)
      guard let place = activity.group(in: feed, group.slug, format) else { continue }
      changes.append(
        FeedChange(feed, AggregateRules(group), .regroup(activity.id, group: place.hash, key: place.key)))
    }
    try await aggregate(changes, app, traceID)
  }

  /// Notes that all groups are of the format.
  private func adopt(
    _ format: AggregationFormat, _ partition: Partition, _ traceID: [UInt8]
  ) async throws(StoreError) {
    try await changeState(partition, traceID) { state in
      state.format = format.fingerprint
      state.converting = 0
      return []
    }
  }

  /// Changes the feed's state, unless `change` gives `nil`.
  private func changeState(
    _ partition: Partition, _ traceID: [UInt8], _ change: (inout AggregateState) -> [Operation]?
  ) async throws(StoreError) {
    for _ in 0..<options.contentionTriesMax {
      guard let row = try await get(partition, AggregateKeys.state), var state = try aggregateState(row) else { return }
      guard let operations = change(&state) else { return }
      let batch = SubBatch(
        partition: partition, conditions: [.versionEquals(AggregateKeys.state, row.version)],
        operations: operations + [.put(AggregateKeys.state, value: state.encoded)])
      if try await write([batch], traceID)[0].applied { return }
    }
    throw .overloaded("an aggregated feed is changed by too many at once")
  }
}

/// What a job that regroups a feed is to do. Format 1.
struct RegroupPayload: Hashable, Sendable {
  var format: UInt64

  var encoded: [UInt8] { [1] + FeedKeys.bigEndian(format) }

  init(format: UInt64) { self.format = format }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    format = try reader.integer()
  }
}
