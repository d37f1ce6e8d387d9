import EventLoop
import KeevoClient
import Synchronization
import Telemetry

/// One node of the store: all shards, their state, and the log they share.
///
/// ```swift
/// let node = try StoreNode.open(StoreNodeOptions(dataDirectory: "/var/lib/millrace/keevo"), logger: logger, metrics: metrics)
/// let answer = try await node.write(request, identity: identity)
/// await node.close()
/// ```
/// It is a `KeyValueStore` itself; the gRPC face passes the identity that came with the call.
public final class StoreNode: Sendable {
  /// What a node stands on; tests give their own.
  struct Environment: Sendable {
    var disk: any Disk = PosixDisk()
    var stages: any Stages
    /// Opens the state of a shard in a directory.
    var openState: @Sendable (_ directory: String) throws(StoreError) -> any StateStore
    /// Milliseconds since 1970.
    var clock: @Sendable () -> UInt64 = { UInt64(max(0, wallClockMicroseconds()) / 1_000) }
    var salt: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
  }

  let options: StoreNodeOptions
  let shards: [Shard]
  let path: WritePath
  let metrics: NodeMetrics
  private let logger: Logger
  private let disk: any Disk
  private let stages: any Stages
  /// Held until the node is closed.
  private let lock: Mutex<(any DiskLock)?>
  private let sequencer = RequestSequencer()
  private let isStopping = Atomic<Bool>(false)

  /// Opens or makes the data, recovers what the log holds beyond the state, and starts to lead every shard.
  ///
  /// `onFailure` is called once when the disk fails: the process should end then. Throws `invalid` for settings that do
  /// not fit the data, `failed` for a disk error or damage, `unknownFormat` for data of a newer version. It blocks: not on
  /// an event loop.
  public static func open(
    _ options: StoreNodeOptions, logger: Logger = .silent, metrics: Metrics = Metrics(),
    onFailure: @escaping @Sendable (StoreError) -> Void = { _ in }
  ) throws(StoreError) -> StoreNode {
    try options.check()
    let shared = RocksShared(
      RocksOptions(
        blockCacheBytes: options.blockCacheBytes, writeBufferBytes: options.writeBufferBytes,
        backgroundBytesPerSecond: options.backgroundBytesPerSecond))
    let stages = LoopStages(applyThreads: options.applyThreads)
    let environment = Environment(
      stages: stages, openState: { path throws(StoreError) in try RocksState(path: path, shared: shared) })
    do {
      let node = try StoreNode(options, environment, logger: logger, metrics: metrics, onFailure: onFailure)
      node.startTimers()
      return node
    } catch {
      stages.stop()
      throw error
    }
  }

  init(
    _ options: StoreNodeOptions, _ environment: Environment, logger: Logger = .silent, metrics: Metrics = Metrics(),
    onFailure: @escaping @Sendable (StoreError) -> Void = { _ in }
  ) throws(StoreError) {
    try options.check()
    self.options = options
    self.logger = logger
    self.metrics = NodeMetrics(metrics)
    disk = environment.disk
    stages = environment.stages
    let directory = options.dataDirectory
    do throws(DiskError) {
      try disk.makeDirectory(directory)
      lock = Mutex(try disk.lock("\(directory)/LOCK"))
    } catch { throw .failed("\(error)") }
    let meta = try NodeMeta.load(
      disk, directory, nodeID: options.nodeID, shards: options.shards, newSalt: environment.salt())
    var shards: [Shard] = []
    for id in 0..<options.shards {
      let store = try environment.openState("\(directory)/shard-\(id)")
      shards.append(
        try Shard(
          id: id, of: options.shards, store: store, limits: options.machineLimits, watch: options.watchLimits,
          cacheBytesMax: options.cacheBytes / options.shards))
    }
    self.shards = shards
    var logOptions = options.logOptions
    logOptions.salt = meta.salt
    let started = try Self.recover(shards, disk, "\(directory)/log", logOptions, options, environment.clock(), logger)
    path = WritePath(
      shards: shards, lanes: started.lanes, log: started.log, stages: environment.stages, options: options,
      clock: environment.clock, metrics: self.metrics,
      onFailure: { error in
        logger.error("the node's disk or state failed; it takes no more writes", [("error", "\(error)")])
        onFailure(error)
      })
    for (shard, lease) in started.leases.enumerated() { shards[shard].leaseUntil.store(lease, ordering: .releasing) }
    registerGauges(metrics)
  }

  /// Reads the log, elects this node, makes that durable, and applies what a former run had logged and not flushed.
  private static func recover(
    _ shards: [Shard], _ disk: any Disk, _ directory: String, _ logOptions: NodeLog.Options,
    _ options: StoreNodeOptions, _ now: UInt64, _ logger: Logger
  ) throws(StoreError) -> (lanes: [ShardLane], log: NodeLog, leases: [UInt64]) {
    var found: LogRecovery.Result
    do throws(LogError) {
      found = try LogRecovery.open(
        disk: disk, directory: directory, options: logOptions, flushed: shards.map(\.appliedIndex))
    } catch {
      if case .unknownFormat = error { throw .unknownFormat("\(error)") }
      throw .failed("\(error)")
    }
    if found.tornBytes > 0 {
      logger.warning("cut a torn end off the log", [("bytes", "\(found.tornBytes)")])
    }
    var lanes: [ShardLane] = []
    var outputs = Array(repeating: ShardLane.Output(), count: shards.count)
    let limits = ShardLane.Limits(
      mergedEntryBytesMax: min(options.mergedEntryBytesMax, options.logSegmentBytes / 4),
      entriesInFlightMax: options.entriesInFlightMax)
    for (id, shard) in shards.enumerated() {
      let view = try shard.view()
      let log = found.shards[id]
      // A state that was flushed in a term proves that term, should the log's record of it be gone.
      let hardState = HardState(term: max(log.hardState.term, view.applied.term), vote: log.hardState.vote)
      let consensus = SingleVoterConsensus(
        node: options.nodeID, hardState: hardState, lastIndex: max(view.applied.index, log.entries.last?.index ?? 0),
        commitIndex: view.applied.index)
      var lane = ShardLane(
        shard: id, consensus: consensus, lastTime: view.applied.timeMilliseconds, limits: limits)
      lane.tick(monotonicNanoseconds(), &outputs[id])
      lanes.append(lane)
    }
    do throws(LogError) {
      try found.log.append(outputs.flatMap(\.records))
      try found.log.sync()
    } catch { throw .failed("\(error)") }
    var leases: [UInt64] = []
    for (id, shard) in shards.enumerated() {
      var committed = ShardLane.Output()
      lanes[id].persisted(outputs[id].lastIndex, &committed)
      for entry in found.shards[id].entries { _ = try shard.apply(entry) }
      for entry in committed.committed { _ = try shard.apply(entry.entry) }
      lanes[id].applied(committed.committed.count)
      lanes[id].resetTime(try shard.view().applied.timeMilliseconds)
      leases.append(committed.leaseUntil)
    }
    return (lanes, found.log, leases)
  }

  private func startTimers() {
    stages.run(.maintenance) { self.maintain() }
    stages.repeatEvery(nanoseconds: 500_000_000) { [weak self] in
      guard let self, !isStopping.load(ordering: .relaxed) else { return }
      path.tick(monotonicNanoseconds())
      for shard in shards { shard.tickWatchers() }
      maintain()
    }
  }

  // MARK: Maintenance

  /// One turn of maintenance, then `done`.
  func runMaintenance(_ done: @escaping @Sendable () -> Void) {
    stages.run(.maintenance) {
      self.maintain()
      done()
    }
  }

  /// Flushes the shards that keep too much of the log, recycles segments nobody needs, and has a spare one ready. On the
  /// maintenance stage.
  func maintain() {
    if isStopping.load(ordering: .relaxed) || path.hasFailed.load(ordering: .relaxed) { return }
    do throws(StoreError) {
      try recycle()
      if path.withLog({ $0.segments.count > options.logSegmentsBeforeFlush }) {
        let flushed = try flushedIndexes()
        for shard in path.withLog({ $0.pinning(flushed: flushed) }) { try shards[shard].flush() }
        try recycle()
      }
      let count = path.withLog { $0.segments.count }
      path.logIsFull.store(count >= options.logSegmentsMax, ordering: .relaxed)
      if let number = path.withLog({ $0.wantsSpare ? $0.nextSpareNumber() : nil }) {
        let directory = "\(options.dataDirectory)/log"
        let spare: String
        do throws(DiskError) {
          spare = try NodeLog.makeSpare(disk, directory, number, options.logSegmentBytes)
        } catch { throw .failed("\(error)") }
        path.withLog { $0.addSpare(spare) }
      }
    } catch { path.fail(error) }
  }

  private func flushedIndexes() throws(StoreError) -> [UInt64] {
    var flushed: [UInt64] = []
    for shard in shards { flushed.append(try shard.flushedIndex()) }
    return flushed
  }

  private func recycle() throws(StoreError) {
    let flushed = try flushedIndexes()
    for segment in path.withLog({ $0.detach(flushed: flushed) }) {
      let number = path.withLog { $0.hasRoomForSpare ? $0.nextSpareNumber() : nil }
      let spare: String?
      do throws(DiskError) {
        spare = try NodeLog.recycle(segment, asSpare: number, disk: disk, directory: "\(options.dataDirectory)/log")
      } catch { throw .failed("\(error)") }
      if let spare { path.withLog { $0.addSpare(spare) } }
    }
  }

  // MARK: End

  /// Refuses new calls, finishes those begun, flushes the state and closes. Afterwards only `unavailable` is answered.
  public func close() async {
    guard !isStopping.exchange(true, ordering: .sequentiallyConsistent) else { return }
    path.refuse(.unavailable("the node is stopping"))
    var turns = 0
    while !path.isIdle, turns < 1_600 {
      turns += 1
      try? await Task.sleep(nanoseconds: 5_000_000)
    }
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      stages.run(.maintenance) {
        for shard in self.shards {
          do throws(StoreError) { try shard.flush() } catch {
            self.logger.error("a shard could not be flushed at the end; its log is kept", [("error", "\(error)")])
          }
          shard.close()
        }
        self.path.withLog { $0.close() }
        self.lock.withLock { $0 = nil }
        continuation.resume()
      }
    }
    stages.stop()
  }

  func nextIdentity() -> RequestIdentity { sequencer.begin() }
  func finish(_ identity: RequestIdentity) { sequencer.end(identity) }
}
