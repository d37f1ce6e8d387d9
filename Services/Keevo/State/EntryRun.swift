import KeevoClient

/// The run of one log entry's commands over its overlay.
struct EntryRun {
  private struct Refusal: Error { var text: String }

  var overlay: Overlay
  let index: UInt64
  let timeMilliseconds: UInt64
  var scanBytesLeft: Int
  /// Ordinal of the next command's first sub-batch: its place in the entry, whatever came of those before.
  var nextOrdinal = 0
  private(set) var changes: [RowChange] = []

  init(overlay: Overlay, index: UInt64, timeMilliseconds: UInt64, scanBytesLeft: Int) {
    self.overlay = overlay
    self.index = index
    self.timeMilliseconds = timeMilliseconds
    self.scanBytesLeft = scanBytesLeft
  }

  private func stamp(_ ordinal: Int) -> Stamp {
    Stamp(mapEpoch: ShardStateMachine.mapEpoch, index: index, ordinal: UInt16(ordinal))
  }

  /// Runs a command; one that is refused leaves nothing behind.
  mutating func apply(_ command: Command) throws(StoreError) -> CommandResult {
    overlay.savepoint()
    let changesBefore = changes.count
    let bytesBefore = scanBytesLeft
    let result: CommandResult
    switch command.body {
    case .write(let batches): result = try write(batches)
    case .putMany(let request): result = putMany(request)
    }
    switch result {
    case .write, .putMany: break
    case .refused, .overloaded:
      overlay.rollback()
      changes.removeSubrange(changesBefore...)
      scanBytesLeft = bytesBefore
    }
    return result
  }

  // MARK: Write

  private mutating func write(_ batches: [SubBatch]) throws(StoreError) -> CommandResult {
    var results: [SubBatchResult] = []
    results.reserveCapacity(batches.count)
    var scanned = 0
    for (position, batch) in batches.enumerated() {
      let stamp = stamp(nextOrdinal + position)
      let failed = try firstFailed(batch.conditions, batch.partition)
      if failed == nil {
        for operation in batch.operations {
          if let refusal = try apply(operation, batch.partition, stamp) { return .refused(refusal.text) }
        }
      }
      var result = SubBatchResult(failedCondition: failed, stamp: stamp, timeMilliseconds: timeMilliseconds)
      if let range = batch.scanAfter {
        result.scanned = try rows(batch.partition, range, limit: batch.scanAfterLimit, &scanned)
        guard scanned <= StoreLimits.scanAfterBytesMax else {
          return .refused("the scans after the sub-batches answer more than \(StoreLimits.scanAfterBytesMax) bytes")
        }
      }
      results.append(result)
    }
    scanBytesLeft -= scanned
    guard scanBytesLeft >= 0 else {
      return .overloaded("the scans after the writes of one log entry answer too many bytes")
    }
    return .write(results)
  }

  private mutating func firstFailed(_ conditions: [Condition], _ partition: Partition) throws(StoreError) -> Int? {
    for (position, condition) in conditions.enumerated() {
      if !(try holds(condition, partition)) { return position }
    }
    return nil
  }

  private mutating func holds(_ condition: Condition, _ partition: Partition) throws(StoreError) -> Bool {
    switch condition {
    case .absent(let key): return try overlay.value(StoredKey.encode(partition, key)) == nil
    case .versionEquals(let key, let version):
      guard let stored = try overlay.value(StoredKey.encode(partition, key)) else { return false }
      return try StoredRow.decode(stored).version == version
    case .valueEquals(let key, let value):
      guard let stored = try overlay.value(StoredKey.encode(partition, key)) else { return false }
      return try StoredRow.decode(stored).value == value
    case .rangeEmpty(let range):
      var isEmpty = true
      try scan(partition, range) { _, _ in
        isEmpty = false
        return false
      }
      return isEmpty
    case .notAfter(let milliseconds): return timeMilliseconds <= milliseconds
    }
  }

  private mutating func scan(
    _ partition: Partition, _ range: RowRange,
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
  ) throws(StoreError) {
    let bounds = StoredKey.bounds(partition, range)
    try overlay.scan(
      prefix: StoredKey.prefix(partition, range.rowClass, range.space), from: bounds.start, to: bounds.end, visit)
  }

  private mutating func rows(
    _ partition: Partition, _ range: RowRange, limit: Int, _ bytes: inout Int
  ) throws(StoreError) -> [Row] {
    var found: [(key: [UInt8], value: [UInt8])] = []
    var total = bytes
    try scan(partition, range) { key, value in
      found.append((Array(key), Array(value)))
      total += key.count + value.count
      return found.count < limit && total <= StoreLimits.scanAfterBytesMax
    }
    bytes = total
    var rows: [Row] = []
    rows.reserveCapacity(found.count)
    for (key, stored) in found {
      guard let key = StoredKey.decode(key)?.key else { continue }
      let value = try StoredRow.decode(stored)
      rows.append(Row(key: key, value: value.value, version: value.version))
    }
    return rows
  }

  private mutating func apply(
    _ operation: Operation, _ partition: Partition, _ stamp: Stamp
  ) throws(StoreError) -> Refusal? {
    switch operation {
    case .put(var key, var value, let keyStamps, let valueStamps):
      Self.fill(&key.rest, keyStamps, stamp)
      Self.fill(&value, valueStamps, stamp)
      put(StoredKey.encode(partition, key), StoredRow.encode(value, version: stamp))
    case .putIfAbsent(var key, var value, let keyStamps, let valueStamps):
      Self.fill(&key.rest, keyStamps, stamp)
      let stored = StoredKey.encode(partition, key)
      if try overlay.value(stored) != nil { return nil }
      Self.fill(&value, valueStamps, stamp)
      put(stored, StoredRow.encode(value, version: stamp))
    case .delete(let key): put(StoredKey.encode(partition, key), nil)
    case .deleteRange(let range):
      // Row by row: watchers see each, and RocksDB's row cache does not see range tombstones.
      var keys: [[UInt8]] = []
      try scan(partition, range) { key, _ in
        keys.append(Array(key))
        return keys.count <= StoreLimits.deleteRangeRowsMax
      }
      guard keys.count <= StoreLimits.deleteRangeRowsMax else {
        return Refusal(text: "a deleteRange covers more than \(StoreLimits.deleteRangeRowsMax) rows: delete in parts")
      }
      for key in keys { put(key, nil) }
    case .add(let key, let delta):
      let stored = StoredKey.encode(partition, key)
      let old = try overlay.value(stored).map { bytes throws(StoreError) in try StoredRow.decode(bytes).value }
      put(stored, StoredRow.encode(Self.sum(old, delta), version: stamp))
    }
    return nil
  }

  private mutating func put(_ key: [UInt8], _ value: [UInt8]?) {
    overlay.set(key, value)
    changes.append(RowChange(key: key, value: value))
  }

  private static func fill(_ bytes: inout [UInt8], _ places: [Int], _ stamp: Stamp) {
    for place in places {
      for index in 0..<8 { bytes[place + index] = UInt8(truncatingIfNeeded: stamp.rawValue >> UInt64(56 - 8 * index)) }
    }
  }

  /// Little-endian; bytes of another length count as 0.
  private static func sum(_ old: [UInt8]?, _ delta: Int64) -> [UInt8] {
    var value: UInt64 = 0
    if let old, old.count == 8 { for byte in old.reversed() { value = value << 8 | UInt64(byte) } }
    value = UInt64(bitPattern: Int64(bitPattern: value) &+ delta)
    return (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  // MARK: Put many

  private mutating func putMany(_ request: PutManyRequest) -> CommandResult {
    if request.notAfterMilliseconds != 0, timeMilliseconds > request.notAfterMilliseconds {
      return .putMany(late: true)
    }
    let stored = StoredRow.encode(request.value, version: stamp(nextOrdinal))
    for target in request.targets {
      let partition = Partition(app: request.app, name: target.partitionName)
      var writer = ByteWriter()
      writer.bytes = StoredKey.prefix(
        partition, request.rowClass, request.space, reserving: request.restPrefix.count + 8)
      writer.raw(request.restPrefix)
      writer.u64(target.own)
      put(writer.bytes, stored)
    }
    return .putMany(late: false)
  }
}
