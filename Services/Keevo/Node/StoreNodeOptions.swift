import KeevoClient

/// What a node runs with. Every queue, buffer and page of it has its limit here or in `StoreLimits`.
public struct StoreNodeOptions: Sendable {
  /// Where everything of this node lies: `NODE`, `LOCK`, `log/`, `shard-0/` and so on.
  public var dataDirectory: String
  /// The node's number, from 1; kept in the data, and checked against it.
  public var nodeID: UInt64 = 1
  /// Where clients reach it: what `Topology` names.
  public var address: String = ""
  /// Fixed when the data is made.
  public var shards = 8
  /// Bytes of a log segment.
  public var logSegmentBytes = 64 << 20
  /// Above so many segments, the shards that keep the oldest are flushed.
  public var logSegmentsBeforeFlush = 4
  /// Above so many, writes are refused as overloaded until the state has caught up.
  public var logSegmentsMax = 16
  /// Waiting commands are merged into log entries of at most so many bytes; one greater command has an entry of its own.
  public var mergedEntryBytesMax = 1 << 20
  /// Log entries of a shard on their way to the state at a time.
  public var entriesInFlightMax = 2
  /// Requests of one shard waiting for an entry; further ones are refused as overloaded.
  public var waitingRequestsMax = 8_192
  public var waitingBytesMax = 64 << 20
  /// Threads that apply; a shard is always on the same.
  public var applyThreads = 2
  /// Clients that a shard's request table knows at a time.
  public var requestClientsMax = 16_384
  /// Requests a client may have open in a shard, not acknowledged.
  public var openRequestsMax = 8_192
  /// Changes of a class and shard kept for watchers, and their bytes.
  public var watchChangesMax = 65_536
  public var watchBytesMax = 8 << 20
  /// Streams waiting on a class and shard at a time.
  public var watchersMax = 1_024
  /// Rows and pages read lately, all shards together.
  public var cacheBytes = 64 << 20
  /// RocksDB: shared by all shards.
  public var blockCacheBytes = 256 << 20
  /// RocksDB: one memory table of one shard; there are at most three.
  public var writeBufferBytes = 16 << 20
  /// RocksDB: bytes a second that flushes and compactions may write.
  public var backgroundBytesPerSecond = 128 << 20

  public init(dataDirectory: String) { self.dataDirectory = dataDirectory }

  var logOptions: NodeLog.Options { NodeLog.Options(segmentBytes: logSegmentBytes) }

  var machineLimits: ShardStateMachine.Limits {
    ShardStateMachine.Limits(
      requests: RequestTable.Limits(clientsMax: requestClientsMax, openRequestsMax: openRequestsMax))
  }

  var watchLimits: WatchRing.Limits {
    WatchRing.Limits(changesMax: watchChangesMax, bytesMax: watchBytesMax, watchersMax: watchersMax)
  }

  func check() throws(StoreError) {
    guard (1...256).contains(shards), Int(Topology.slots) % shards == 0 else {
      throw .invalid("\(shards) shards: they must divide the \(Topology.slots) slots, and be at most 256")
    }
    guard nodeID > 0 else { throw .invalid("the node's id must be at least 1") }
    guard logSegmentsBeforeFlush >= 2, logSegmentsMax > logSegmentsBeforeFlush else {
      throw .invalid("the log needs at least 2 segments before a flush, and a greater highest number")
    }
    guard entriesInFlightMax >= 1, waitingRequestsMax >= 1, applyThreads >= 1 else {
      throw .invalid("entries in flight, waiting requests and apply threads must be at least 1")
    }
  }
}
