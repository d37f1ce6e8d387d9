/// One shard of the in-memory double: rows, log index, entry time, and the changes kept for watchers.
struct MemoryShard {
  struct Change {
    var index: UInt64
    var partition: Partition
    var key: RowKey
    var value: VersionedValue?
  }

  static let mapEpoch: UInt8 = 1

  var partitions: [Partition: SortedRows] = [:]
  private(set) var appliedIndex: UInt64 = 0
  private(set) var timeMilliseconds: UInt64 = 0
  private(set) var changes: [Change] = []
  /// Watches may start from this index on.
  private(set) var oldestIndex: UInt64 = 1
  private let changesMax: Int
  /// By place, the entry that last changed something there.
  private var lastChanges: [UInt32: UInt64] = [:]

  init(changesMax: Int) { self.changesMax = changesMax }

  var readStamp: Stamp { Stamp(mapEpoch: Self.mapEpoch, index: appliedIndex, ordinal: 0xFFFF) }

  /// Begins a log entry: its time never goes back.
  mutating func beginEntry(at milliseconds: UInt64) {
    appliedIndex += 1
    timeMilliseconds = max(timeMilliseconds, milliseconds)
  }

  /// Forgets the oldest changes; a watcher that asks for them is told so.
  mutating func trimChanges() {
    guard changes.count > changesMax else { return }
    let dropped = changes.count - changesMax / 2
    oldestIndex = changes[dropped - 1].index + 1
    // An entry is kept wholly or not at all.
    changes = changes[dropped...].filter { $0.index >= oldestIndex }
  }

  /// Applies one sub-batch as the `ordinal`-th of the current entry.
  mutating func apply(_ batch: SubBatch, ordinal: UInt16) -> SubBatchResult {
    let stamp = Stamp(mapEpoch: Self.mapEpoch, index: appliedIndex, ordinal: ordinal)
    let failed = batch.conditions.firstIndex { !holds($0, in: batch.partition) }
    if failed == nil { for operation in batch.operations { apply(operation, in: batch.partition, stamp) } }
    var scanned: [Row] = []
    if let range = batch.scanAfter {
      scanned =
        rows(batch.partition, range, reverse: false, cursor: [], limit: batch.scanAfterLimit, keysOnly: false).rows
    }
    return SubBatchResult(failedCondition: failed, stamp: stamp, timeMilliseconds: timeMilliseconds, scanned: scanned)
  }

  private func holds(_ condition: Condition, in partition: Partition) -> Bool {
    switch condition {
    case .absent(let key): value(partition, key) == nil
    case .versionEquals(let key, let version): value(partition, key)?.version == version
    case .valueEquals(let key, let bytes): value(partition, key)?.value == bytes
    case .rangeEmpty(let range):
      partitions[partition].map { $0.positions(from: range.sortStart, to: range.sortEnd).isEmpty } ?? true
    case .notAfter(let milliseconds): timeMilliseconds <= milliseconds
    }
  }

  private mutating func apply(_ operation: Operation, in partition: Partition, _ stamp: Stamp) {
    switch operation {
    case .put(var key, var value, let keyStamps, let valueStamps):
      Self.fill(&key.rest, keyStamps, stamp)
      Self.fill(&value, valueStamps, stamp)
      put(partition, key, VersionedValue(value: value, version: stamp))
    case .putIfAbsent(var key, var value, let keyStamps, let valueStamps):
      Self.fill(&key.rest, keyStamps, stamp)
      if self.value(partition, key) != nil { return }
      Self.fill(&value, valueStamps, stamp)
      put(partition, key, VersionedValue(value: value, version: stamp))
    case .delete(let key):
      if partitions[partition]?.remove(key.sortKey) == true {
        note(partition, key, nil)
      }
    case .deleteRange(let range):
      guard let rows = partitions[partition] else { return }
      let positions = rows.positions(from: range.sortStart, to: range.sortEnd)
      for key in rows.keys[positions] {
        guard let key = RowKey(sortKey: key) else { continue }
        note(partition, key, nil)
      }
      partitions[partition]?.remove(positions)
    case .add(let key, let delta):
      let old = value(partition, key).map { Self.integer($0.value) } ?? 0
      let sum = old &+ delta
      let bytes = (0..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * Int64($0))) }
      put(partition, key, VersionedValue(value: bytes, version: stamp))
    }
  }

  private mutating func note(_ partition: Partition, _ key: RowKey, _ value: VersionedValue?) {
    changes.append(Change(index: appliedIndex, partition: partition, key: key, value: value))
    lastChanges[partition.place] = appliedIndex
  }

  /// The index of the entry that last changed a partition of that place; 0: none has.
  func lastChange(at place: UInt32) -> UInt64 { lastChanges[place] ?? 0 }

  mutating func put(_ partition: Partition, _ key: RowKey, _ value: VersionedValue) {
    partitions[partition, default: SortedRows()].put(key.sortKey, value)
    note(partition, key, value)
  }

  func value(_ partition: Partition, _ key: RowKey) -> VersionedValue? { partitions[partition]?[key.sortKey] }

  /// A page of a range. The cursor is the whole sort key of the last row given.
  func rows(
    _ partition: Partition, _ range: RowRange, reverse: Bool, cursor: [UInt8], limit: Int, keysOnly: Bool
  ) -> (rows: [Row], next: [UInt8]) {
    guard let all = partitions[partition] else { return ([], []) }
    var positions = all.positions(from: range.sortStart, to: range.sortEnd)
    if !cursor.isEmpty {
      let place = all.lowerBound(cursor)
      if reverse {
        positions = positions.lowerBound..<max(positions.lowerBound, min(positions.upperBound, place))
      } else {
        let after = place < all.keys.count && all.keys[place] == cursor ? place + 1 : place
        positions = min(positions.upperBound, max(positions.lowerBound, after))..<positions.upperBound
      }
    }
    let taken = reverse ? Array(positions.suffix(limit).reversed()) : Array(positions.prefix(limit))
    let rows = taken.compactMap { position -> Row? in
      guard let key = RowKey(sortKey: all.keys[position]) else { return nil }
      let value = all.values[position]
      return Row(key: key, value: keysOnly ? [] : value.value, version: value.version)
    }
    let next = positions.count > taken.count ? taken.last.map { all.keys[$0] } ?? [] : []
    return (rows, next)
  }

  static func fill(_ bytes: inout [UInt8], _ offsets: [Int], _ stamp: Stamp) {
    for offset in offsets {
      for index in 0..<8 {
        bytes[offset + index] = UInt8(truncatingIfNeeded: stamp.rawValue >> UInt64(8 * (7 - index)))
      }
    }
  }

  /// A counter's value; bytes of another length count as 0.
  private static func integer(_ bytes: [UInt8]) -> Int64 {
    guard bytes.count == 8 else { return 0 }
    return bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
  }
}
