import EventLoop
import KeevoClient
import Synchronization
import Telemetry

/// Carries proposals through consensus, log and apply. Each stage takes all that has come up since its last turn.
final class WritePath: Sendable {
  private struct Inbox {
    var proposals: [(shard: Int, proposal: Proposal)] = []
    var persisted: [(shard: Int, index: UInt64)] = []
    var applied: [Int] = []
    var reads: [(shard: Int, id: UInt64, resume: @Sendable (UInt64?) -> Void)] = []
    /// Monotonic nanoseconds, when a tick is due.
    var tick: UInt64?
    var waitingCount: [Int]
    var waitingBytes: [Int]
    var isScheduled = false
    /// Why nothing is taken any more.
    var refusal: StoreError?
  }

  private struct Lanes {
    var lanes: [ShardLane]
    /// Set once the node has failed: nothing may be proposed, and above all written, after that.
    var failure: StoreError?
    var reads: [UInt64: @Sendable (UInt64?) -> Void] = [:]
    var nextRead: UInt64 = 1
  }

  private struct LogInbox {
    var records: [LogRecord] = []
    var marks: [(shard: Int, index: UInt64)] = []
    var isScheduled = false
  }

  /// Committed entries for one apply thread.
  private final class ApplyInbox: Sendable {
    let entries = Mutex<[CommittedEntry]>([])
  }

  private let shards: [Shard]
  private let log: Mutex<NodeLog>
  private let stages: any Stages
  private let options: StoreNodeOptions
  private let clock: @Sendable () -> UInt64
  private let metrics: NodeMetrics
  private let onFailure: @Sendable (StoreError) -> Void
  private let inbox: Mutex<Inbox>
  private let lanes: Mutex<Lanes>
  private let logInbox = Mutex(LogInbox())
  private let applyInboxes: [ApplyInbox]
  let logIsFull = Atomic<Bool>(false)
  let hasFailed = Atomic<Bool>(false)

  /// `clock`: milliseconds since 1970. `onFailure` is called once, from any thread.
  init(
    shards: [Shard], lanes: [ShardLane], log: NodeLog, stages: any Stages, options: StoreNodeOptions,
    clock: @escaping @Sendable () -> UInt64, metrics: NodeMetrics, onFailure: @escaping @Sendable (StoreError) -> Void
  ) {
    self.shards = shards
    self.lanes = Mutex(Lanes(lanes: lanes))
    self.log = Mutex(log)
    self.stages = stages
    self.options = options
    self.clock = clock
    self.metrics = metrics
    self.onFailure = onFailure
    let none = Array(repeating: 0, count: shards.count)
    inbox = Mutex(Inbox(waitingCount: none, waitingBytes: none))
    applyInboxes = (0..<options.applyThreads).map { _ in ApplyInbox() }
  }

  // MARK: In

  /// Takes the parts of one call, all or none.
  func submit(_ parts: [(shard: Int, proposal: Proposal)]) throws(StoreError) {
    if logIsFull.load(ordering: .relaxed) {
      metrics.overloaded.increment()
      throw .overloaded("the log has reached its \(options.logSegmentsMax) segments; the state is being flushed")
    }
    let outcome = inbox.withLock { inbox -> Result<Bool, StoreError> in
      if let refusal = inbox.refusal { return .failure(refusal) }
      for part in parts {
        let count = inbox.waitingCount[part.shard]
        let bytes = inbox.waitingBytes[part.shard]
        if count >= options.waitingRequestsMax || (count > 0 && bytes >= options.waitingBytesMax) {
          return .failure(.overloaded("\(count) requests of \(bytes) bytes wait on shard \(part.shard)"))
        }
      }
      for part in parts {
        inbox.waitingCount[part.shard] += 1
        inbox.waitingBytes[part.shard] += part.proposal.command.count
      }
      inbox.proposals += parts
      defer { inbox.isScheduled = true }
      return .success(!inbox.isScheduled)
    }
    switch outcome {
    case .failure(let error):
      if case .overloaded = error { metrics.overloaded.increment() }
      throw error
    case .success(let mustSchedule): if mustSchedule { scheduleConsensus() }
    }
  }

  /// Asks consensus from which index on a read is linearizable; `nil`: not here.
  func readIndex(_ shard: Int, _ resume: @escaping @Sendable (UInt64?) -> Void) {
    feed { $0.reads.append((shard, 0, resume)) }
  }

  private func feed(_ add: (inout Inbox) -> Void) {
    let mustSchedule = inbox.withLock { inbox -> Bool in
      add(&inbox)
      defer { inbox.isScheduled = true }
      return !inbox.isScheduled
    }
    if mustSchedule { scheduleConsensus() }
  }

  private func scheduleConsensus() { stages.run(.consensus) { self.consensusTurn() } }

  // MARK: Consensus

  private func consensusTurn() {
    let (proposals, persisted, applied, reads, tick) = inbox.withLock { inbox in
      defer {
        inbox.tick = nil
        inbox.proposals = []
        inbox.persisted = []
        inbox.applied = []
        inbox.reads = []
        inbox.isScheduled = false
      }
      return (inbox.proposals, inbox.persisted, inbox.applied, inbox.reads, inbox.tick)
    }
    let now = clock()
    var outputs: [ShardLane.Output] = []
    let permits = lanes.withLock { state -> [(@Sendable (UInt64?) -> Void, UInt64?)] in
      var all = Array(repeating: ShardLane.Output(), count: state.lanes.count)
      for mark in persisted { state.lanes[mark.shard].persisted(mark.index, &all[mark.shard]) }
      for shard in applied { state.lanes[shard].applied(1) }
      if let failure = state.failure {
        for item in proposals { item.proposal.complete(.failure(failure)) }
        return reads.map { ($0.resume, nil) }
      }
      if let tick { for shard in state.lanes.indices { state.lanes[shard].tick(tick, &all[shard]) } }
      for item in proposals { state.lanes[item.shard].enqueue(item.proposal) }
      for read in reads {
        let id = state.nextRead
        state.nextRead += 1
        state.reads[id] = read.resume
        state.lanes[read.shard].read(id, &all[read.shard])
      }
      for shard in state.lanes.indices { state.lanes[shard].fill(nowMilliseconds: now, &all[shard]) }
      var resumed: [(@Sendable (UInt64?) -> Void, UInt64?)] = []
      for output in all {
        for permit in output.permits {
          if let resume = state.reads.removeValue(forKey: permit.id) { resumed.append((resume, permit.index)) }
        }
      }
      outputs = all
      return resumed
    }
    for (resume, index) in permits { resume(index) }
    carryOut(outputs)
  }

  private func carryOut(_ outputs: [ShardLane.Output]) {
    var taken = false
    for (shard, output) in outputs.enumerated() {
      if output.leaseUntil > 0 { shards[shard].leaseUntil.store(output.leaseUntil, ordering: .releasing) }
      if output.takenCount > 0 { taken = true }
    }
    if taken {
      inbox.withLock { inbox in
        for (shard, output) in outputs.enumerated() {
          inbox.waitingCount[shard] -= output.takenCount
          inbox.waitingBytes[shard] -= output.takenBytes
        }
      }
    }
    if outputs.contains(where: { !$0.records.isEmpty }) {
      let mustSchedule = logInbox.withLock { inbox -> Bool in
        for (shard, output) in outputs.enumerated() where !output.records.isEmpty {
          inbox.records += output.records
          if output.lastIndex > 0 { inbox.marks.append((shard, output.lastIndex)) }
        }
        defer { inbox.isScheduled = true }
        return !inbox.isScheduled
      }
      if mustSchedule { stages.run(.log) { self.logTurn() } }
    }
    for thread in applyInboxes.indices {
      var entries: [CommittedEntry] = []
      for (shard, output) in outputs.enumerated() where shard % applyInboxes.count == thread {
        entries += output.committed
      }
      if entries.isEmpty { continue }
      let mustSchedule = applyInboxes[thread].entries.withLock { inbox -> Bool in
        defer { inbox += entries }
        return inbox.isEmpty
      }
      if mustSchedule { stages.run(.apply(thread)) { self.applyTurn(thread) } }
    }
  }

  // MARK: Log

  private func logTurn() {
    let (records, marks) = logInbox.withLock { inbox in
      defer {
        inbox.records = []
        inbox.marks = []
        inbox.isScheduled = false
      }
      return (inbox.records, inbox.marks)
    }
    // After a failed write or sync nobody knows what the disk holds: not one byte more.
    if records.isEmpty || hasFailed.load(ordering: .acquiring) { return }
    let start = monotonicNanoseconds()
    do throws(LogError) {
      try log.withLock { log throws(LogError) in
        try log.append(records)
        try log.sync()
      }
    } catch {
      fail(.failed("\(error)"))
      return
    }
    metrics.logRound(records: records, nanoseconds: monotonicNanoseconds() - start)
    feed { $0.persisted += marks }
  }

  // MARK: Apply

  private func applyTurn(_ thread: Int) {
    let entries = applyInboxes[thread].entries.withLock { inbox in
      defer { inbox = [] }
      return inbox
    }
    for committed in entries {
      let start = monotonicNanoseconds()
      do throws(StoreError) {
        let results = try shards[committed.shard].apply(committed.entry)
        for (proposal, result) in zip(committed.proposals, results) { proposal.complete(.success(result)) }
      } catch {
        for proposal in committed.proposals { proposal.complete(.failure(.unknown("\(error)"))) }
        fail(error)
        continue
      }
      metrics.applied(commands: committed.proposals.count, nanoseconds: monotonicNanoseconds() - start)
    }
    feed { inbox in for committed in entries { inbox.applied.append(committed.shard) } }
  }

  // MARK: Ends

  /// Ends all writes. What is durable is still applied and answered.
  func fail(_ cause: StoreError) {
    let error: StoreError
    if case .failed = cause { error = cause } else { error = .failed("\(cause)") }
    hasFailed.store(true, ordering: .releasing)
    let isFirst = refuse(error)
    let unknown = StoreError.unknown("the node failed while the write was on its way to the log")
    let reads = lanes.withLock { state -> [@Sendable (UInt64?) -> Void] in
      state.failure = error
      for shard in state.lanes.indices {
        state.lanes[shard].abandon(waitingError: error, inFlightError: unknown)
      }
      defer { state.reads = [:] }
      return Array(state.reads.values)
    }
    for resume in reads { resume(nil) }
    if isFirst { onFailure(error) }
  }

  /// Takes no further proposals; true for the first reason.
  @discardableResult
  func refuse(_ error: StoreError) -> Bool {
    let (isFirst, left) = inbox.withLock { inbox -> (Bool, [(shard: Int, proposal: Proposal)]) in
      if inbox.refusal != nil, case .failed = inbox.refusal { return (false, []) }
      inbox.refusal = error
      guard case .failed = error else { return (true, []) }
      defer { inbox.proposals = [] }
      return (true, inbox.proposals)
    }
    for item in left { item.proposal.complete(.failure(error)) }
    return isFirst
  }

  var isIdle: Bool {
    inbox.withLock { $0.proposals.isEmpty && $0.applied.isEmpty && $0.persisted.isEmpty }
      && lanes.withLock { $0.lanes.allSatisfy(\.isIdle) }
  }

  var consensus: [ConsensusStatus] { lanes.withLock { $0.lanes.map(\.status) } }

  func tick(_ nanoseconds: UInt64) { feed { $0.tick = nanoseconds } }

  func withLog<Value: Sendable>(_ body: (inout NodeLog) -> Value) -> Value { log.withLock { body(&$0) } }
}
