import Jobs
import KeevoClient
import Model

/// Updating, deleting and restoring a reaction: one conditional write to its record, with its count and the job that
/// brings target feeds and children into step (feeds R10–R12, B16).
extension FeedEngine {
  public func updateReaction(
    _ id: ActivityID, _ change: ReactionChange, _ context: ChangeContext
  ) async throws(ReactionError) -> Reaction {
    try await alter(id, .update, context) { found, now in
      guard found.isLive else { return nil }
      var record = found.record
      record.updatedAt = now
      if let data = change.data { record.data = data }
      if let targets = change.targetFeeds {
        record.targets = targets.map(\.nameBytes)
        if !targets.isEmpty { record.flags.insert(.hasNotice) }
      }
      if let extra = change.extraMembers { record.extra = extra }
      return Alteration(
        operations: [.put(record.path.list.body(record.path.own), value: record.encoded)], record: record,
        job: record.flags.contains(.hasNotice) ? .settle : nil)
    }
  }

  public func deleteReaction(
    _ id: ActivityID, soft: Bool, _ context: ChangeContext
  ) async throws(ReactionError) {
    _ = try await alter(id, .delete, context) { [self] found, now in
      var record = found.record
      let (list, step) = (record.path.list, record.path.own)
      if soft {
        guard found.isLive else { return nil }
        record.deletedAt = now
        return Alteration(
          operations: unlisted(record) + [.put(list.deleted(step), value: record.encoded)], record: record,
          job: record.flags.isDisjoint(with: [.hasNotice, .hasChildren]) ? nil : .settle)
      }
      let out = record.deletedAt == nil ? unlisted(record) : [.delete(list.deleted(step))]
      return Alteration(
        operations: out + [.put(list.gone(step), value: [1])], record: record, job: .purge)
    }
  }

  public func restoreReaction(
    _ id: ActivityID, _ context: ChangeContext
  ) async throws(ReactionError) -> Reaction {
    try await alter(id, .update, context) { [self] found, _ in
      guard found.record.deletedAt != nil, found.aboveDeletedAt == nil else { return nil }
      var record = found.record
      record.deletedAt = nil
      return Alteration(
        operations: [.delete(record.path.list.deleted(record.path.own))] + live(record), record: record,
        job: record.flags.isDisjoint(with: [.hasNotice, .hasChildren]) ? nil : .settle)
    }
  }

  private struct Alteration {
    var operations: [Operation]
    var record: ReactionRecord
    var job: ReactionPayload.Task?
  }

  /// Applies `change` to the reaction as it is found; `nil` from it: not in the state for this.
  private func alter(
    _ id: ActivityID, _ action: AuditEntry.Action, _ context: ChangeContext,
    _ change: (FoundReaction, ActivityTime) -> Alteration?
  ) async throws(ReactionError) -> Reaction {
    do throws(ReactionFailure) {
      for _ in 0..<options.contentionTriesMax {
        if let record = try await alterOnce(id, action, context, change) { return Reaction(record) }
      }
      throw .contention
    } catch {
      throw error.reaction
    }
  }

  /// One attempt; `nil` if the record changed under it.
  private func alterOnce(
    _ id: ActivityID, _ action: AuditEntry.Action, _ context: ChangeContext,
    _ change: (FoundReaction, ActivityTime) -> Alteration?
  ) async throws(ReactionFailure) -> ReactionRecord? {
    let (app, traceID) = (context.app, context.traceID)
    let found = try await ReactionFailure.of { () throws(StoreError) in try await findReactions([id], app) }
    guard let found = found.first ?? nil else { throw .reaction(.unknown) }
    let now = try await ReactionFailure.of { () throws(StoreError) in try await times.next(1, app: app) }.first
    guard let now else { throw .store(.failed("the time source gave nothing")) }
    guard let alteration = change(found, now) else { throw .reaction(.unknown) }
    let path = found.record.path
    let key = found.record.deletedAt == nil ? path.list.body(path.own) : path.list.deleted(path.own)
    var operations = alteration.operations
    let job = alteration.job.map {
      JobRecord(
        kind: .reaction, holder: holder, madeAtMilliseconds: timing.wallMilliseconds(), traceID: traceID,
        payload: ReactionPayload(task: $0, record: alteration.record).encoded)
    }
    if let job { operations.append(JobID.make(job)) }
    let entry = context.author.map {
      AuditEntry(
        .reaction, id: path.id.description, action: action,
        userID: $0.name(actor: ""), createdAt: now)
    }
    if let entry { operations.append(JobID.make(audit(entry, context), number: 1)) }
    let partition = path.list.partition(app)
    let batch = SubBatch(
      partition: partition, conditions: [.versionEquals(key, found.version)], operations: operations)
    let result = try await ReactionFailure.of { () throws(StoreError) in try await write([batch], traceID)[0] }
    guard result.applied else { return nil }
    let audits = entry.map { [($0, JobID(partition: partition, stamp: result.stamp, number: 1))] } ?? []
    let lease = job.map {
      JobLease(
        JobID(partition: partition, stamp: result.stamp), record: $0, version: result.stamp, store: store,
        timing: timing)
    }
    if lease != nil || !audits.isEmpty {
      await visible("reaction") { [self] () throws(JobError) in
        if let lease { _ = try await runReaction(lease) }
        try await deliver(audits, context)
      }
    }
    return alteration.record
  }
}
