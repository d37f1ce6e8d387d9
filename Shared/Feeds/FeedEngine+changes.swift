import Jobs
import KeevoClient
import Model

/// How a request changes activities: it reads, plans, and writes each record with its placements and jobs in one sub-batch under
/// the version it read (B8); what others have changed meanwhile is planned anew.
extension FeedEngine {
  /// What a call of the store means for a request on feeds.
  func asked<T>(_ call: () async throws(StoreError) -> T) async throws(FeedError) -> T {
    do throws(StoreError) {
      return try await call()
    } catch .invalid(let reason) {
      // Forms were checked by the caller: what remains are limits of size and number.
      throw .invalid(reason)
    } catch {
      throw .store(error)
    }
  }

  /// Changes the activities `ids`, one `plan` for each; `nil` leaves one as it is. `fresh`: they are first taken for new,
  /// which most are; the store tells which are not. A plan of the first round that throws ends the request with nothing
  /// written.
  func change(
    _ ids: [ActivityID], fresh: Bool = false, _ context: ChangeContext,
    _ plan: (Int, ActivityState) async throws(FeedError) -> ActivityPlan?
  ) async throws(FeedError) -> [ChangedActivity?] {
    let app = context.app
    let moments =
      context.author == nil
      ? [] : try await asked { () throws(StoreError) in try await times.next(ids.count, app: app) }
    var done: [ChangedActivity?] = Array(repeating: nil, count: ids.count)
    var waiting = Array(ids.indices)
    for attempt in 0..<options.contentionTriesMax {
      let states: [ActivityState]
      if fresh, attempt == 0 {
        states = ids.map { _ in ActivityState() }
      } else {
        let open = waiting.map { ids[$0] }
        states = try await asked { () throws(StoreError) in try await self.states(open, app) }
      }
      var drafts: [RecordDraft] = []
      for (index, state) in zip(waiting, states) {
        guard let plan = try await plan(index, state) else { continue }
        let moment = moments.isEmpty ? nil : moments[index]
        drafts.append(try draft(index, ids[index], state, plan, moment, context))
      }
      let batches = drafts.map(\.batch)
      let results = try await asked { () throws(StoreError) in try await write(batches, context.traceID) }
      waiting = []
      for (draft, result) in zip(drafts, results) {
        if result.applied {
          done[draft.index] = changed(draft, result, app)
        } else {
          waiting.append(draft.index)
        }
      }
      if waiting.isEmpty { return done }
    }
    throw .contention
  }

  /// One sub-batch that is about to be written, and what it means if it is applied.
  private struct RecordDraft {
    var index: Int
    var id: ActivityID
    var batch: SubBatch
    var record: ActivityRecord?
    /// The version, if the sub-batch leaves the record as it is.
    var version: Stamp?
    var placed: [Placement]
    var gone: [Placement]
    var foreignID = ""
    var fanOuts: [(job: JobRecord, items: [FanOutPayload.Item])] = []
    var garbage: JobRecord?
    var note: ChangeNote?
    var noteJob: UInt8 = 0
    var jobs: UInt8 = 0

    /// Adds a job to the sub-batch and gives its number there.
    mutating func make(_ job: JobRecord) -> UInt8 {
      batch.operations.append(JobID.make(job, number: jobs))
      jobs += 1
      return jobs - 1
    }
  }

  private func draft(
    _ index: Int, _ id: ActivityID, _ state: ActivityState, _ plan: ActivityPlan, _ moment: ActivityTime?,
    _ context: ChangeContext
  ) throws(FeedError) -> RecordDraft {
    guard plan.kept.count + plan.placed.count <= options.placementsMax else {
      throw .invalid(
        "an activity can be in \(options.placementsMax) feeds in its own right, not in "
          + "\(plan.kept.count + plan.placed.count)")
    }
    let condition: Condition =
      state.version.map { .versionEquals(FeedKeys.record, $0) } ?? .absent(FeedKeys.record)
    // What earlier requests left pending is seen in the same call; a new activity has none that matter.
    let looks = state.record != nil && plan.record != nil
    var draft = RecordDraft(
      index: index, id: id,
      batch: SubBatch(
        partition: FeedKeys.activity(id, context.app), conditions: [condition] + plan.conditions,
        operations: plan.operations,
        scanAfter: looks ? JobID.range : nil, scanAfterLimit: looks ? 64 : 0),
      record: nil, version: nil, placed: plan.placed, gone: plan.gone, foreignID: plan.foreignID)
    let altered = putRecord(&draft, state, plan)
    makeJobs(&draft, state, plan, context)
    guard altered else { return draft }
    let entry = moment.flatMap { moment in
      context.author.map { author in
        AuditEntry(
          .activity, id: id.description,
          action: state.record == nil ? .create : plan.record == nil ? .delete : .update,
          userID: author.name(actor: plan.actor), createdAt: moment)
      }
    }
    let actor = context.indexesActors ? ChangeNote.ActorRow(id: id, actor: plan.actor) : nil
    if entry != nil || actor != nil {
      let note = ChangeNote(entry: entry, activity: actor)
      draft.note = note
      draft.noteJob =
        options.faults.contains(.auditApart)
        ? .max : draft.make(note.job(holder: holder, timing.wallMilliseconds(), context.traceID))
    }
    return draft
  }

  /// Puts or deletes the record and its placements in rows. Whether anything changes.
  private func putRecord(_ draft: inout RecordDraft, _ state: ActivityState, _ plan: ActivityPlan) -> Bool {
    guard var record = plan.record else {
      guard state.record != nil else { return false }
      draft.batch.operations.append(.delete(FeedKeys.record))
      if !state.rows.isEmpty { draft.batch.operations.append(.deleteRange(PlacementRow.range)) }
      return true
    }
    let fixed = options.faults.contains(.epochsReused)
    var header = plan.kept.filter { $0.row == nil }
    var rows = plan.kept.count - header.count
    var number: UInt16 = 0
    for index in draft.placed.indices {
      if fixed { draft.placed[index].epoch = Stamp(7) }
      guard header.count >= options.headerPlacementsMax else {
        header.append(draft.placed[index])
        continue
      }
      draft.placed[index].row = number
      number += 1
      rows += 1
      let placement = draft.placed[index]
      draft.batch.operations.append(
        .put(
          PlacementRow.key(placement), value: PlacementRow.value(placement),
          keyStampAt: fixed ? [] : [PlacementRow.epochOffset]))
    }
    for placement in plan.gone where placement.row != nil {
      draft.batch.operations.append(.delete(PlacementRow.key(placement)))
    }
    record.placements = header
    record.more = UInt32(rows)
    record.renewTo((plan.kept + plan.placed).filter { $0.kind == .to }.map(\.feed))
    draft.record = record
    // The version orders the rows as well: it is renewed whenever they change.
    guard record != state.record || !plan.placed.isEmpty || !plan.gone.isEmpty else {
      draft.version = state.version
      return false
    }
    let encoded = record.encoded()
    draft.batch.operations.append(
      .put(FeedKeys.record, value: encoded.bytes, valueStampAt: encoded.stampAt))
    return true
  }

  /// The jobs that spread new placements and collect what ended ones leave, each of bounded size.
  private func makeJobs(
    _ draft: inout RecordDraft, _ state: ActivityState, _ plan: ActivityPlan, _ context: ChangeContext
  ) {
    let now = timing.wallMilliseconds()
    var placed = draft.placed[...]
    while !placed.isEmpty {
      let items = placed.prefix(options.jobPlacementsMax).map { FanOutPayload.Item(feed: $0.feed, kind: $0.kind) }
      placed = placed.dropFirst(items.count)
      let job = JobRecord(
        kind: .fanOut, holder: holder, madeAtMilliseconds: now, traceID: context.traceID,
        payload: FanOutPayload(id: draft.id, items: items, foreignID: Array(plan.foreignID.utf8)).encoded)
      draft.fanOuts.append((job, items))
      _ = draft.make(job)
    }
    // Aggregated feeds that hold it count it anew under another actor (B15).
    var renewals = (plan.record?.renewals(after: state.record, plan.kept, draft.id) ?? [])[...]
    while !renewals.isEmpty {
      let part = Array(renewals.prefix(options.jobPlacementsMax))
      renewals = renewals.dropFirst(part.count)
      let job = JobRecord(
        kind: .fanOut, holder: holder, madeAtMilliseconds: now, traceID: context.traceID,
        payload: FanOutPayload(id: draft.id, items: [], renewals: part).encoded)
      draft.fanOuts.append((job, []))
      _ = draft.make(job)
    }
    let deleted = plan.record == nil
    var gone = plan.gone[...]
    while !gone.isEmpty {
      let part = gone.prefix(options.jobPlacementsMax)
      gone = gone.dropFirst(part.count)
      let isFirst = draft.garbage == nil
      let job = JobRecord(
        kind: .garbage, madeAtMilliseconds: now, traceID: context.traceID,
        payload: GarbagePayload(
          id: draft.id, feed: plan.feed, gone: Array(part), hides: isFirst ? plan.hides : [],
          foreignIDHash: isFirst && deleted ? state.record?.foreignIDHash ?? [] : []
        ).encoded)
      if isFirst { draft.garbage = job }
      _ = draft.make(job)
    }
  }

  private func changed(_ draft: RecordDraft, _ result: SubBatchResult, _ app: AppID) -> ChangedActivity {
    let partition = draft.batch.partition
    var record = draft.record
    if var known = record {
      for index in known.placements.indices where known.placements[index].epoch == .zero {
        known.placements[index].epoch = result.stamp
      }
      record = known
    }
    let version = draft.version ?? result.stamp
    var fanOuts: [Committed] = []
    for (number, part) in draft.fanOuts.enumerated() {
      let id = JobID(partition: partition, stamp: result.stamp, number: UInt8(number))
      let lease = JobLease(id, record: part.job, version: result.stamp, store: store, timing: timing)
      if let record {
        fanOuts.append(
          Committed(
            id: draft.id, version: version, record: record, job: (lease, part.items), renews: part.items.isEmpty,
            foreignID: draft.foreignID))
      }
    }
    return ChangedActivity(
      id: draft.id, record: record, version: version, placed: draft.placed, gone: draft.gone, fanOuts: fanOuts,
      garbage: draft.garbage,
      note: draft.note.map { ($0, JobID(partition: partition, stamp: result.stamp, number: draft.noteJob)) },
      // Its own jobs bear its stamp.
      pending: result.scanned.filter { JobID(partition: partition, rest: $0.key.rest).stamp != result.stamp })
  }

  /// The visible part of what a request has changed (B8, B13).
  func show(_ what: String, _ changes: [ChangedActivity?], _ context: ChangeContext) async {
    let changes = changes.compactMap { $0 }
    if changes.isEmpty { return }
    let app = context.app
    await visible(what) { [self] () throws(JobError) in
      if !options.faults.contains(.noHelp) {
        for change in changes { try await help(change.pending, FeedKeys.activity(change.id, app)) }
      }
      // Everybody sees a removal now in flat feeds; what came into its feed by follows is hidden next, aggregated feeds lose it,
      // and the rest is garbage (B13).
      for change in changes {
        if let garbage = change.garbage { try await clear(garbage, app) }
      }
      let errors = await concurrently([true, false]) { [self] spreads in
        await failure { () throws(JobError) in
          if spreads {
            try await spread(changes.flatMap(\.fanOuts), app, context.traceID)
          } else {
            try await deliver(changes.compactMap(\.note), context)
          }
        }
      }
      for case let error? in errors { throw error }
    }
  }
}
