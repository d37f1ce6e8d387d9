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
