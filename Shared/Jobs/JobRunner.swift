import EventLoop
import KeevoClient
import Synchronization
import Telemetry

/// Finds jobs by a scan of each shard and then its changes (B1), and runs them with the handlers of their kinds.
///
/// Nothing is handed to a handler before a lane has room for it; what is not known because a buffer was full is found by
/// the next scan. Failed jobs are tried again after a growing pause, and become dead letters in the end.
public final class JobRunner: Sendable {
  private struct State {
    var table: JobTable
    var draining = false
    var started = false
    /// Shards whose first scan is still to come, or whose watch is broken.
    var blind: Set<UInt32> = []
    var lastError = ""
  }

  private let store: any KeyValueStore
  private let handlers: [JobKind: any JobHandler]
  private let timing: JobTiming
  private let loops: EventLoopGroup
  private let logger: Logger
  private let metrics: Metrics
  private let holder: UInt64
  private let state: Mutex<State>

  /// How often it looks for jobs whose time has come.
  private static let tickNanoseconds: UInt64 = 20_000_000

  public init(
    store: any KeyValueStore, handlers: [any JobHandler], timing: JobTiming, limits: JobTable.Limits = .init(),
    loops: EventLoopGroup, logger: Logger, metrics: Metrics, holder: UInt64 = .random(in: 1...(.max))
  ) {
    self.store = store
    self.timing = timing
    self.loops = loops
    self.logger = logger
    self.metrics = metrics
    self.holder = holder
    var byKind: [JobKind: any JobHandler] = [:]
    for handler in handlers { for kind in handler.kinds { byKind[kind] = handler } }
    self.handlers = byKind
    state = Mutex(
      State(table: JobTable(kinds: byKind.keys, leaseNanoseconds: timing.leaseNanoseconds, limits: limits)))
    metrics.gauge("jobs_known", help: "Jobs that this worker knows of") { [weak self] in
      Double(self?.state.withLock { $0.table.knownCount } ?? 0)
    }
    metrics.gauge("jobs_running", help: "Jobs that this worker runs") { [weak self] in
      Double(self?.state.withLock { $0.table.runningCount } ?? 0)
    }
  }

  /// Starts to look for jobs, until `drain`.
  public func start() {
    let loop = loops.any()
    Task(executorPreference: loop) { [self] in
      var shards: Set<UInt32> = []
      while !isDraining {
        await watchNewShards(&shards)
        await loop.sleep(nanoseconds: 1_000_000_000)
      }
    }
    Task(executorPreference: loop) { [self] in
      while !isDraining {
        pump()
        await loop.sleep(nanoseconds: Self.tickNanoseconds)
      }
    }
  }

  private var isDraining: Bool { state.withLock { $0.draining } }

  /// Why it does not see all jobs now; `nil` when it does.
  public var notReadyReason: String? {
    state.withLock { state in
      if !state.started { return state.lastError.isEmpty ? "the shards are not known yet" : state.lastError }
      return state.blind.isEmpty ? nil : "\(state.blind.count) shards are not watched: \(state.lastError)"
    }
  }

  /// Takes no more jobs, lets the running ones come to a point where others can go on, waits for them.
  public func drain() async {
    state.withLock { $0.draining = true }
    let loop = loops.any()
    while state.withLock({ $0.table.runningCount }) > 0 {
      await Task(executorPreference: loop) { await loop.sleep(nanoseconds: 10_000_000) }.value
    }
  }

  private func watchNewShards(_ known: inout Set<UInt32>) async {
    let topology: Topology
    do throws(StoreError) {
      topology = try await store.topology()
    } catch {
      state.withLock { $0.lastError = "the store does not answer: \(error)" }
      return
    }
    for shard in topology.shards where known.insert(shard.id).inserted {
      state.withLock { _ = $0.blind.insert(shard.id) }
      Task(executorPreference: loops.any()) { [self] in await follow(shard.id) }
    }
    state.withLock { $0.started = true }
  }

  // MARK: Finding jobs

  /// Scans a shard, then takes in its changes; from the start again whenever that breaks off.
  private func follow(_ shard: UInt32) async {
    let loop = EventLoop.current ?? loops.any()
    while !isDraining {
      do {
        let index = try await scan(shard)
        state.withLock { _ = $0.blind.remove(shard) }
        let changes = try await store.watch(WatchRequest(shard: shard, rowClass: .jobs, fromIndex: index + 1))
        for try await event in changes {
          if take(event, shard) { break }
        }
      } catch {
        state.withLock {
          $0.blind.insert(shard)
          $0.lastError = "\(error)"
        }
        logger.warning(
          "the jobs of a shard cannot be watched; trying again", [("shard", "\(shard)"), ("error", "\(error)")])
        await loop.sleep(nanoseconds: 500_000_000)
      }
    }
  }

  /// All job rows of the shard; gives the log index that the first page showed.
  private func scan(_ shard: UInt32) async throws(StoreError) -> UInt64 {
    var cursor: [UInt8] = []
    var index: UInt64?
    var seen: Set<JobID> = []
    repeat {
      let page = try await store.scan(ScanRequest(scope: .shard(shard, .jobs), limit: 1_000, cursor: cursor))
      index = index ?? page.appliedIndex
      cursor = page.next
      for row in page.rows where row.key.space == JobID.space {
        guard let partition = row.partition else { continue }
        let id = JobID(partition: partition, rest: row.key.rest)
        seen.insert(id)
        observe(id, shard, VersionedValue(value: row.value, version: row.version))
      }
    } while !cursor.isEmpty
    state.withLock { $0.table.retain(seen, shard: shard) }
    pump()
    return index ?? 0
  }

  /// Whether the shard must be scanned again.
  private func take(_ event: WatchEvent, _ shard: UInt32) -> Bool {
    switch event {
    case .changed(_, let partition, let key, let value):
      guard key.space == JobID.space else { break }
      let id = JobID(partition: partition, rest: key.rest)
      if let value {
        observe(id, shard, value)
        pump()
      } else {
        state.withLock { $0.table.forget(id) }
      }
    case .progress: break
    case .compacted: return true
    }
    let now = timing.monotonicNanoseconds()
    return isDraining || state.withLock { $0.table.takeRescan(shard, now: now) }
  }

  private func observe(_ id: JobID, _ shard: UInt32, _ value: VersionedValue) {
    let record: JobRecord
    do {
      record = try JobRecord(value.value)
    } catch {
      // A newer version's: left to its workers.
      metrics.counter("jobs_unknown_format_total").increment()
      return
    }
    let (now, wall) = (timing.monotonicNanoseconds(), timing.wallMilliseconds())
    state.withLock {
      $0.table.observe(id, shard: shard, version: value.version, record: record, now: now, wall: wall)
    }
  }

  // MARK: Running jobs

  /// Starts what is ready and has room.
  private func pump() {
    while true {
      let now = timing.monotonicNanoseconds()
      let next = state.withLock { state -> (id: JobID, version: Stamp, kind: JobKind)? in
        guard !state.draining, let next = state.table.next(now: now) else { return nil }
        guard let kind = state.table.kind(of: next.id) else { return nil }
        return (next.id, next.version, kind)
      }
      guard let next else { return }
      Task(executorPreference: loops.any()) { [self] in
        await execute(next.id, next.kind)
        let now = timing.monotonicNanoseconds()
        state.withLock { $0.table.finished(next.id, kind: next.kind, ranVersion: next.version, now: now) }
        pump()
      }
    }
  }

  /// Takes the job and runs it once.
  private func execute(_ id: JobID, _ kind: JobKind) async {
    do throws(JobError) {
      guard let lease = try await take(id) else { return }
      await TraceID.$current.withValue(TraceID(bytes: lease.record.traceID)) { await run(lease) }
    } catch {
      complain(kind, error)
    }
  }

  /// Lets the job's handler work, for the trace that made the job (B22).
  private func run(_ lease: JobLease) async {
    let kind = lease.record.kind
    let labels = "kind=\"\(kind.name)\""
    let began = timing.monotonicNanoseconds()
    do throws(JobError) {
      do throws(JobError) {
        guard let handler = handlers[kind] else { return }
        try await handler.run(lease)
        metrics.counter("jobs_run_total", labels: labels).increment()
        logger.debug(
          "job run",
          [
            ("kind", kind.name), ("app", "\(lease.id.partition.app)"), ("finished", "\(lease.isFinished)"),
            ("microseconds", "\((timing.monotonicNanoseconds() - began) / 1_000)"),
          ])
      } catch .leaseLost {
        metrics.counter("jobs_lost_total", labels: labels).increment()
      } catch {
        metrics.counter("jobs_failed_total", labels: labels).increment()
        try await setBack(lease, error)
      }
    } catch { complain(kind, error) }
  }

  private func complain(_ kind: JobKind, _ error: JobError) {
    logger.warning("a job could not be run", [("kind", kind.name), ("error", "\(error)")])
  }

  private func take(_ id: JobID) async throws(JobError) -> JobLease? {
    let row: VersionedValue?
    do throws(StoreError) {
      row = try await store.get(GetRequest(partition: id.partition, key: id.key)).row
    } catch {
      throw .store(error)
    }
    guard let row else {
      state.withLock { $0.table.forget(id) }
      return nil
    }
    let record: JobRecord
    do { record = try JobRecord(row.value) } catch { throw .format(error) }
    // Changed since it was found ready: the watch tells, and the table decides anew.
    let known = state.withLock { $0.table.version(of: id) }
    guard known == row.version else { return nil }
    return try await JobLease.take(
      id, record: record, version: row.version, holder: holder, store: store, timing: timing,
      stopping: { [weak self] in self?.isDraining ?? true })
  }

  /// After a failure: another try later, or the dead letters.
  private func setBack(_ lease: JobLease, _ error: JobError) async throws(JobError) {
    let record = lease.record
    let kind = record.kind.name
    if case .impossible(let reason) = error {
      logger.error("a job can never succeed and is put aside", [("kind", kind), ("reason", reason)])
      metrics.counter("jobs_dead_total", labels: "kind=\"\(kind)\"").increment()
      return try await lease.bury(reason)
    }
    if record.attempts + 1 >= timing.attemptsMax {
      logger.error("a job failed too often and is put aside", [("kind", kind), ("error", "\(error)")])
      metrics.counter("jobs_dead_total", labels: "kind=\"\(kind)\"").increment()
      return try await lease.bury("\(error)")
    }
    let pause = timing.backOff(attempts: record.attempts, jitter: .random(in: 0...1))
    logger.warning(
      "a job failed and is tried again", [("kind", kind), ("error", "\(error)"), ("pause_ms", "\(pause)")])
    try await lease.release(wakeAtMilliseconds: timing.wallMilliseconds() + pause, failure: "\(error)")
  }
}
