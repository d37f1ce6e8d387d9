/// A change of one row. Wherever `stampAt` names an offset, apply writes the eight big-endian bytes of the sub-batch's
/// stamp there; the bytes given at that place are replaced.
public enum Operation: Hashable, Sendable {
  case put(RowKey, value: [UInt8], keyStampAt: [Int] = [], valueStampAt: [Int] = [])
  /// Leaves a row that is there as it is.
  case putIfAbsent(RowKey, value: [UInt8], keyStampAt: [Int] = [], valueStampAt: [Int] = [])
  case delete(RowKey)
  case deleteRange(RowRange)
  /// 64-bit addition; the value is eight little-endian bytes, an absent row counts as 0.
  case add(RowKey, delta: Int64)
}

/// What must hold for a sub-batch to be applied.
public enum Condition: Hashable, Sendable {
  case absent(RowKey)
  case versionEquals(RowKey, Stamp)
  case valueEquals(RowKey, [UInt8])
  case rangeEmpty(RowRange)
  /// The log entry's time, milliseconds since 1970, is not later.
  case notAfter(milliseconds: UInt64)
}

/// Conditions and changes of one partition, applied wholly or not at all.
public struct SubBatch: Hashable, Sendable {
  public var partition: Partition
  public var conditions: [Condition]
  public var operations: [Operation]
  /// Rows to read right after, in the same partition.
  public var scanAfter: RowRange?
  public var scanAfterLimit: Int
  public init(
    partition: Partition, conditions: [Condition] = [], operations: [Operation], scanAfter: RowRange? = nil,
    scanAfterLimit: Int = 0
  ) {
    self.partition = partition
    self.conditions = conditions
    self.operations = operations
    self.scanAfter = scanAfter
    self.scanAfterLimit = scanAfterLimit
  }
}

/// Sub-batches, each atomic; the call is not. The client adds its id and a sequence number, so that a retry of the same
/// request is answered as the first time.
public struct WriteRequest: Hashable, Sendable {
  public var batches: [SubBatch]
  /// Sixteen bytes, or none (B22).
  public var traceID: [UInt8]
  public init(batches: [SubBatch], traceID: [UInt8] = []) {
    self.batches = batches
    self.traceID = traceID
  }
}

public struct SubBatchResult: Hashable, Sendable {
  /// The index of the first condition that did not hold; `nil` when applied.
  public var failedCondition: Int?
  /// The stamp of the sub-batch when applied; otherwise the shard's last stamp.
  public var stamp: Stamp
  /// The log entry's time, milliseconds since 1970.
  public var timeMilliseconds: UInt64
  public var scanned: [Row]
  public var applied: Bool { failedCondition == nil }
  public init(failedCondition: Int?, stamp: Stamp, timeMilliseconds: UInt64, scanned: [Row] = []) {
    self.failedCondition = failedCondition
    self.stamp = stamp
    self.timeMilliseconds = timeMilliseconds
    self.scanned = scanned
  }
}

public struct WriteResponse: Hashable, Sendable {
  /// In the order of the request.
  public var results: [SubBatchResult]
  public init(results: [SubBatchResult]) { self.results = results }
}

/// One value under one key prefix in many partitions of one app, each key ending in eight bytes of its own: a fan-out.
public struct PutManyRequest: Hashable, Sendable {
  public struct Target: Hashable, Sendable {
    public var partitionName: [UInt8]
    public var own: UInt64
    public init(partitionName: [UInt8], own: UInt64) {
      self.partitionName = partitionName
      self.own = own
    }
  }
  public var app: UInt32
  public var rowClass: RowClass
  public var space: UInt8
  public var restPrefix: [UInt8]
  public var value: [UInt8]
  public var targets: [Target]
  /// 0: no limit. Past it nothing of the shard's part is written.
  public var notAfterMilliseconds: UInt64
  public var traceID: [UInt8]
  public init(
    app: UInt32, rowClass: RowClass = .data, space: UInt8, restPrefix: [UInt8], value: [UInt8], targets: [Target],
    notAfterMilliseconds: UInt64 = 0, traceID: [UInt8] = []
  ) {
    self.app = app
    self.rowClass = rowClass
    self.space = space
    self.restPrefix = restPrefix
    self.value = value
    self.targets = targets
    self.notAfterMilliseconds = notAfterMilliseconds
    self.traceID = traceID
  }
}

public struct PutManyResponse: Hashable, Sendable {
  /// Targets refused because the entry came after `notAfterMilliseconds`, by position.
  public var late: [Int]
  public init(late: [Int] = []) { self.late = late }
}
