import EventLoop
import KeevoClient
import Synchronization
import Telemetry
import Testing

@testable import Jobs

/// Runs jobs as a test wants, and notes which.
final class NotingHandler: JobHandler {
  let kinds: [JobKind]
  private let runs = Mutex<[JobID: Int]>([:])
  private let behave: @Sendable (JobLease, Int) async throws(JobError) -> Void

  init(_ kinds: [JobKind], _ behave: @escaping @Sendable (JobLease, Int) async throws(JobError) -> Void) {
    self.kinds = kinds
    self.behave = behave
  }

  func run(_ lease: JobLease) async throws(JobError) {
    let count = runs.withLock { runs in
      runs[lease.id, default: 0] += 1
      return runs[lease.id] ?? 0
    }
    try await behave(lease, count)
  }

  var counts: [Int] { runs.withLock { $0.values.sorted() } }
}

@Suite(.serialized) struct JobRunnerTests {
  private let loops = EventLoopGroup(count: 1)
  private let store = MemoryStore()

  private func timing() -> JobTiming {
    var timing = JobTiming(wallMilliseconds: { UInt64(wallClockMicroseconds()) / 1_000 })
    timing.leaseNanoseconds = 200_000_000
    timing.backOffMilliseconds = 20
    timing.attemptsMax = 3
    return timing
  }

  private func runner(_ handler: any JobHandler) -> JobRunner {
    let runner = JobRunner(
      store: store, handlers: [handler], timing: timing(), loops: loops, logger: .silent, metrics: Metrics())
    runner.start()
    return runner
  }

  private func make(_ number: Int, kind: JobKind = .fanOut, holder: UInt64 = 0) async throws {
    let record = JobRecord(kind: kind, holder: holder, madeAtMilliseconds: 0, payload: [])
    _ = try await store.write(
      WriteRequest(batches: [SubBatch(partition: Partition(app: 1, "p\(number)"), operations: [JobID.make(record)])]))
  }

  private func rows() async throws -> [Row] {
    var rows: [Row] = []
    for shard in 0..<UInt32(8) {
      rows += try await store.scan(ScanRequest(scope: .shard(shard, .jobs), limit: 1_000)).rows
    }
    return rows
  }

  private func eventually(_ what: @Sendable () async throws -> Bool) async throws -> Bool {
    for _ in 0..<500 {
      if try await what() { return true }
      try await Task.sleep(nanoseconds: 10_000_000)
    }
    return false
  }

  @Test func jobsThatWereThereAndJobsThatComeAreRunOnceEach() async throws {
    for number in 0..<20 { try await make(number) }
    let handler = NotingHandler([.fanOut]) { lease, _ throws(JobError) in try await lease.finish() }
    let runner = runner(handler)
    for number in 20..<40 { try await make(number) }
    #expect(try await eventually { try await rows().isEmpty })
    #expect(handler.counts == Array(repeating: 1, count: 40))
    #expect(runner.notReadyReason == nil)
    await runner.drain()
  }

  @Test func aJobOfADeadHolderIsTakenOverAfterTheLease() async throws {
    try await make(1, holder: 42)
    let takenAt = Mutex<UInt64?>(nil)
    let handler = NotingHandler([.fanOut]) { lease, _ throws(JobError) in
      takenAt.withLock { $0 = monotonicNanoseconds() }
      try await lease.finish()
    }
    // The row cannot have been seen before the runner began.
    let began = monotonicNanoseconds()
    let runner = runner(handler)
    #expect(try await eventually { try await rows().isEmpty })
    let waited = try #require(takenAt.withLock { $0 }) - began
    #expect(waited >= timing().leaseNanoseconds)
    #expect(handler.counts == [1])
    await runner.drain()
  }

  @Test func aFailingJobIsTriedAgainAndThenPutAsideAndCanBeReplayed() async throws {
    try await make(1)
    let broken = Mutex(true)
    let handler = NotingHandler([.fanOut]) { lease, _ throws(JobError) in
      if broken.withLock({ $0 }) { throw .store(.unavailable("test")) }
      try await lease.finish()
    }
    let runner = runner(handler)
    let letters = DeadLetters(store)
    #expect(try await eventually { try await letters.list().letters.count == 1 })
    #expect(handler.counts == [3])
    let letter = try #require(try await letters.list().letters.first)
    #expect(letter.record.lastError.contains("test"))
    broken.withLock { $0 = false }
    #expect(try await letters.replay(letter))
    #expect(try await eventually { try await rows().isEmpty })
    await runner.drain()
  }

  @Test func aJobRunsForTheTraceOfTheRequestThatMadeIt() async throws {
    let traces = [TraceID.random(), TraceID.random()]
    for (number, trace) in traces.enumerated() {
      let record = JobRecord(kind: .fanOut, madeAtMilliseconds: 0, traceID: trace.bytes, payload: [])
      _ = try await store.write(
        WriteRequest(
          batches: [SubBatch(partition: Partition(app: 1, "p\(number)"), operations: [JobID.make(record)])]))
    }
    try await make(2)
    let seen = Mutex<[String: TraceID?]>([:])
    let handler = NotingHandler([.fanOut]) { lease, _ throws(JobError) in
      seen.withLock { $0[String(decoding: lease.id.partition.name, as: UTF8.self)] = .some(TraceID.current) }
      try await lease.finish()
    }
    // Started by a task that works for something else.
    let started = TraceID.$current.withValue(TraceID.random()) { self.runner(handler) }
    #expect(try await eventually { try await rows().isEmpty })
    #expect(seen.withLock { $0 } == ["p0": traces[0], "p1": traces[1], "p2": nil])
    await started.drain()
  }

  @Test func anImpossibleJobIsPutAsideAtOnce() async throws {
    try await make(1)
    let handler = NotingHandler([.fanOut]) { _, _ throws(JobError) in throw .impossible("never") }
    let runner = runner(handler)
    #expect(try await eventually { try await DeadLetters(store).list().letters.count == 1 })
    #expect(handler.counts == [1])
    await runner.drain()
  }

  @Test func unknownKindsAreLeftToOthers() async throws {
    try await make(1, kind: JobKind(rawValue: 222))
    let handler = NotingHandler([.fanOut]) { lease, _ throws(JobError) in try await lease.finish() }
    let runner = runner(handler)
    try await Task.sleep(nanoseconds: 400_000_000)
    #expect(try await rows().count == 1)
    await runner.drain()
  }

  @Test func drainingLetsARunningJobSaveAndLetGo() async throws {
    try await make(1)
    let handler = NotingHandler([.fanOut]) { lease, _ throws(JobError) in
      while !lease.shouldStop {
        try await lease.save(cursor: [7])
        await Task.yield()
      }
      try await lease.release(cursor: [8])
    }
    let runner = runner(handler)
    #expect(try await eventually { handler.counts == [1] })
    await runner.drain()
    let row = try #require(try await rows().first)
    let record = try JobRecord(row.value)
    #expect(record.holder == 0)
    #expect(record.cursor == [8])
  }
}
