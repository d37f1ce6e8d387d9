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
