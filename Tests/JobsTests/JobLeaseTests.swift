import KeevoClient
import Synchronization
import Testing

@testable import Jobs

/// A monotonic clock that a test moves.
final class TestClock: Sendable {
  private let state = Mutex<UInt64>(0)
  var now: UInt64 { state.withLock { $0 } }
  func advance(_ nanoseconds: UInt64) { state.withLock { $0 += nanoseconds } }
}

@Suite struct JobLeaseTests {
  private let store = MemoryStore()
  private let clock = TestClock()
  private let partition = Partition(app: 1, "p")

  private func timing() -> JobTiming {
    let clock = clock
    return JobTiming(monotonicNanoseconds: { clock.now }, wallMilliseconds: { 0 })
  }

  private func make() async throws -> JobLease {
    let record = JobRecord(kind: .fanOut, holder: 1, madeAtMilliseconds: 0, payload: [])
    let result = try await store.write(
      WriteRequest(batches: [SubBatch(partition: partition, operations: [JobID.make(record)])])
    ).results[0]
    return JobLease(
      JobID(partition: partition, stamp: result.stamp), record: record, version: result.stamp, store: store,
      timing: timing())
  }

  private func row(_ id: JobID) async throws -> VersionedValue? {
    try await store.get(GetRequest(partition: id.partition, key: id.key)).row
  }

  private func take(_ lease: JobLease, holder: UInt64) async throws -> JobLease? {
    guard let row = try await row(lease.id) else { return nil }
    return try await JobLease.take(
      lease.id, record: try JobRecord(row.value), version: row.version, holder: holder, store: store, timing: timing())
  }

  @Test func whoLostAJobChangesNothingMore() async throws {
    let first = try await make()
    let second = try #require(try await take(first, holder: 2))
    #expect(second.record.term == 2)
    let key = RowKey(space: 1)
    await #expect(throws: JobError.leaseLost) { try await first.save(cursor: [1]) }
    await #expect(throws: JobError.leaseLost) { try await first.commit(.keep, operations: [.put(key, value: [1])]) }
    await #expect(throws: JobError.leaseLost) { try await first.finish() }
    #expect(try await store.get(GetRequest(partition: partition, key: key)).row == nil)
    try await second.save(cursor: [2])
    try await second.finish()
    #expect(try await row(first.id) == nil)
  }

  @Test func onlyOneOfTwoTakesAJob() async throws {
    let lease = try await make()
    let row = try #require(try await row(lease.id))
    let record = try JobRecord(row.value)
    let one = try await JobLease.take(
      lease.id, record: record, version: row.version, holder: 2, store: store, timing: timing())
    let two = try await JobLease.take(
      lease.id, record: record, version: row.version, holder: 3, store: store, timing: timing())
    #expect(one != nil)
    #expect(two == nil)
  }

  @Test func aLeaseIsRenewedEachThird() async throws {
    let lease = try await make()
    let before = lease.version
    clock.advance(600_000_000)
    try await lease.renewIfDue()
    #expect(lease.version == before)
    clock.advance(100_000_000)
    try await lease.renewIfDue()
    #expect(lease.version > before)
    #expect(try await row(lease.id)?.version == lease.version)
  }

  @Test func aRefusedConditionWritesNothingAndKeepsTheLease() async throws {
    let lease = try await make()
    let key = RowKey(space: 1)
    let outcome = try await lease.commit(
      .finish, conditions: [.absent(key), .valueEquals(key, [9])], operations: [.put(key, value: [1])])
    guard case .refused(1) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(!lease.isFinished)
    try await lease.save(cursor: [1])
  }
}
