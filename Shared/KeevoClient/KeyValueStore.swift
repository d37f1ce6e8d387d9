/// A replicated, ordered key-value store: the seam that the feed domain and the jobs stand on.
///
/// `MemoryStore` and the gRPC client both pass the seam's contract test. Rows are addressed by app, *partition* (an ASCII
/// name; all rows of one partition lie together and change atomically), a one-byte *space* and free bytes (`rest`).
/// Rules: shared design B1–B6. Every row has a version: the stamp of the sub-batch that last wrote it.
public protocol KeyValueStore: Sendable {
  func get(_ request: GetRequest) async throws(StoreError) -> GetResponse
  func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse
  func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse
  /// Several scans at once; as many pages, in order, as one answer holds, and at least the first.
  func multiScan(_ request: MultiScanRequest) async throws(StoreError) -> MultiScanResponse
  func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse
  func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse
  func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse
  /// Changes of one shard and class from `fromIndex` on, in order, without gaps; ends with `.compacted` when
  /// that is no longer kept: scan, then watch from the scan's applied index + 1.
  func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream
  func topology() async throws(StoreError) -> Topology
}

extension KeyValueStore {
  /// One after the other, until the pages have more bytes than one may have.
  public func multiScan(_ request: MultiScanRequest) async throws(StoreError) -> MultiScanResponse {
    try StoreLimits.check(request)
    var pages: [ScanResponse] = []
    var bytes = 0
    for scan in request.scans where bytes <= StoreLimits.pageBytesMax {
      let page = try await self.scan(scan)
      bytes += page.rows.reduce(0) { $0 + $1.key.rest.count + $1.value.count }
      pages.append(page)
    }
    return MultiScanResponse(pages: pages)
  }
}

/// What stands in front of every stored key (B1).
public enum RowClass: UInt8, Sendable {
  case data = 1
  case jobs = 2
}

/// A moment in one shard's history: map epoch (8 bits), log index (40), ordinal of the sub-batch in the entry (16).
/// Grows with every sub-batch of a partition and never recurs. Zero stands for "never".
public struct Stamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt64
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  public init(mapEpoch: UInt8, index: UInt64, ordinal: UInt16) {
    rawValue = UInt64(mapEpoch) << 56 | (index & 0xFF_FFFF_FFFF) << 16 | UInt64(ordinal)
  }
  public static let zero = Stamp(0)
  public static func < (a: Stamp, b: Stamp) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue, radix: 16) }
}

/// The partition a call is about: it decides the slot, and with it the shard.
public struct Partition: Hashable, Sendable {
  public var app: UInt32
  /// ASCII 0x21…0x7E, 1…600 bytes.
  public var name: [UInt8]
  public init(app: UInt32, name: [UInt8]) {
    self.app = app
    self.name = name
  }
  public init(app: UInt32, _ name: String) { self.init(app: app, name: Array(name.utf8)) }
}

/// A key inside a partition.
public struct RowKey: Hashable, Sendable {
  public var rowClass: RowClass
  public var space: UInt8
  public var rest: [UInt8]
  public init(rowClass: RowClass = .data, space: UInt8, rest: [UInt8] = []) {
    self.rowClass = rowClass
    self.space = space
    self.rest = rest
  }
}

public struct Row: Hashable, Sendable {
  public var key: RowKey
  public var value: [UInt8]
  public var version: Stamp
  /// Set in scans over a whole shard only.
  public var partition: Partition?
  public init(key: RowKey, value: [UInt8], version: Stamp, partition: Partition? = nil) {
    self.key = key
    self.value = value
    self.version = version
    self.partition = partition
  }
}

// MARK: Reads

/// How fresh a read must be.
public enum Consistency: Hashable, Sendable {
  case linearizable
  /// Any replica that is at most so far behind.
  case stale(maxMilliseconds: UInt32)
}

public struct GetRequest: Hashable, Sendable {
  public var partition: Partition
  public var key: RowKey
  public var consistency: Consistency
  public init(partition: Partition, key: RowKey, consistency: Consistency = .linearizable) {
    self.partition = partition
    self.key = key
    self.consistency = consistency
  }
}

/// A value with its version; `nil` where there is no row.
public struct VersionedValue: Hashable, Sendable {
  public var value: [UInt8]
  public var version: Stamp
  public init(value: [UInt8], version: Stamp) {
    self.value = value
    self.version = version
  }
}

public struct GetResponse: Hashable, Sendable {
  public var row: VersionedValue?
  /// The last stamp handed out in the partition's shard before this read: later writes get greater ones.
  public var readStamp: Stamp
  public init(row: VersionedValue?, readStamp: Stamp) {
    self.row = row
    self.readStamp = readStamp
  }
}

public struct MultiGetRequest: Hashable, Sendable {
  public struct Item: Hashable, Sendable {
    public var partition: Partition
    public var key: RowKey
    public init(partition: Partition, key: RowKey) {
      self.partition = partition
      self.key = key
    }
  }
  public var items: [Item]
  public var consistency: Consistency
  public init(items: [Item], consistency: Consistency = .linearizable) {
    self.items = items
    self.consistency = consistency
  }
}

public struct MultiGetResponse: Hashable, Sendable {
  /// In the order asked.
  public var rows: [VersionedValue?]
  public init(rows: [VersionedValue?]) { self.rows = rows }
}

/// A half-open range of `rest` bytes in one space; an empty `end` is the end of the space.
public struct RowRange: Hashable, Sendable {
  public var rowClass: RowClass
  public var space: UInt8
  public var start: [UInt8]
  public var end: [UInt8]
  public init(rowClass: RowClass = .data, space: UInt8, start: [UInt8] = [], end: [UInt8] = []) {
    self.rowClass = rowClass
    self.space = space
    self.start = start
    self.end = end
  }
  /// All rows whose `rest` begins with `prefix`.
  public init(rowClass: RowClass = .data, space: UInt8, prefix: [UInt8]) {
    var end = prefix
    while let last = end.last, last == 0xFF { end.removeLast() }
    if !end.isEmpty { end[end.count - 1] += 1 }
    self.init(rowClass: rowClass, space: space, start: prefix, end: end)
  }
}

public struct ScanRequest: Hashable, Sendable {
  /// What is scanned: one partition's range, or every row of a class in one shard (for finding jobs).
  public enum Scope: Hashable, Sendable {
    case partition(Partition, RowRange)
    case shard(UInt32, RowClass)
  }
  public var scope: Scope
  public var reverse: Bool
  /// 1…10,000.
  public var limit: Int
  /// `next` of the answer before; empty to begin.
  public var cursor: [UInt8]
  /// Leave out values.
  public var keysOnly: Bool
  public var consistency: Consistency
  public init(
    scope: Scope, reverse: Bool = false, limit: Int = 1_000, cursor: [UInt8] = [], keysOnly: Bool = false,
    consistency: Consistency = .linearizable
  ) {
    self.scope = scope
    self.reverse = reverse
    self.limit = limit
    self.cursor = cursor
    self.keysOnly = keysOnly
    self.consistency = consistency
  }
}

public struct ScanResponse: Hashable, Sendable {
  public var rows: [Row]
  /// Empty when nothing remains.
  public var next: [UInt8]
  public var readStamp: Stamp
  /// Log index applied in the shard when the snapshot was taken: watch from this + 1.
  public var appliedIndex: UInt64
  public init(rows: [Row], next: [UInt8], readStamp: Stamp, appliedIndex: UInt64) {
    self.rows = rows
    self.next = next
    self.readStamp = readStamp
    self.appliedIndex = appliedIndex
  }
}

public struct MultiScanRequest: Hashable, Sendable {
  /// 1…1,000.
  public var scans: [ScanRequest]
  public init(scans: [ScanRequest]) { self.scans = scans }
}

public struct MultiScanResponse: Hashable, Sendable {
  /// In the order asked; what is missing at the end did not fit.
  public var pages: [ScanResponse]
  public init(pages: [ScanResponse]) { self.pages = pages }
}

/// How a scanned row names another partition: `length` bytes of its `rest` from `offset`, optionally inverted bit by bit,
/// written as lower-case hexadecimal, are the name of the partition; `space` and `rest` name the row in it.
public struct JoinRule: Hashable, Sendable {
  public var keyOffset: Int
  public var length: Int
  public var inverted: Bool
  public var space: UInt8
  public var rest: [UInt8]
  public init(keyOffset: Int, length: Int, inverted: Bool, space: UInt8, rest: [UInt8] = []) {
    self.keyOffset = keyOffset
    self.length = length
    self.inverted = inverted
    self.space = space
    self.rest = rest
  }
}

public struct ScanJoinRequest: Hashable, Sendable {
  public var partition: Partition
  public var range: RowRange
  public var reverse: Bool
  public var limit: Int
  public var cursor: [UInt8]
  public var join: JoinRule
  /// Rows of the same partition read in the same snapshot (marks, edges).
  public var alsoGet: [RowKey]
  public var consistency: Consistency
  public init(
    partition: Partition, range: RowRange, reverse: Bool = false, limit: Int, cursor: [UInt8] = [], join: JoinRule,
    alsoGet: [RowKey] = [], consistency: Consistency = .linearizable
  ) {
    self.partition = partition
    self.range = range
    self.reverse = reverse
    self.limit = limit
    self.cursor = cursor
    self.join = join
    self.alsoGet = alsoGet
    self.consistency = consistency
  }
}

public struct ScanJoinResponse: Hashable, Sendable {
  public enum Joined: Hashable, Sendable {
    case found(VersionedValue)
    case absent
    /// Its shard is not led by the node that answered: fetch it with `multiGet`.
    case unresolved
    /// The same row that the scanned row before this one points at.
    case same
  }
  public struct JoinedRow: Hashable, Sendable {
    public var row: Row
    public var joined: Joined
    public init(row: Row, joined: Joined) {
      self.row = row
      self.joined = joined
    }
  }
  public var rows: [JoinedRow]
  public var also: [VersionedValue?]
  public var next: [UInt8]
  public var readStamp: Stamp
  public init(rows: [JoinedRow], also: [VersionedValue?], next: [UInt8], readStamp: Stamp) {
    self.rows = rows
    self.also = also
    self.next = next
    self.readStamp = readStamp
  }
}

// MARK: Writes

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

// MARK: Watch and topology

public struct WatchRequest: Hashable, Sendable {
  public var shard: UInt32
  public var rowClass: RowClass
  public var fromIndex: UInt64
  public init(shard: UInt32, rowClass: RowClass, fromIndex: UInt64) {
    self.shard = shard
    self.rowClass = rowClass
    self.fromIndex = fromIndex
  }
}

public enum WatchEvent: Hashable, Sendable {
  case changed(index: UInt64, partition: Partition, key: RowKey, value: VersionedValue?)
  /// Everything up to this index has been delivered; sent when idle, at least each second.
  case progress(index: UInt64)
  /// The requested index is no longer kept.
  case compacted(oldestIndex: UInt64)
}

public typealias WatchStream = AsyncThrowingStream<WatchEvent, any Error>

/// Which slots lie on which shard, and who leads it.
public struct Topology: Hashable, Sendable {
  public struct Shard: Hashable, Sendable {
    public var id: UInt32
    /// Half-open range of the 4,096 slots.
    public var slotStart: UInt32
    public var slotEnd: UInt32
    public var leader: String
    public var replicas: [String]
    public init(id: UInt32, slotStart: UInt32, slotEnd: UInt32, leader: String, replicas: [String]) {
      self.id = id
      self.slotStart = slotStart
      self.slotEnd = slotEnd
      self.leader = leader
      self.replicas = replicas
    }
  }
  public static let slots: UInt32 = 4_096
  public var mapVersion: UInt64
  public var shards: [Shard]
  public init(mapVersion: UInt64, shards: [Shard]) {
    self.mapVersion = mapVersion
    self.shards = shards
  }
}
