import Jobs
import KeevoClient
import Model

/// What changes bring into other partitions: the audit log and the index by actor. It is written before the answer, and by a
/// worker where that fails.
extension FeedEngine {
  /// The job that brings an entry into the audit log, to be made in the change's own sub-batch.
  func audit(_ entry: AuditEntry, _ context: ChangeContext) -> JobRecord {
    ChangeNote(entry: entry).job(holder: holder, timing.wallMilliseconds(), context.traceID)
  }

  /// Writes entries into the audit log and ends their jobs.
  func deliver(_ audits: [(entry: AuditEntry, job: JobID)], _ context: ChangeContext) async throws(JobError) {
    try await deliver(audits.map { (note: ChangeNote(entry: $0.entry), job: $0.job) }, context)
  }

  /// Writes what notes say and ends their jobs. A job that a worker has taken meanwhile writes the same once more.
  func deliver(_ notes: [(note: ChangeNote, job: JobID)], _ context: ChangeContext) async throws(JobError) {
    if notes.isEmpty { return }
    do throws(StoreError) {
      try await write(notes.map(\.note), context.app, context.traceID)
      _ = try await write(
        notes.map { SubBatch(partition: $0.job.partition, operations: [.delete($0.job.key)]) }, context.traceID)
    } catch {
      throw .store(error)
    }
  }

  /// Runs a note's job; a worker calls it.
  func deliver(_ lease: JobLease) async throws(JobError) {
    let job = lease.record
    let note: ChangeNote
    do { note = try ChangeNote(job.payload) } catch { throw .format(error) }
    do throws(StoreError) {
      try await write([note], AppID(lease.id.partition.app), job.traceID)
    } catch {
      throw .store(error)
    }
    try await lease.finish()
  }

  private func write(_ notes: [ChangeNote], _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) {
    var batches = try await auditLog.batches(notes.compactMap(\.entry), app, traceID)
    for note in notes {
      guard let activity = note.activity else { continue }
      if note.entry?.action == .delete {
        try await ActorIndex(store: store).drop(activity, app) { () throws(StoreError) in
          try await activityRecord(activity.id, app).record == nil
        }
      } else {
        batches.append(ActorIndex.put(activity, app))
      }
    }
    _ = try await write(batches, traceID)
  }

  public func auditLogs(_ query: AuditLog.Query, app: AppID) async throws(FeedError) -> AuditLog.Page {
    try await auditLog.page(
      query, app: app,
      notBefore: AuditLog.expiry(
        retentionDays: options.auditRetentionDays, nowMilliseconds: timing.wallMilliseconds()))
  }

  public func activities(of user: String, app: AppID, max: Int) async throws(FeedError) -> [ActivityID] {
    var found: [ActivityID] = []
    var cursor: [UInt8] = []
    repeat {
      let (page, states) = try await asked { () throws(StoreError) in
        let page = try await ActorIndex(store: store).page(user, app, cursor: cursor)
        return (page, try await self.states(page.ids, app))
      }
      cursor = page.next
      for (id, state) in zip(page.ids, states) {
        // An update may have given it another actor.
        guard let record = state.record, ActorIndex.name(record.actor) == user else { continue }
        found.append(id)
      }
      guard found.count <= max else {
        throw .invalid("the user has more than \(max) activities: an export of so many is not served")
      }
    } while !cursor.isEmpty
    return found
  }
}
