import Synchronization
import Telemetry

/// The in-memory double of the store: same semantics as a one-node Keevo, nothing durable. For tests.
///
/// Every call is one critical section, so it reads one snapshot of everything; put `GatedStore` in front of it to
/// interleave callers between calls.
public final class MemoryStore: KeyValueStore {
  public struct Options: Sendable {
    public var shards = 8
    /// Shards whose rows a ScanJoin started elsewhere does not reach: it answers `.unresolved` for them.
    public var remoteShards: Set<UInt32> = []
    /// Changes kept for watchers in each shard.
    public var watchChangesMax = 100_000
    /// Milliseconds since 1970.
    public var clock: @Sendable () -> UInt64
    public init(clock: @escaping @Sendable () -> UInt64) { self.clock = clock }
  }

  private struct State {
    var shards: [MemoryShard]
    var watchers: [UInt64: (shard: UInt32, rowClass: RowClass, feed: WatchStream.Continuation)] = [:]
    var nextWatcher: UInt64 = 0
  }

  private let options: Options
  private let state: Mutex<State>

  public init(options: Options) {
    self.options = options
    let shard = MemoryShard(changesMax: options.watchChangesMax)
    state = Mutex(State(shards: Array(repeating: shard, count: options.shards)))
  }

  /// A store whose clock the wall gives.
  public convenience init() {
    self.init(options: Options(clock: { UInt64(max(0, wallClockMicroseconds()) / 1_000) }))
  }

  /// The shard that holds a partition: shards hold equal, consecutive parts of the slots.
  public func shard(of partition: Partition) -> UInt32 {
    partition.slot / (Topology.slots / UInt32(options.shards))
  }

  /// How many rows there are, over all partitions.
  public var rowCount: Int {
    state.withLock { $0.shards.reduce(0) { $0 + $1.partitions.values.reduce(0) { $0 + $1.keys.count } } }
  }

  // MARK: Reads

  public func get(_ request: GetRequest) async throws(StoreError) -> GetResponse {
    try StoreLimits.check(request.partition)
    try StoreLimits.check(request.key, in: request.partition)
    let index = Int(shard(of: request.partition))
    return state.withLock {
      GetResponse(row: $0.shards[index].value(request.partition, request.key), readStamp: $0.shards[index].readStamp)
    }
  }

  public func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    try StoreLimits.check(request)
    return state.withLock { state in
      MultiGetResponse(
        rows: request.items.map { state.shards[Int(shard(of: $0.partition))].value($0.partition, $0.key) })
    }
  }

  public func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse {
    try StoreLimits.checkScan(limit: request.limit)
    switch request.scope {
    case .partition(let partition, let range):
      try StoreLimits.check(partition)
      let index = Int(shard(of: partition))
      return state.withLock { state in
        let shard = state.shards[index]
        let page = shard.rows(
          partition, range, reverse: request.reverse, cursor: request.cursor, limit: request.limit,
          keysOnly: request.keysOnly)
        return ScanResponse(
          rows: page.rows, next: page.next, readStamp: shard.readStamp, appliedIndex: shard.appliedIndex)
      }
    case .shard(let id, let rowClass):
      guard id < UInt32(options.shards) else { throw .invalid("there is no shard \(id)") }
      return state.withLock { Self.scanShard($0.shards[Int(id)], rowClass, request) }
    }
  }

  private static func scanShard(_ shard: MemoryShard, _ rowClass: RowClass, _ request: ScanRequest) -> ScanResponse {
    var all: [(key: [UInt8], row: Row)] = []
    for (partition, rows) in shard.partitions {
      let prefix = storedPrefix(partition, rowClass)
      for position in rows.positions(from: [rowClass.rawValue], to: [rowClass.rawValue + 1]) {
        guard let key = RowKey(sortKey: rows.keys[position]) else { continue }
        let value = rows.values[position]
        let row = Row(
          key: key, value: request.keysOnly ? [] : value.value, version: value.version, partition: partition)
        all.append((prefix + rows.keys[position].dropFirst(), row))
      }
    }
    all.sort { $0.key.lexicographicallyPrecedes($1.key) }
    if request.reverse { all.reverse() }
    if !request.cursor.isEmpty {
      all = all.filter {
        request.reverse
          ? $0.key.lexicographicallyPrecedes(request.cursor) : request.cursor.lexicographicallyPrecedes($0.key)
      }
    }
    let taken = all.prefix(request.limit)
    return ScanResponse(
      rows: taken.map(\.row), next: all.count > taken.count ? taken.last?.key ?? [] : [], readStamp: shard.readStamp,
      appliedIndex: shard.appliedIndex)
  }

  /// What stands before space and rest in the order of a shard (B1).
  private static func storedPrefix(_ partition: Partition, _ rowClass: RowClass) -> [UInt8] {
    let slot = partition.slot
    var out: [UInt8] = [rowClass.rawValue, UInt8(truncatingIfNeeded: slot >> 8), UInt8(truncatingIfNeeded: slot)]
    for shift in stride(from: 24, through: 0, by: -8) {
      out.append(UInt8(truncatingIfNeeded: partition.app >> UInt32(shift)))
    }
    return out + partition.name + [0]
  }

  public func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    try StoreLimits.check(request.partition)
    try StoreLimits.checkScan(limit: request.limit)
    guard request.join.keyOffset >= 0, request.join.length >= 1, request.join.length <= 64 else {
      throw .invalid("a join names its partition by 1…64 bytes of the key")
    }
    let home = shard(of: request.partition)
    return state.withLock { state in
      let shard = state.shards[Int(home)]
      let page = shard.rows(
        request.partition, request.range, reverse: request.reverse, cursor: request.cursor, limit: request.limit,
        keysOnly: false)
      var joined: [ScanJoinResponse.JoinedRow] = []
      var previous: [UInt8]?
      for row in page.rows {
        let name = request.join.partitionName(of: row.key.rest)
        defer { previous = name }
        guard let name else {
          joined.append(.init(row: row, joined: .absent))
          continue
        }
        if name == previous {
          joined.append(.init(row: row, joined: .same))
          continue
        }
        let partition = Partition(app: request.partition.app, name: name)
        let place = self.shard(of: partition)
        if place != home, options.remoteShards.contains(place) {
          joined.append(.init(row: row, joined: .unresolved))
          continue
        }
        let value = state.shards[Int(place)].value(
          partition, RowKey(space: request.join.space, rest: request.join.rest))
        joined.append(.init(row: row, joined: value.map { .found($0) } ?? .absent))
      }
      return ScanJoinResponse(
        rows: joined, also: request.alsoGet.map { shard.value(request.partition, $0) }, next: page.next,
        readStamp: shard.readStamp)
    }
  }

  public func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse {
    try StoreLimits.check(request)
    let width = Topology.slots / UInt32(options.shards)
    return state.withLock { state in
      let moments = state.shards.map(\.appliedIndex)
      let unchanged = request.questions.map { question in
        question.since.count == moments.count
          && question.places.allSatisfy { place in
            let shard = Int(place % Topology.slots / width)
            return state.shards[shard].lastChange(at: place) <= question.since[shard]
          }
      }
      return UnchangedResponse(unchanged: unchanged, moments: moments)
    }
  }

  // MARK: Writes

  public func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse {
    try StoreLimits.check(request)
    let now = options.clock()
    return state.withLock { state in
      var results: [SubBatchResult?] = Array(repeating: nil, count: request.batches.count)
      for id in state.shards.indices {
        let own = request.batches.indices.filter { shard(of: request.batches[$0].partition) == UInt32(id) }
        if own.isEmpty { continue }
        state.shards[id].beginEntry(at: now)
        for (ordinal, position) in own.enumerated() {
          results[position] = state.shards[id].apply(request.batches[position], ordinal: UInt16(ordinal))
        }
        publish(&state, id)
      }
      return WriteResponse(results: results.compactMap { $0 })
    }
  }

  public func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse {
    try StoreLimits.check(request)
    let now = options.clock()
    return state.withLock { state in
      var late: [Int] = []
      for id in state.shards.indices {
        let own = request.targets.indices.filter {
          shard(of: Partition(app: request.app, name: request.targets[$0].partitionName)) == UInt32(id)
        }
        if own.isEmpty { continue }
        state.shards[id].beginEntry(at: now)
        let limit = request.notAfterMilliseconds
        if limit != 0, state.shards[id].timeMilliseconds > limit {
          late += own
        } else {
          let stamp = Stamp(mapEpoch: MemoryShard.mapEpoch, index: state.shards[id].appliedIndex, ordinal: 0)
          for position in own {
            let target = request.targets[position]
            let own = (0..<8).map { UInt8(truncatingIfNeeded: target.own >> UInt64(8 * (7 - $0))) }
            let key = RowKey(rowClass: request.rowClass, space: request.space, rest: request.restPrefix + own)
            state.shards[id].put(
              Partition(app: request.app, name: target.partitionName), key,
              VersionedValue(value: request.value, version: stamp))
          }
        }
        publish(&state, id)
      }
      return PutManyResponse(late: late.sorted())
    }
  }

  // MARK: Watch and topology

  /// Sends the changes of the entry just applied to who watches the shard.
  private func publish(_ state: inout State, _ id: Int) {
    let shard = state.shards[id]
    let index = shard.appliedIndex
    let fresh = shard.changes.suffix(from: shard.changes.lastIndex { $0.index < index }.map { $0 + 1 } ?? 0)
    for watcher in state.watchers.values where watcher.shard == UInt32(id) {
      for change in fresh where change.key.rowClass == watcher.rowClass {
        watcher.feed.yield(
          .changed(index: index, partition: change.partition, key: change.key, value: change.value))
      }
      watcher.feed.yield(.progress(index: index))
    }
    state.shards[id].trimChanges()
  }

  public func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream {
    guard request.shard < UInt32(options.shards) else { throw .invalid("there is no shard \(request.shard)") }
    let (stream, feed) = WatchStream.makeStream()
    state.withLock { state in
      let shard = state.shards[Int(request.shard)]
      if request.fromIndex < shard.oldestIndex {
        feed.yield(.compacted(oldestIndex: shard.oldestIndex))
        feed.finish()
        return
      }
      for change in shard.changes where change.index >= request.fromIndex && change.key.rowClass == request.rowClass {
        feed.yield(.changed(index: change.index, partition: change.partition, key: change.key, value: change.value))
      }
      feed.yield(.progress(index: shard.appliedIndex))
      let id = state.nextWatcher
      state.nextWatcher += 1
      state.watchers[id] = (request.shard, request.rowClass, feed)
      feed.onTermination = { [weak self] _ in
        self?.forget(id)
      }
    }
    return stream
  }

  private func forget(_ watcher: UInt64) { _ = state.withLock { $0.watchers.removeValue(forKey: watcher) } }

  public func topology() async throws(StoreError) -> Topology {
    let width = Topology.slots / UInt32(options.shards)
    return Topology(
      mapVersion: 1,
      shards: (0..<UInt32(options.shards)).map {
        .init(id: $0, slotStart: $0 * width, slotEnd: ($0 + 1) * width, leader: "memory", replicas: ["memory"])
      })
  }
}

extension JoinRule {
  /// The partition that a key's rest names; `nil` if it is too short.
  public func partitionName(of rest: [UInt8]) -> [UInt8]? {
    guard keyOffset >= 0, length > 0, rest.count >= keyOffset + length else { return nil }
    let digits = Array("0123456789abcdef".utf8)
    var name: [UInt8] = []
    name.reserveCapacity(2 * length)
    for byte in rest[keyOffset..<(keyOffset + length)] {
      let byte = inverted ? ~byte : byte
      name.append(digits[Int(byte >> 4)])
      name.append(digits[Int(byte & 0xF)])
    }
    return name
  }
}
