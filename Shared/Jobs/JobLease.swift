import EventLoop
import KeevoClient
import Synchronization

/// The right to work on one job, for as long as its row is as this holder last wrote it (B17).
///
/// Every write through the lease is conditional on that, so a holder that was thought dead and comes back changes nothing.
/// Used by one task at a time.
public final class JobLease: Sendable {
  private struct State {
    var record: JobRecord
    var version: Stamp
    var writtenAt: UInt64
    var finished = false
  }

  /// What became of a conditional write.
  public enum Outcome: Sendable {
    case applied(stamp: Stamp, timeMilliseconds: UInt64)
    /// One of the caller's own conditions did not hold, by its index; nothing was written.
    case refused(Int)
  }

  /// What happens to the job's row in a write.
  public enum Change: Sendable {
    case keep
    case save(JobRecord)
    case finish
  }

  public let id: JobID
  private let store: any KeyValueStore
  private let timing: JobTiming
  private let state: Mutex<State>
  private let stopping: @Sendable () -> Bool

  /// A lease on a row that the caller has just written itself.
  public init(
    _ id: JobID, record: JobRecord, version: Stamp, store: any KeyValueStore, timing: JobTiming,
    stopping: @escaping @Sendable () -> Bool = { false }
  ) {
    self.id = id
    self.store = store
    self.timing = timing
    self.stopping = stopping
    state = Mutex(State(record: record, version: version, writtenAt: timing.monotonicNanoseconds()))
  }

  /// Takes a job over, whoever holds it: the caller knows that it may. `nil` if the row has changed meanwhile.
  public static func take(
    _ id: JobID, record: JobRecord, version: Stamp, holder: UInt64, store: any KeyValueStore, timing: JobTiming,
    stopping: @escaping @Sendable () -> Bool = { false }
  ) async throws(JobError) -> JobLease? {
    var record = record
    record.holder = holder
    record.term &+= 1
    record.wakeAtMilliseconds = 0
    let lease = JobLease(id, record: record, version: version, store: store, timing: timing, stopping: stopping)
    do {
      _ = try await lease.commit(.save(record))
    } catch .leaseLost {
      return nil
    }
    return lease
  }

  public var record: JobRecord { state.withLock { $0.record } }
  public var version: Stamp { state.withLock { $0.version } }
  public var isFinished: Bool { state.withLock { $0.finished } }

  /// Whether the worker is draining: save and let go at the next chance.
  public var shouldStop: Bool { stopping() }

  /// Writes into the job's own partition, if the job is still this holder's and `conditions` hold.
  @discardableResult
  public func commit(
    _ change: Change, conditions: [Condition] = [], operations: [Operation] = []
  ) async throws(JobError) -> Outcome {
    let version = version
    var own: [Operation] = operations
    var saved: JobRecord?
    switch change {
    case .keep: break
    case .save(var record):
      record.beat &+= 1
      saved = record
      own.append(.put(id.key, value: record.encoded()))
    case .finish: own.append(.delete(id.key))
    }
    let batch = SubBatch(
      partition: id.partition, conditions: [.versionEquals(id.key, version)] + conditions, operations: own)
    let results: [SubBatchResult]
    do {
      results = try await store.write(WriteRequest(batches: [batch], traceID: record.traceID)).results
    } catch {
      throw .store(error)
    }
    guard let result = results.first else { throw .store(.unknown("the store gave no result for a job's write")) }
    switch result.failedCondition {
    case 0?: throw .leaseLost
    case let failed?: return .refused(failed - 1)
    case nil: break
    }
    accept(saved, finished: change.isFinish, stamp: result.stamp)
    return .applied(stamp: result.stamp, timeMilliseconds: result.timeMilliseconds)
  }

  private func accept(_ saved: JobRecord?, finished: Bool, stamp: Stamp) {
    let now = timing.monotonicNanoseconds()
    state.withLock {
      if let saved {
        $0.record = saved
        $0.version = stamp
        $0.writtenAt = now
      }
      if finished { $0.finished = true }
    }
  }

  /// Saves how far the job is; progress forgets earlier failures.
  public func save(cursor: [UInt8]) async throws(JobError) {
    var record = record
    record.cursor = cursor
    record.attempts = 0
    try await commit(.save(record))
  }

  /// Shows others that this holder lives, once a third of the lease has gone by.
  public func renewIfDue() async throws(JobError) {
    let writtenAt = state.withLock { $0.writtenAt }
    guard timing.monotonicNanoseconds() - writtenAt >= timing.leaseNanoseconds / 3 else { return }
    try await commit(.save(record))
  }

  /// Lets go of the job, to be taken by anybody, not before `wakeAt`.
  public func release(
    cursor: [UInt8]? = nil, wakeAtMilliseconds: UInt64 = 0, failure: String? = nil
  ) async throws(JobError) {
    var record = record
    record.holder = 0
    record.wakeAtMilliseconds = wakeAtMilliseconds
    if let cursor { record.cursor = cursor }
    if let failure {
      record.attempts &+= 1
      record.lastError = failure
    } else {
      record.attempts = 0
    }
    try await commit(.save(record))
  }

  /// Removes the job: all of it is done.
  public func finish() async throws(JobError) { try await commit(.finish) }

  /// Puts the job among the dead letters.
  public func bury(_ reason: String) async throws(JobError) {
    var record = record
    record.holder = 0
    record.lastError = reason
    let grave = RowKey(rowClass: .jobs, space: JobID.deadSpace, rest: id.rest)
    try await commit(.finish, operations: [.put(grave, value: record.encoded())])
  }
}

extension JobLease.Change {
  fileprivate var isFinish: Bool { if case .finish = self { true } else { false } }
}
