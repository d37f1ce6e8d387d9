import Jobs
import KeevoClient
import Model

/// The audit log's part in a change: a job in its sub-batch, delivered before the answer (feeds S2, B8).
extension FeedEngine {
  /// The job that brings an entry into the log.
  func audit(_ entry: AuditEntry, _ context: ChangeContext) -> JobRecord {
    JobRecord(
      kind: .audit, holder: holder, madeAtMilliseconds: timing.wallMilliseconds(), traceID: context.traceID,
      payload: entry.encoded)
  }

  /// Writes entries into the log and ends their jobs. A job that a worker has taken meanwhile writes the same once more.
  func deliver(_ audits: [(entry: AuditEntry, job: JobID)], _ context: ChangeContext) async throws(JobError) {
    if audits.isEmpty { return }
    do throws(StoreError) {
      try await auditLog.put(audits.map(\.entry), context.app, context.traceID)
      _ = try await write(
        audits.map { SubBatch(partition: $0.job.partition, operations: [.delete($0.job.key)]) }, context.traceID)
    } catch {
      throw .store(error)
    }
  }

  /// Runs an entry's job; a worker calls it.
  func deliver(_ lease: JobLease) async throws(JobError) {
    let job = lease.record
    let entry: AuditEntry
    do { entry = try AuditEntry(job.payload) } catch { throw .format(error) }
    do throws(StoreError) {
      try await auditLog.put([entry], AppID(lease.id.partition.app), job.traceID)
    } catch {
      throw .store(error)
    }
    try await lease.finish()
  }

  public func auditLogs(_ query: AuditLog.Query, app: AppID) async throws(FeedError) -> AuditLog.Page {
    try await auditLog.page(query, app: app)
  }
}
