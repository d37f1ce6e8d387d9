import KeevoClient
import Synchronization

/// The state side of one shard: applies entries, publishes views, keeps the changes for watchers.
final class Shard: Sendable {
  /// The state as some entry left it.
  struct View: Sendable {
    var reader: any StateReader
    var applied: AppliedMark
    fileprivate var hot: HotRows

    var readStamp: Stamp { Stamp(mapEpoch: ShardStateMachine.mapEpoch, index: applied.index, ordinal: 0xFFFF) }

    /// The row under a stored key.
    func row(_ key: [UInt8]) throws(StoreError) -> VersionedValue? {
      if let row = hot.value(key, asOf: applied.index) { return row }
      guard let stored = try reader.value(key) else { return nil }
      let row = try StoredRow.decode(stored)
      hot.keep(key, row, asOf: applied.index)
      return row
    }
  }

  let id: Int
  let slotStart: UInt32
  let slotEnd: UInt32
  /// `nil` once closed.
  private let store: Mutex<(any StateStore)?>
  /// `nil` once an entry could not be applied: no later one may be.
  private let machine: Mutex<ShardStateMachine?>
  private let current: Mutex<View?>
  private let hot: HotRows
  private let dataRing: WatchRing
  private let jobsRing: WatchRing
  /// Monotonic nanoseconds until which reads need ask no one.
  let leaseUntil = Atomic<UInt64>(0)

  init(
    id: Int, of shards: Int, store: any StateStore, limits: ShardStateMachine.Limits, watch: WatchRing.Limits,
    hotBytesMax: Int
  ) throws(StoreError) {
    self.id = id
    slotStart = Topology.slots / UInt32(shards) * UInt32(id)
    slotEnd = Topology.slots / UInt32(shards) * UInt32(id + 1)
    self.store = Mutex(store)
    let machine = try ShardStateMachine(state: store, limits: limits)
    hot = HotRows(bytesMax: hotBytesMax, appliedIndex: machine.applied.index)
    let view = View(reader: try store.view(), applied: machine.applied, hot: hot)
    dataRing = WatchRing(applied: machine.applied.index, limits: watch)
    jobsRing = WatchRing(applied: machine.applied.index, limits: watch)
    self.machine = Mutex(machine)
    current = Mutex(view)
  }

  func ring(_ rowClass: RowClass) -> WatchRing {
    switch rowClass {
    case .data: dataRing
    case .jobs: jobsRing
    }
  }

  var appliedIndex: UInt64 { current.withLock { $0?.applied.index ?? 0 } }

  private func openStore() throws(StoreError) -> any StateStore {
    guard let store = store.withLock({ $0 }) else { throw .unavailable("the node is stopping") }
    return store
  }

  var requestClients: Int { machine.withLock { $0?.requests.clientCount ?? 0 } }

  func view() throws(StoreError) -> View {
    guard let view = current.withLock({ $0 }) else { throw .unavailable("the node is stopping") }
    return view
  }

  /// Applies the next entry and makes it visible.
  func apply(_ entry: LogEntry) throws(StoreError) -> [CommandResult] {
    let store = try openStore()
    let outcome = machine.withLock { machine -> Result<AppliedEntry, StoreError> in
      guard var next = machine else { return .failure(.failed("shard \(id) has failed before")) }
      machine = nil
      do throws(StoreError) {
        let applied = try next.apply(entry, on: store)
        hot.applying(index: entry.index, applied.batch.changes)
        try store.commit(applied.batch)
        let view = View(reader: try store.view(), applied: next.applied, hot: hot)
        // The old view is let go outside the lock: releasing a snapshot takes RocksDB's own.
        var published: View? = view
        current.withLock { swap(&$0, &published) }
        machine = next
        return .success(applied)
      } catch { return .failure(error) }
    }
    let applied = try outcome.get()
    var data: [RowChange] = []
    var jobs: [RowChange] = []
    for change in applied.changes {
      if change.key.first == RowClass.jobs.rawValue { jobs.append(change) } else { data.append(change) }
    }
    dataRing.append(index: entry.index, data)
    jobsRing.append(index: entry.index, jobs)
    return applied.results
  }

  /// The index that a crash now would leave applied.
  func flushedIndex() throws(StoreError) -> UInt64 {
    guard let mark = try openStore().flushedValue(StoredKey.applied) else { return 0 }
    return try AppliedMark.decode(mark).index
  }

  func flush() throws(StoreError) { try openStore().flush() }

  var approximateBytes: UInt64 { store.withLock { $0 }?.approximateBytes ?? 0 }

  var hotBytes: Int { hot.bytes }

  func tickWatchers() {
    dataRing.tick()
    jobsRing.tick()
  }

  func close() {
    dataRing.close()
    jobsRing.close()
    current.withLock { $0 = nil }
    store.withLock { store in
      store?.close()
      store = nil
    }
  }
}
