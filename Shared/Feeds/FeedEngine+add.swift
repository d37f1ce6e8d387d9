import Jobs
import KeevoClient
import Model

extension FeedEngine {
  /// An activity on its way into the store.
  struct Draft: Sendable {
    var input: ActivityInput
    var id: ActivityID
    var time: ActivityTime
    var foreignIDHash: [UInt8]
  }

  /// What the first batch of an add has made durable.
  struct Committed: Sendable {
    var id: ActivityID
    var record: ActivityRecord
    var version: Stamp
    /// The job that spreads the new placements, with what it is to do; none if all of them stood.
    var job: (lease: JobLease, items: [FanOutPayload.Item])?
    /// Jobs that earlier requests left.
    var pending: [Row] = []
  }

  public func add(
    _ activities: [ActivityInput], to feed: FeedID, app: AppID, traceID: [UInt8]
  ) async throws(FeedError) -> [StoredActivity] {
    let committed: [Committed]?
    do throws(StoreError) {
      let drafts = try await drafts(activities, app)
      try await writeHints(drafts, app, traceID)
      committed = try await commit(drafts, feed.nameBytes, app, traceID)
    } catch .invalid(let reason) {
      // Forms were checked by the caller: what remains are limits of size and number.
      throw .invalid(reason)
    } catch {
      throw .store(error)
    }
    guard let committed else { throw .contention }
    await visible("fan-out") { [self] () throws(JobError) in
      if !options.faults.contains(.noHelp) {
        for commit in committed { try await help(commit.pending, FeedKeys.activity(commit.id, app)) }
      }
      try await spread(committed.filter { $0.job != nil }, app, traceID)
    }
    return committed.map { $0.record.stored($0.id, version: $0.version) }
  }

  private func drafts(_ activities: [ActivityInput], _ app: AppID) async throws(StoreError) -> [Draft] {
    let missing = activities.count { $0.time == nil }
    var given = missing == 0 ? [][...] : try await times.next(missing, app: app)[...]
    return activities.map { input in
      let time = input.time ?? given.removeFirst()
      return Draft(
        input: input, id: input.id(at: time), time: time,
        foreignIDHash: input.foreignID.isEmpty ? [] : FeedKeys.foreignIDHash(input.foreignID))
    }
  }

  /// Hints from foreign ids to ids, before the records: a removal by foreign id must find every record. Written even where
  /// there is one, so that a collection which has seen the record gone does not take it away.
  private func writeHints(_ drafts: [Draft], _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) {
    let batches = drafts.filter { !$0.foreignIDHash.isEmpty }.map { draft in
      SubBatch(
        partition: FeedKeys.foreignID(hash: draft.foreignIDHash, app),
        operations: [.put(FeedKeys.foreignIDHint(draft.id), value: [1] + Array(draft.input.foreignID.utf8))])
    }
    _ = try await write(batches, traceID)
  }

  /// The first batches: body, placements and job of each activity (B8). `nil` after too many attempts.
  private func commit(
    _ drafts: [Draft], _ feed: [UInt8], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> [Committed]? {
    var done: [Committed?] = Array(repeating: nil, count: drafts.count)
    // At first all are taken for new, which most are; the store tells which are not.
    var waiting = Array(drafts.indices)
    var known: [Int: VersionedValue] = [:]
    for attempt in 0..<options.contentionTriesMax {
      if attempt > 0 {
        let rows = try await multiGet(
          waiting.map { .init(partition: FeedKeys.activity(drafts[$0].id, app), key: FeedKeys.record) })
        known = [:]
        for (index, row) in zip(waiting, rows) { known[index] = row }
      }
      var plans: [Plan] = []
      for index in waiting { plans.append(try plan(drafts[index], known[index], feed, app, traceID)) }
      let results = try await write(plans.map(\.batch), traceID)
      var again: [Int] = []
      for ((index, plan), result) in zip(zip(waiting, plans), results) {
        guard result.applied else {
          again.append(index)
          continue
        }
        done[index] = committed(drafts[index], plan, result, known[index]?.version, app)
      }
      waiting = again
      if waiting.isEmpty { return done.compactMap { $0 } }
    }
    return nil
  }

  private struct Plan {
    var record: ActivityRecord
    var batch: SubBatch
    var items: [FanOutPayload.Item]
    var job: JobRecord?
    var changed: Bool
  }

  private func plan(
    _ draft: Draft, _ old: VersionedValue?, _ feed: [UInt8], _ app: AppID, _ traceID: [UInt8]
  ) throws(StoreError) -> Plan {
    let before = try record(old)
    var placements = before?.placements ?? []
    var items: [FanOutPayload.Item] = []
    func place(_ name: [UInt8], _ kind: Placement.Kind) {
      if placements.contains(where: { $0.feed == name && $0.kind == kind }) { return }
      let epoch = options.faults.contains(.epochsReused) ? Stamp(7) : .zero
      placements.append(Placement(feed: name, kind: kind, epoch: epoch))
      items.append(.init(feed: name, kind: kind))
    }
    place(feed, .own)
    for target in draft.input.to where target.nameBytes != feed { place(target.nameBytes, .to) }
    guard placements.count <= options.placementsMax else {
      throw .invalid(
        "an activity can be in \(options.placementsMax) feeds in its own right, not in \(placements.count)")
    }
    let to = placements.filter { $0.kind == .to }.map(\.feed)
    let record = ActivityRecord(
      idVersion: draft.id.version, foreignIDHash: draft.foreignIDHash, placements: placements,
      body: ActivityBody(draft.input, id: draft.id, time: draft.time, to: to))
    let partition = FeedKeys.activity(draft.id, app)
    let condition: Condition =
      old.map { .versionEquals(FeedKeys.record, $0.version) } ?? .absent(FeedKeys.record)
    var operations: [Operation] = []
    let changed = record != before
    if changed {
      let encoded = record.encoded()
      operations.append(.put(FeedKeys.record, value: encoded.bytes, valueStampAt: encoded.stampAt))
    }
    var job: JobRecord?
    if !items.isEmpty {
      let made = JobRecord(
        kind: .fanOut, holder: holder, madeAtMilliseconds: timing.wallMilliseconds(), traceID: traceID,
        payload: FanOutPayload(id: draft.id, items: items).encoded)
      operations.append(JobID.make(made))
      job = made
    }
    // What earlier requests left pending is seen in the same call; a new activity has none that matter.
    let batch = SubBatch(
      partition: partition, conditions: [condition], operations: operations, scanAfter: old == nil ? nil : JobID.range,
      scanAfterLimit: old == nil ? 0 : 64)
    return Plan(record: record, batch: batch, items: items, job: job, changed: changed)
  }

  private func committed(
    _ draft: Draft, _ plan: Plan, _ result: SubBatchResult, _ old: Stamp?, _ app: AppID
  ) -> Committed {
    var record = plan.record
    for index in record.placements.indices where record.placements[index].epoch == .zero {
      record.placements[index].epoch = result.stamp
    }
    var committed = Committed(
      id: draft.id, record: record, version: plan.changed ? result.stamp : old ?? result.stamp)
    let own = JobID(partition: FeedKeys.activity(draft.id, app), stamp: result.stamp)
    if let job = plan.job {
      let lease = JobLease(own, record: job, version: result.stamp, store: store, timing: timing)
      committed.job = (lease, plan.items)
    }
    committed.pending = result.scanned.filter { plan.job == nil || $0.key != own.key }
    return committed
  }

  public func activities(_ ids: [ActivityID], app: AppID) async throws(FeedError) -> [StoredActivity?] {
    do throws(StoreError) {
      let rows = try await multiGet(ids.map { .init(partition: FeedKeys.activity($0, app), key: FeedKeys.record) })
      var out: [StoredActivity?] = []
      for (id, row) in zip(ids, rows) {
        guard let row, let record = try record(row), record.idVersion == id.version else {
          out.append(nil)
          continue
        }
        out.append(record.stored(id, version: row.version))
      }
      return out
    } catch {
      throw .store(error)
    }
  }
}
