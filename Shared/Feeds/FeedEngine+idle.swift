import Jobs
import KeevoClient
import Model

/// Readers who have gone (B12): after `idleMilliseconds` without a read a feed's edges are pulled, and pushed again once it is
/// read.
///
/// A read writes its time at most once a day, and enters the feed into the list of that day, which has a job that wakes when the
/// time is over. Feeds that were read since then stand in a later list too.
extension FeedEngine {
  func lastRead(_ row: VersionedValue?) throws(StoreError) -> LastRead? {
    guard let row else { return nil }
    do { return try LastRead(row.value) } catch { throw .unknownFormat("last read: \(error)") }
  }

  /// Notes beside a read that the feed was read, if its row is older than a day. Feeds that follow nothing have none.
  func noteReadLater(_ feed: [UInt8], _ row: VersionedValue?, _ app: AppID) {
    guard options.idleMilliseconds > 0, let row else { return }
    do throws(FormatError) {
      guard isDue(try LastRead(row.value)) else { return }
    } catch {
      // The page is served; only the feed's way back to push waits for a version that can read the row.
      unreadableRows.increment()
      logger.warning(
        "a feed's last read cannot be understood, and is not noted",
        [("app", "\(app)"), ("feed", String(decoding: feed, as: UTF8.self)), ("error", "\(error)")])
      return
    }
    runtime.spawn { [self] in
      do throws(StoreError) {
        try await noteRead(feed, row, app)
      } catch {
        logger.debug("a feed's last read is noted by the next read", [("error", "\(error)")])
      }
    }
  }

  private func isDue(_ last: LastRead) -> Bool {
    last.isIdle || timing.wallMilliseconds() >= last.atMilliseconds + options.lastReadMilliseconds
  }

  /// Notes that a feed is read now: it follows, or was read. `row`: what its last read was noted as.
  func noteRead(_ feed: [UInt8], _ row: VersionedValue?, _ app: AppID) async throws(StoreError) {
    let last = try lastRead(row)
    guard options.idleMilliseconds > 0, last.map(isDue) ?? true else { return }
    let now = timing.wallMilliseconds()
    var operations: [Operation] = [.put(FeedKeys.lastRead, value: LastRead(atMilliseconds: now).encoded)]
    if last?.isIdle == true {
      let job = JobRecord(kind: .idle, madeAtMilliseconds: now, payload: IdlePayload.return.encoded)
      operations.append(JobID.make(job))
    }
    let day = now / options.lastReadMilliseconds
    let list = FeedKeys.readers(day: day, part: FeedKeys.feedHash(feed) % options.readerListParts, app.rawValue)
    var job = JobRecord(kind: .idle, madeAtMilliseconds: now, payload: IdlePayload.leave(day: day).encoded)
    job.wakeAtMilliseconds = (day + 1) * options.lastReadMilliseconds + options.idleMilliseconds
    _ = try await write(
      [
        // The list first: a feed that is in none would never be looked at again.
        SubBatch(
          partition: list,
          operations: [
            .put(RowKey(space: FeedKeys.readersSpace, rest: feed), value: [1]),
            .putIfAbsent(JobID(partition: list, stamp: Stamp(day + 1)).key, value: job.encoded()),
          ]),
        SubBatch(
          partition: FeedKeys.feed(named: feed, app.rawValue),
          conditions: [row.map { .versionEquals(FeedKeys.lastRead, $0.version) } ?? .absent(FeedKeys.lastRead)],
          operations: operations),
      ], [])
  }

  /// The job of a list, or of a feed whose reader has come back.
  func idle(_ lease: JobLease) async throws(JobError) {
    let payload: IdlePayload
    do { payload = try IdlePayload(lease.record.payload) } catch { throw .format(error) }
    switch payload {
    case .leave(let day): try await leave(day, lease)
    case .return: try await comeBack(lease)
    }
  }

  private func leave(_ day: UInt64, _ lease: JobLease) async throws(JobError) {
    let app = AppID(lease.id.partition.app)
    while true {
      jobSteps.increment()
      let page: ScanResponse
      do throws(StoreError) {
        page = try await store.scan(
          ScanRequest(
            scope: .partition(lease.id.partition, RowRange(space: FeedKeys.readersSpace)), limit: options.stepRowsMax,
            keysOnly: true))
      } catch {
        throw .store(error)
      }
      for row in page.rows {
        try await lease.renewIfDue()
        do throws(StoreError) { try await pullAll(row.key.rest, day, app, lease.record.traceID) } catch {
          throw .store(error)
        }
      }
      let operations = page.rows.map { Operation.delete($0.key) }
      // A feed that was entered meanwhile keeps the job: the end is conditional on there being nothing left.
      if page.next.isEmpty {
        try await lease.commit(.keep, operations: operations)
        let outcome = try await lease.commit(
          .finish, conditions: [.rangeEmpty(RowRange(space: FeedKeys.readersSpace))])
        if case .applied = outcome { return }
      } else {
        try await lease.commit(.save(lease.record), operations: operations)
      }
      if lease.shouldStop { return try await lease.release() }
    }
  }

  /// Pulls all edges of a feed that has not been read since that day, as far as a feed may pull.
  private func pullAll(_ feed: [UInt8], _ day: UInt64, _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) {
    let partition = FeedKeys.feed(named: feed, app.rawValue)
    guard options.idleMilliseconds > 0, var row = try await get(partition, FeedKeys.lastRead),
      var last = try lastRead(row), last.atMilliseconds / options.lastReadMilliseconds <= day,
      try aggregatedGroup(ofFeed: feed, app) == nil
    else { return }
    if !last.isIdle {
      last.isIdle = true
      let result = try await write(
        [
          SubBatch(
            partition: partition, conditions: [.versionEquals(FeedKeys.lastRead, row.version)],
            operations: [.put(FeedKeys.lastRead, value: last.encoded)])
        ], traceID)[0]
      // Read just now.
      guard result.applied else { return }
      row.version = result.stamp
    }
    var cursor: [UInt8] = []
    repeat {
      let page = try await store.scan(
        ScanRequest(
          scope: .partition(partition, RowRange(space: FeedKeys.followOrderSpace)), limit: options.stepRowsMax,
          cursor: cursor))
      cursor = page.next
      for order in page.rows {
        let follow: FollowOrderRow
        do { follow = try FollowOrderRow(order.value) } catch { throw .unknownFormat("order row: \(error)") }
        let lease = try await beginPull(
          feed, follow.other, app, traceID, if: .versionEquals(FeedKeys.lastRead, row.version))
        guard let lease else { continue }
        do throws(JobError) { try await relay(lease) } catch {
          logger.debug("a follow is switched by its own job", [("error", "\(error)")])
        }
      }
    } while !cursor.isEmpty
  }

  /// Pushes the edges of a feed that is read again, but for those of feeds whose followers pull anyway.
  private func comeBack(_ lease: JobLease) async throws(JobError) {
    let app = AppID(lease.id.partition.app)
    let feed = FeedKeys.feedName(of: lease.id.partition)
    do throws(StoreError) {
      let rows = try await multiGet(
        [FeedKeys.edges, FeedKeys.lastRead].map { .init(partition: lease.id.partition, key: $0) })
      let pulls = try edgesRow(rows[0]).pulls.filter { $0.until == .max }
      let reaches = try await multiGet(
        pulls.map { .init(partition: FeedKeys.feed(named: $0.target, app.rawValue), key: FeedKeys.reach) })
      if try lastRead(rows[1])?.isIdle != true {
        for (pull, row) in zip(pulls, reaches) where try !reach(row).pulls {
          try await switchOne(feed, pull.target, pulls: false, app, lease.record.traceID)
        }
      }
    } catch {
      throw .store(error)
    }
    try await lease.finish()
  }
}
