import Jobs
import KeevoClient
import Model

/// When a feed's followers pull (B12): above the `pull_above` of its group.
extension FeedEngine {
  /// Whether flat followers of the feed are to pull, by its row.
  func reach(_ row: VersionedValue?) throws(StoreError) -> ReachRow {
    guard let row else { return ReachRow(pulls: false) }
    do { return try ReachRow(row.value) } catch { throw .unknownFormat("reach: \(error)") }
  }

  /// Looks at the number of followers after a change, and has all of them switched where it has passed the limit, and a bucket
  /// split that has become too full. `rows`: count and `reach` of the partition that was changed. Gives whether followers pull from
  /// now on. What a crash leaves out, the next follow or unfollow does.
  func review(
    _ target: [UInt8], _ buckets: BucketsRow, _ version: Stamp?, _ rows: [Row], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> Bool {
    let slug = String(decoding: target.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
    let home = FeedKeys.feed(named: target, app.rawValue)
    var row = rows.first { $0.key == FeedKeys.reach }.map { VersionedValue(value: $0.value, version: $0.version) }
    var counts = [rows.first { $0.key == FeedKeys.followersCount }.map { Self.number($0.value) } ?? 0]
    if version != nil {
      let all = try await multiGet(
        [.init(partition: home, key: FeedKeys.reach)]
          + buckets.numbers.map {
            .init(partition: FeedKeys.bucket($0, of: target, app.rawValue), key: FeedKeys.followersCount)
          })
      row = all[0]
      counts = all.dropFirst().map { Self.number($0?.value ?? []) }
    }
    try await splitIfFull(target, buckets, version, counts, app, traceID)
    let reach = try self.reach(row)
    guard let group = groups.group(slug, app: app) else { return reach.pulls }
    let wanted = reach.wanted(followers: counts.reduce(0, +), above: group.pullAbove)
    if wanted == reach.pulls { return wanted }
    let job = JobRecord(
      kind: .reach, madeAtMilliseconds: timing.wallMilliseconds(), traceID: traceID,
      payload: ReachRow(pulls: wanted).encoded)
    let result = try await write(
      [
        SubBatch(
          partition: home,
          conditions: [row.map { .versionEquals(FeedKeys.reach, $0.version) } ?? .absent(FeedKeys.reach)],
          operations: [.put(FeedKeys.reach, value: ReachRow(pulls: wanted).encoded), JobID.make(job)])
      ], traceID)[0]
    return result.applied ? wanted : reach.pulls
  }

  /// Eight little-endian bytes, as the store adds.
  static func number(_ value: [UInt8]) -> Int64 {
    Int64(bitPattern: value.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// The job that switches all followers of a feed, page by page; it ends where the feed has changed its mind.
  func reach(_ lease: JobLease) async throws(JobError) {
    let app = AppID(lease.id.partition.app)
    let target = FeedKeys.feedName(of: lease.id.partition)
    let wanted: ReachRow
    var cursor: PlacementCursor
    do throws(FormatError) {
      wanted = try ReachRow(lease.record.payload)
      cursor = try PlacementCursor(lease.record.cursor)
    } catch {
      throw .format(error)
    }
    while true {
      jobSteps.increment()
      let last: Row?
      do throws(StoreError) {
        guard try reach(try await get(lease.id.partition, FeedKeys.reach)) == wanted else {
          last = nil
          return try await finished(lease)
        }
        let page = try await edges(of: target, app.rawValue, after: cursor.after, limit: options.stepRowsMax)
        let followers = try followers(page, app).flat.filter {
          $0.edge.state == .live && ($0.edge.pullAfter == .max) == wanted.pulls
        }
        try await relay(followers.map(\.source), of: target, pulls: wanted.pulls, app, lease.record.traceID)
        last = page.last
      } catch {
        throw .store(error)
      }
      guard let last else { return try await lease.finish() }
      cursor.after = last.key.rest
      try await lease.save(cursor: cursor.encoded)
      if lease.shouldStop { return try await lease.release() }
    }
  }

  /// Ends a job inside a step whose other calls fail with the store's errors; one that was lost is another's.
  private func finished(_ lease: JobLease) async throws(StoreError) {
    do throws(JobError) {
      try await lease.finish()
    } catch .store(let error) {
      throw error
    } catch {
      logger.debug("a job has another holder", [("job", lease.record.kind.name)])
    }
  }

  /// Switches followers of one feed, side by side. Readers who have gone stay pulled.
  private func relay(
    _ sources: [[UInt8]], of target: [UInt8], pulls: Bool, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    var sources = sources
    if !pulls {
      let rows = try await multiGet(
        sources.map { .init(partition: FeedKeys.feed(named: $0, app.rawValue), key: FeedKeys.lastRead) })
      var here: [[UInt8]] = []
      for (source, row) in zip(sources, rows) where try lastRead(row)?.isIdle != true { here.append(source) }
      sources = here
    }
    let outcomes = await concurrently(sources) { [self] source in
      await Result.of { () throws(StoreError) in
        try await switchOne(source, target, pulls: pulls, app, traceID)
      }
    }
    for outcome in outcomes { try outcome.get() }
  }

  /// Switches one relation to its end; what fails after its job was made is left to that job.
  func switchOne(
    _ source: [UInt8], _ target: [UInt8], pulls: Bool, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    let lease =
      pulls
      ? try await beginPull(source, target, app, traceID) : try await beginPush(source, target, app, traceID)
    guard let lease else { return }
    do throws(JobError) {
      try await relay(lease)
    } catch {
      logger.debug("a follow is switched by its own job", [("error", "\(error)")])
    }
  }
}
