import KeevoClient
import Model
import Synchronization

/// The state side of one shard: applies entries, publishes views, keeps the changes for watchers.
final class Shard: Sendable {
  /// What was read lately: rows by stored key, first pages by the prefix of their keys.
  struct Cache: Sendable {
    /// `nil`: there is no such row.
    let rows: CoherentCache<VersionedValue?>
    let pages: CoherentCache<[HeldPage]>
    let places: PlaceMarks

    init(bytesMax: Int, appliedIndex: UInt64) {
      places = PlaceMarks(index: appliedIndex)
      rows = CoherentCache(bytesMax: bytesMax / 2, appliedIndex: appliedIndex)
      pages = CoherentCache(bytesMax: bytesMax / 2, appliedIndex: appliedIndex)
    }

    func applying(index: UInt64, _ changes: [StateBatch.Change]) {
      places.applying(index: index, changes)
      rows.applying(index: index, changes.lazy.map { ByteKey($0.key) })
      var prefixes: [ByteKey] = []
      for change in changes {
        // The store's own rows are in no page.
        guard change.key.first != 0, let length = change.key.withUnsafeBytes({ StoredKey.prefixLength($0) }) else {
          continue
        }
        if let last = prefixes.last, change.key[..<length].elementsEqual(last.bytes) { continue }
        prefixes.append(ByteKey(Array(change.key[..<length])))
      }
      pages.applying(index: index, prefixes)
    }

    var bytes: Int { rows.bytes + pages.bytes }
  }

  /// The state as some entry left it.
  struct View: Sendable {
    var reader: any StateReader
    var applied: AppliedMark
    fileprivate var cache: Cache

    var readStamp: Stamp { Stamp(mapEpoch: ShardStateMachine.mapEpoch, index: applied.index, ordinal: 0xFFFF) }

    /// The row under a stored key.
    func row(_ key: [UInt8]) throws(StoreError) -> VersionedValue? {
      try row(ByteKey(key))
    }

    func row(_ key: ByteKey) throws(StoreError) -> VersionedValue? {
      if let row = cache.rows.value(key, asOf: applied.index) { return row }
      let row = try reader.value(key.bytes).map { stored throws(StoreError) in try StoredRow.decode(stored) }
      cache.rows.keep(
        key, row, bytes: row?.value.count ?? 0, since: row?.version.index ?? applied.index, asOf: applied.index)
      return row
    }

    /// The first page of a range of one prefix of stored keys, with where its rows point; `read` makes it when it is not
    /// at hand.
    func page(
      prefix: ByteKey, start: [UInt8], end: [UInt8], limit: Int, join: JoinRule?,
      _ read: () throws(StoreError) -> HeldPage
    ) throws(StoreError) -> HeldPage {
      let known = cache.pages.value(prefix, asOf: applied.index) ?? []
      if let held = known.first(where: { $0.answers(start: start, end: end, limit: limit, join: join) }) { return held }
      let made = try read()
      if made.heldBytes <= HeldPage.bytesMax {
        let all = known.suffix(HeldPage.perPrefixMax - 1) + [made]
        cache.pages.keep(
          prefix, Array(all), bytes: all.reduce(0) { $0 + $1.heldBytes }, since: applied.index, asOf: applied.index)
      }
      return made
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
  private let cache: Cache
  private let dataRing: WatchRing
  private let jobsRing: WatchRing
  /// Monotonic nanoseconds until which reads need ask no one.
  let leaseUntil = Atomic<UInt64>(0)

  init(
    id: Int, of shards: Int, store: any StateStore, limits: ShardStateMachine.Limits, watch: WatchRing.Limits,
    cacheBytesMax: Int
  ) throws(StoreError) {
    self.id = id
    slotStart = Topology.slots / UInt32(shards) * UInt32(id)
    slotEnd = Topology.slots / UInt32(shards) * UInt32(id + 1)
    self.store = Mutex(store)
    let machine = try ShardStateMachine(state: store, limits: limits)
    cache = Cache(bytesMax: cacheBytesMax, appliedIndex: machine.applied.index)
    let view = View(reader: try store.view(), applied: machine.applied, cache: cache)
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

  /// Whether this place is as it was at that index, in the state as it is now.
  func isUnchanged(_ place: UInt32, since index: UInt64) -> Bool { cache.places.isUnchanged(place, since: index) }

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
        cache.applying(index: entry.index, applied.batch.changes)
        try store.commit(applied.batch)
        let view = View(reader: try store.view(), applied: next.applied, cache: cache)
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

  var cacheBytes: Int { cache.bytes }

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
