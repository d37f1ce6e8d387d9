import Jobs
import KeevoClient
import Model

extension FeedEngine: JobHandler {
  public var kinds: [JobKind] {
    [.fanOut, .copy, .garbage, .unfollow, .audit, .reaction, .convert, .relay, .reach, .idle, .split]
  }

  /// Runs a job whole; a worker calls it.
  public func run(_ lease: JobLease) async throws(JobError) {
    let job = lease.record
    switch job.kind {
    case .fanOut: try await fanOut(lease.id, job, lease: lease, visible: false)
    case .garbage: try await collect(lease)
    case .copy: try await copy(lease)
    case .unfollow: try await endFollow(lease, visible: false)
    case .audit: try await deliver(lease)
    case .reaction: _ = try await runReaction(lease)
    case .convert: try await convert(lease)
    case .relay: try await relay(lease)
    case .reach: try await reach(lease)
    case .idle: try await idle(lease)
    case .split: try await split(lease)
    default: throw .impossible("a \(job.kind.name) job is not the feed domain's")
    }
  }

  /// Runs the visible part of an activity's pending jobs: a request takes over what an earlier one left (B17).
  func help(_ rows: [Row], _ partition: Partition) async throws(JobError) {
    for row in rows {
      let job: JobRecord
      do { job = try JobRecord(row.value) } catch { continue }  // A newer version's: left to its workers.
      let id = JobID(partition: partition, rest: row.key.rest)
      switch job.kind {
      case .fanOut: try await fanOut(id, job, lease: nil, visible: true)
      case .garbage: try await clear(job, AppID(partition.app))
      default: break
      }
    }
  }

  /// Runs the visible part of a follow's or unfollow's job until it is done, whoever held it.
  func takeOver(_ id: JobID) async throws(JobError) {
    for attempt in 0..<options.contentionTriesMax {
      let row: VersionedValue?
      do throws(StoreError) { row = try await get(id.partition, id.key) } catch { throw .store(error) }
      guard let row else { return }
      let job: JobRecord
      do { job = try JobRecord(row.value) } catch { throw .format(error) }
      if job.kind == .unfollow {
        let cursor: UnfollowCursor
        do { cursor = try UnfollowCursor(job.cursor) } catch { throw .format(error) }
        let aggregated = try isAggregated(FeedKeys.feedName(of: id.partition), AppID(id.partition.app))
        if cursor.stage == .last || cursor.stage != .edge && !aggregated { return }
      }
      let lease = try await JobLease.take(
        id, record: job, version: row.version, holder: holder, store: store, timing: timing)
      if let lease {
        do throws(JobError) {
          try await runVisible(lease)
          return
        } catch .leaseLost {
          // Taken from us in turn: see below.
        }
      }
      // Two that take from each other must not go on for ever.
      await runtime.sleep(UInt64.random(in: 1...4) * 1_000_000 << UInt64(min(attempt, 6)))
    }
    throw .store(.overloaded("a job is taken over again and again"))
  }

  /// The visible part of a follow or unfollow that this request has just committed; when another takes its job, it sees to it
  /// that the job is done.
  func runOwn(_ lease: JobLease) async throws(JobError) {
    do throws(JobError) {
      try await runVisible(lease)
    } catch .leaseLost {
      try await takeOver(lease.id)
    }
  }

  private func runVisible(_ lease: JobLease) async throws(JobError) {
    switch lease.record.kind {
    case .copy: try await copy(lease)
    case .unfollow: try await endFollow(lease, visible: true)
    case .reaction: _ = try await runReaction(lease)
    case .relay: try await relay(lease)
    default: break
    }
  }
}
