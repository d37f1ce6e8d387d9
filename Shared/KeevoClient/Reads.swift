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
