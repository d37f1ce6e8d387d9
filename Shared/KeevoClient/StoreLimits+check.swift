/// Checks of form and size that every implementation of the seam makes before it does anything.
extension StoreLimits {
  public static func check(_ partition: Partition) throws(StoreError) {
    guard !partition.name.isEmpty, partition.name.count <= partitionBytesMax else {
      throw .invalid("a partition's name has 1…\(partitionBytesMax) bytes, this one \(partition.name.count)")
    }
    guard partition.name.allSatisfy({ $0 >= 0x21 && $0 <= 0x7E }) else {
      throw .invalid("a partition's name is printable ASCII without spaces")
    }
  }

  public static func check(_ key: RowKey, in partition: Partition) throws(StoreError) {
    guard key.rest.count + partition.name.count <= keyBytesMax else {
      throw .invalid("a key has at most \(keyBytesMax) bytes, this one \(key.rest.count + partition.name.count)")
    }
  }

  public static func checkScan(limit: Int) throws(StoreError) {
    guard limit >= 1, limit <= scanRowsMax else { throw .invalid("a scan's limit is 1…\(scanRowsMax), not \(limit)") }
  }

  public static func check(_ request: UnchangedRequest) throws(StoreError) {
    let places = request.questions.reduce(0) { $0 + $1.places.count }
    guard places <= unchangedPlacesMax else {
      throw .invalid("at most \(unchangedPlacesMax) places can be asked about, not \(places)")
    }
  }

  public static func check(_ request: MultiGetRequest) throws(StoreError) {
    guard request.items.count <= multiGetKeysMax else {
      throw .invalid("a MultiGet has at most \(multiGetKeysMax) keys, this one \(request.items.count)")
    }
    for item in request.items {
      try check(item.partition)
      try check(item.key, in: item.partition)
    }
  }

  public static func check(_ request: MultiScanRequest) throws(StoreError) {
    guard (1...multiScanMax).contains(request.scans.count) else {
      throw .invalid("a MultiScan has 1…\(multiScanMax) scans, this one \(request.scans.count)")
    }
    for scan in request.scans { try checkScan(limit: scan.limit) }
  }

  public static func check(_ request: WriteRequest) throws(StoreError) {
    guard request.batches.count <= subBatchesMax else {
      throw .invalid("a write has at most \(subBatchesMax) sub-batches, this one \(request.batches.count)")
    }
    guard request.traceID.isEmpty || request.traceID.count == 16 else { throw .invalid("a trace id has 16 bytes") }
    var operations = 0
    var bytes = 0
    for batch in request.batches {
      try check(batch.partition)
      operations += batch.operations.count
      if batch.scanAfter != nil { try checkScan(limit: batch.scanAfterLimit) }
      for operation in batch.operations { bytes += try check(operation, in: batch.partition) }
    }
    guard operations <= operationsMax else {
      throw .invalid("a write has at most \(operationsMax) operations, this one \(operations)")
    }
    guard bytes <= batchBytesMax else {
      throw .invalid("a write has at most \(batchBytesMax) bytes of keys and values, this one \(bytes)")
    }
  }

  /// The bytes of the operation's keys and value.
  private static func check(_ operation: Operation, in partition: Partition) throws(StoreError) -> Int {
    switch operation {
    case .put(let key, let value, let keyStamps, let valueStamps),
      .putIfAbsent(let key, let value, let keyStamps, let valueStamps):
      try check(key, in: partition)
      guard value.count <= valueBytesMax else {
        throw .invalid("a value has at most \(valueBytesMax) bytes, this one \(value.count)")
      }
      guard keyStamps.allSatisfy({ $0 >= 0 && $0 + 8 <= key.rest.count }),
        valueStamps.allSatisfy({ $0 >= 0 && $0 + 8 <= value.count })
      else { throw .invalid("a stamp's eight bytes must lie inside the key or value") }
      return key.rest.count + value.count
    case .delete(let key):
      try check(key, in: partition)
      return key.rest.count
    case .deleteRange(let range):
      return range.start.count + range.end.count
    case .add(let key, _):
      try check(key, in: partition)
      return key.rest.count + 8
    }
  }

  public static func check(_ request: PutManyRequest) throws(StoreError) {
    guard request.targets.count <= putManyTargetsMax else {
      throw .invalid("a PutMany has at most \(putManyTargetsMax) targets, this one \(request.targets.count)")
    }
    guard request.value.count <= valueBytesMax else {
      throw .invalid("a value has at most \(valueBytesMax) bytes, this one \(request.value.count)")
    }
    guard request.traceID.isEmpty || request.traceID.count == 16 else { throw .invalid("a trace id has 16 bytes") }
    for target in request.targets {
      let partition = Partition(app: request.app, name: target.partitionName)
      try check(partition)
      guard request.restPrefix.count + 8 + target.partitionName.count <= keyBytesMax else {
        throw .invalid("a key has at most \(keyBytesMax) bytes")
      }
    }
  }
}
