import Jobs
import KeevoClient
import Model

/// The visible part of fresh adds, for many activities in few calls: own rows with the first page of followers, then the
/// followers' entries, then one look whether the placements still stand. What is more than that, or does not go
/// smoothly, is `FeedEngine+fanOut.swift`'s.
extension FeedEngine {
  private struct FirstPage {
    var edges: [Row] = []
    /// Whether the page holds all followers.
    var complete = true
  }

  func spread(_ fresh: [Committed], _ app: AppID, _ traceID: [UInt8]) async throws(JobError) {
    if fresh.isEmpty { return }
    do throws(StoreError) {
      let (arrivals, pages) = try await writeOwnRows(fresh, app, traceID)
      let covered = cover(pages)
      let late = try await push(fresh, arrivals, covered, app, traceID)
      try await settle(fresh, covered, late, app, traceID)
    } catch {
      throw .store(error)
    }
  }

  /// Writes the rows of origin and `to` feeds, if absent: their arrival is fixed; and the hints from foreign ids. The last row of each feed is followed by
  /// a look at its followers, so that every row is there before the followers are read (B11).
  private func writeOwnRows(
    _ fresh: [Committed], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> (arrivals: [[Stamp]], pages: [[UInt8]: FirstPage]) {
    var batches: [SubBatch] = []
    var places: [(commit: Int, item: Int)] = []
    var last: [[UInt8]: Int] = [:]
    for (index, commit) in fresh.enumerated() {
      for (number, item) in commit.job.items.enumerated() {
        // Aggregated feeds hold no entry rows, and nobody follows them (feeds W3).
        if try aggregatedGroup(ofFeed: item.feed, app) != nil { continue }
        if spreads(item.kind) { last[item.feed] = batches.count }
        batches.append(ownRow(commit.id, item, epoch(commit.job.lease.id), app.rawValue))
        places.append((index, number))
      }
    }
    for position in last.values {
      batches[position].scanAfter = RowRange(space: FeedKeys.followerSpace)
      batches[position].scanAfterLimit = options.visibleFeedsMax + 1
    }
    for commit in fresh where !commit.foreignID.isEmpty && !options.faults.contains(.hintOnce) {
      batches.append(hint(commit.id, commit.foreignID, app))
    }
    let results = try await write(batches, traceID).prefix(places.count)
    noteFeedUpdates(results.count { $0.applied }, app)
    var arrivals = fresh.map { [Stamp](repeating: .zero, count: $0.job.items.count) }
    var pages: [[UInt8]: FirstPage] = [:]
    for (position, (place, result)) in zip(places, results).enumerated() {
      let commit = fresh[place.commit]
      let items = commit.job.items
      let item = items[place.item]
      arrivals[place.commit][place.item] =
        result.applied
        ? result.stamp : try await arrival(commit.id, item.feed, epoch(commit.job.lease.id), app.rawValue)
      guard last[item.feed] == position else { continue }
      var page = FirstPage(edges: result.scanned)
      // One that has buckets is read bucket by bucket.
      if !result.applied || page.edges.first?.key == FeedKeys.buckets {
        page.edges = try await edges(of: item.feed, app.rawValue, after: [], limit: options.visibleFeedsMax + 1)
      }
      page.complete = page.edges.count <= options.visibleFeedsMax
      pages[item.feed] = page
    }
    return (arrivals, pages)
  }

  /// The sub-batch that writes an own or `to` row with its place in the index by arrival.
  func ownRow(_ id: ActivityID, _ item: FanOutPayload.Item, _ epoch: Stamp, _ app: UInt32) -> SubBatch {
    let row = EntryKey(id, via: 0, placement: epoch, edge: .zero).row
    let value = EntryValue(kind: item.kind, arrival: .zero).encoded
    let blind = !options.faults.isDisjoint(with: [.arrivalMoves, .notIdempotent])
    return SubBatch(
      partition: FeedKeys.feed(named: item.feed, app), conditions: blind ? [] : [.absent(row)],
      operations: [
        .put(row, value: value, valueStampAt: [EntryValue.arrivalOffset]),
        .put(FeedKeys.arrival(.zero, id, placement: epoch), value: [1, item.kind.rawValue], keyStampAt: [0]),
      ])
  }

  /// When the activity arrived in the feed by the placement of that epoch: its own row says it.
  func arrival(
    _ id: ActivityID, _ feed: [UInt8], _ epoch: Stamp, _ app: UInt32
  ) async throws(StoreError) -> Stamp {
    let key = EntryKey(id, via: 0, placement: epoch, edge: .zero).row
    guard let row = try await get(FeedKeys.feed(named: feed, app), key) else {
      // It was there, and has been collected since: nothing arrived, and nobody takes it.
      return .zero
    }
    do { return try EntryValue(row.value).arrival } catch { throw .unknownFormat("entry: \(error)") }
  }

  /// Whether followers get what came so (feeds F20).
  func spreads(_ kind: Placement.Kind) -> Bool { kind != .many || options.faults.contains(.manySpread) }

  func epoch(_ job: JobID?) -> Stamp {
    options.faults.contains(.epochsReused) ? Stamp(7) : job?.stamp ?? .zero
  }

  private struct Coverage {
    /// The edges of each feed that are written to before the answer.
    var edges: [[UInt8]: ArraySlice<Row>] = [:]
    /// Feeds not all of whose followers are.
    var cut: Set<[UInt8]> = []
  }

  /// Shares the visible number of feeds among the first pages: the feeds with the fewest followers first, so that one with
  /// many leaves room for them.
  private func cover(_ pages: [[UInt8]: FirstPage]) -> Coverage {
    var coverage = Coverage()
    var left = options.visibleFeedsMax
    let order = pages.sorted {
      $0.value.edges.count == $1.value.edges.count
        ? $0.key.lexicographicallyPrecedes($1.key) : $0.value.edges.count < $1.value.edges.count
    }
    for (feed, page) in order {
      let taken = page.edges.prefix(max(0, left))
      left -= taken.count
      coverage.edges[feed] = taken
      if !page.complete || taken.count < page.edges.count { coverage.cut.insert(feed) }
    }
    return coverage
  }

  /// Writes the followers' entries, and the activities into aggregated feeds. Gives the activities some of whose entries came too
  /// late to be written.
  private func push(
    _ fresh: [Committed], _ arrivals: [[Stamp]], _ coverage: Coverage, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> Set<Int> {
    let fence = fence()
    var followers: [[UInt8]: Followers] = [:]
    for (feed, rows) in coverage.edges { followers[feed] = try self.followers(rows, app) }
    var requests: [(commit: Int, request: PutManyRequest)] = []
    var changes: [(commit: Int, change: FeedChange)] = []
    for (index, commit) in fresh.enumerated() {
      let epoch = epoch(commit.job.lease.id)
      var activity: EnteringActivity?
      for (number, item) in commit.job.items.enumerated() {
        let group = try aggregatedGroup(ofFeed: item.feed, app)
        let aggregated = followers[item.feed]?.aggregated ?? []
        if group != nil || !aggregated.isEmpty {
          var entering: EnteringActivity
          if let activity {
            entering = activity
          } else {
            entering = try EnteringActivity(commit.id, commit.record, version: commit.version)
          }
          // Gone already: then the end of the job sees to it.
          guard let placement = try await placement(commit.id, commit.record, item.feed, epoch, app) else { continue }
          if let group {
            let own = self.entering(
              &entering, via: nil, placement, edge: .zero, arrival: .zero, into: item.feed, group,
              notAfterMilliseconds: fence)
            if let own { changes.append((index, own)) }
          }
          if spreads(item.kind) {
            changes += self.entering(
              &entering, placement, arrivals[index][number], into: aggregated, notAfterMilliseconds: fence
            ).map { (index, $0) }
          }
          activity = entering
        }
        if !spreads(item.kind) { continue }
        requests += entries(
          commit.id, item, epoch, arrivals[index][number], followers[item.feed]?.flat ?? [], app.rawValue, fence,
          traceID
        ).map { (index, $0) }
      }
    }
    let outcomes = await concurrently(requests) { [self] item in
      await Result.of { () throws(StoreError) in
        let late = try await store.putMany(item.request).late
        noteEntries(item.request.targets.count - late.count, app)
        return (item.commit, late.isEmpty)
      }
    }
    var late: Set<Int> = []
    for outcome in outcomes {
      let (commit, inTime) = try outcome.get()
      if !inTime { late.insert(commit) }
    }
    for (change, outcome) in zip(changes, try await aggregate(changes.map(\.change), app, traceID)) {
      if case .late = outcome { late.insert(change.commit) }
    }
    return late
  }

  /// The PutMany calls that give one placement's entry to followers: one, or more only where many of them have former relations.
  func entries(
    _ id: ActivityID, _ item: FanOutPayload.Item, _ epoch: Stamp, _ arrival: Stamp,
    _ edges: [(source: [UInt8], edge: FollowerEdge)], _ app: UInt32, _ fence: UInt64, _ traceID: [UInt8]
  ) -> [PutManyRequest] {
    var targets: [PutManyRequest.Target] = []
    targets.reserveCapacity(edges.count)
    for (source, edge) in edges {
      for epoch in edge.epochs(taking: arrival, options.faults) {
        let own = options.faults.contains(.notIdempotent) ? epoch.rawValue &+ faultSalt() : epoch.rawValue
        targets.append(.init(partitionName: FeedKeys.feed(named: source, app).name, own: own))
      }
    }
    let key = EntryKey(id, via: FeedKeys.feedHash(item.feed), placement: epoch, edge: .zero)
    let value = EntryValue(kind: item.kind, arrival: arrival).encoded
    var requests: [PutManyRequest] = []
    while !targets.isEmpty {
      let part = targets.prefix(StoreLimits.putManyTargetsMax)
      requests.append(
        PutManyRequest(
          app: app, space: FeedKeys.entrySpace, restPrefix: key.prefix, value: value, targets: Array(part),
          notAfterMilliseconds: fence, traceID: traceID))
      targets.removeFirst(part.count)
    }
    return requests
  }

  /// Another number at each attempt: with idempotency switched off, each attempt writes rows of its own.
  private func faultSalt() -> UInt64 { UInt64(bitPattern: Int64(fanOutEntries.value)) << 20 }

  func decode(_ rows: some Collection<Row>) throws(StoreError) -> [(source: [UInt8], edge: FollowerEdge)] {
    var out: [(source: [UInt8], edge: FollowerEdge)] = []
    out.reserveCapacity(rows.count)
    for row in rows {
      do {
        out.append((FollowerEdge.source(row.key.rest), try FollowerEdge(row.value)))
      } catch {
        throw .unknownFormat("edge: \(error)")
      }
    }
    return out
  }

  /// Ends the jobs whose whole work was visible, hands the others over; both only if the record is still as it was
  /// committed. Where it is not, the job's own steps look again and take back what has gone.
  private func settle(
    _ fresh: [Committed], _ coverage: Coverage, _ late: Set<Int>, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    var batches: [SubBatch] = []
    var jobs: [JobLease] = []
    var again: [JobLease] = []
    for (index, commit) in fresh.enumerated() {
      let (lease, items) = commit.job
      if late.contains(index) || commit.renews {
        again.append(lease)
        continue
      }
      var operation: Operation = .delete(lease.id.key)
      if let cut = items.firstIndex(where: { spreads($0.kind) && coverage.cut.contains($0.feed) }) {
        var record = lease.record
        record.holder = 0
        record.beat &+= 1
        record.cursor = PlacementCursor(item: cut, after: coverage.edges[items[cut].feed]?.last?.key.rest ?? []).encoded
        operation = .put(lease.id.key, value: record.encoded())
      }
      batches.append(
        SubBatch(
          partition: lease.id.partition,
          conditions: [.versionEquals(FeedKeys.record, commit.version), .versionEquals(lease.id.key, lease.version)],
          operations: [operation]))
      jobs.append(lease)
    }
    let results = try await write(batches, traceID)
    for (lease, result) in zip(jobs, results) where result.failedCondition == 0 { again.append(lease) }
    for lease in again {
      do throws(JobError) {
        do throws(JobError) {
          try await fanOut(lease.id, lease.record, lease: lease, visible: true)
        } catch .leaseLost {
          // A worker has it now, but the answer waits for its own part.
          try await fanOut(lease.id, lease.record, lease: nil, visible: true)
        }
      } catch .store(let error) {
        throw error
      } catch {
        logger.error("a fan-out cannot be finished", [("error", "\(error)")])
      }
    }
  }
}
